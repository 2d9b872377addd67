"""A wake word: how many are missed at one false alarm an hour, by a network of gru_keyword's size.

    python benchmarks/bench_wake_word.py           # trains, writes wake_word.json, prints the table (six minutes)
    python benchmarks/bench_wake_word.py --show    # prints the table of wake_word.json

Reads ZOO_DATA. The word is "computer", of a crowd-sourced set (Picovoice's wake-word benchmark, Apache-2.0) whose
speakers are not labelled: they may be in training and test. Trained on are its training clips, as unknown words the
other wake words and every second clip of Speech Commands' training speakers, their silence too. Measured are the
misses of test clips, each in two seconds of silence, alone and with noise 10 dB below it; and false alarms in an hour
that training has not heard: all of AN4 (spelled letters and commands, 79 speakers), words and silence of Speech
Commands' other speakers. The threshold is the lowest with at most one false alarm an hour.
"""

import bisect
import io
import json
import os
import tarfile
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
import soundfile
from tabulate import tabulate

import zoo
from zoo.core.files import write_text
from zoo.core.task import find
from zoo.media import RATE_HZ, archive
from zoo.presets.catalog import catalog
from zoo.tasks.keyword.clips import SILENCE, UNKNOWN
from zoo.tasks.keyword.noise import Noise, level

RESULTS, COMMAND = Path(__file__).with_name("wake_word.json"), "python benchmarks/bench_wake_word.py"
WORD, MODEL = "computer", "gru_keyword"
SETS = {"an4": ["speech/an4_flac16k.tar"], "wake_words": ["speech/wake_words_opus16k_1.tar"]}
SETTINGS = {"epochs": 60, "patience": 60, "label_smoothing": 0.0}  # probabilities near 1 shall differ
THRESHOLDS = tuple((1 - np.geomspace(0.5, 1e-5, 100)).round(6).tolist())
AROUND_S, NOISE_DB, MOST_AN_HOUR = 1.0, 10.0, 1.0


def clips(name, chosen):
    """Yield the rows of a manifest that are chosen, with their samples `(samples,)` float32."""
    root = Path(os.environ["ZOO_DATA"])
    rows = {row["path"]: row for row in archive.rows(root / f"speech/{name}_manifest.tsv") if chosen(row)}
    for tar in SETS[name]:
        with tarfile.open(root / tar) as packed:
            for member in packed:
                if member.name in rows:
                    wave, _ = soundfile.read(io.BytesIO(packed.extractfile(member).read()), dtype="float32")
                    yield rows[member.name], wave


def fill(folder, commands):
    """Write what is trained on: a folder of words."""
    for row, wave in clips("wake_words", lambda row: row["split"] in ("train", "valid")):
        place = folder / (WORD if row["keyword"] == WORD else UNKNOWN)
        place.mkdir(exist_ok=True)
        soundfile.write(place / f"{row['keyword']}_{row['clip']}.flac", wave, RATE_HZ)
    for i, piece in enumerate(commands["train"][::2]):
        place = folder / (SILENCE if piece.word == SILENCE else UNKNOWN)
        place.mkdir(exist_ok=True)
        soundfile.write(place / f"commands_{i}.flac", piece.wave, RATE_HZ)


def unheard(commands):
    """Return sound without the word, in seconds and as samples: what a false alarm is counted in."""
    pause = np.zeros(RATE_HZ // 2, np.float32)
    speech = [wave for _, wave in clips("an4", lambda _: True)]
    words = [piece.wave for split in ("valid", "test") for piece in commands[split]]
    return {
        "AN4": np.concatenate([part for wave in speech for part in (wave, pause)]),
        "Speech Commands": np.concatenate(words),
    }


def spotted(model, wave, threshold):
    """Count how often the word is spotted."""
    return len(model.spot(wave, min_confidence=threshold, words=[WORD]).words)


def missed(model, waves, threshold):
    """Return the percentage of clips in which the word is not spotted."""
    around = np.zeros(int(AROUND_S * RATE_HZ), np.float32)
    found = [spotted(model, np.concatenate([around, wave, around]), threshold) for wave in waves]
    return 100 * float(np.mean([not count for count in found]))


def measure():
    """Train, find the threshold, and count misses and false alarms."""
    commands = find("keyword").splits_of()
    start = MODEL if catalog()[MODEL].pretrained else None
    with tempfile.TemporaryDirectory() as folder:
        (data := Path(folder) / "words").mkdir()
        fill(data, commands)
        card = zoo.train(MODEL, out=Path(folder) / "run", data=data, start=start, **SETTINGS)
        model = zoo.load(Path(folder) / "run/preset")
    sounds = unheard(commands)
    hours = sum(map(len, sounds.values())) / RATE_HZ / 3600
    rng, noise = np.random.default_rng(0), Noise(commands["test"])
    clean = [wave for _, wave in clips("wake_words", lambda row: (row["keyword"], row["split"]) == (WORD, "test"))]
    loud = np.float32(10 ** (-NOISE_DB / 20))
    noisy = [wave + loud * level(wave) * noise(rng, len(wave)) for wave in clean]
    others = [wave for _, wave in clips("wake_words", lambda row: row["keyword"] != WORD and row["split"] == "test")]
    alarms = lambda threshold: {name: spotted(model, wave, threshold) for name, wave in sounds.items()}  # noqa: E731
    rare = lambda threshold: sum(alarms(threshold).values()) <= MOST_AN_HOUR * hours  # noqa: E731
    at = min(bisect.bisect_left(THRESHOLDS, True, key=rare), len(THRESHOLDS) - 1)  # there are fewer, the higher it is
    threshold = THRESHOLDS[at]
    return {
        "command": COMMAND, "word": WORD, "start": start, "parameters": card.parameters, "threshold": threshold,
        "hours": hours, "alarms": alarms(threshold), "clips": len(clean), "missed": missed(model, clean, threshold),
        "missed_in_noise": missed(model, noisy, threshold), "other_clips": len(others),
        "other_wake_words": 100 - missed(model, others, threshold),
    }  # fmt: skip


def tables(results):
    """Lay out the results."""
    alarms = f"{sum(results['alarms'].values())} in {results['hours']:.2f} hours"
    shown = [[
        results["word"], f"{results['parameters']:,}", f"{results['threshold']:g}", alarms,
        *(f"{results[key]:.1f} %" for key in ("missed", "missed_in_noise", "other_wake_words")),
    ]]  # fmt: skip
    heads = ("word", "parameters", "threshold", "false alarms", "missed", "missed in noise", "other wake words spotted")
    return [tabulate(shown, heads, "github", disable_numparse=True)]


@click.command()
@click.option("--show", is_flag=True, help="Print the table of wake_word.json.")
def main(show):
    """Measure, or show what was measured."""
    results = json.loads(RESULTS.read_text()) if show else measure()
    if not show:
        write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    print(*tables(results), sep="\n\n")


if __name__ == "__main__":
    main()
