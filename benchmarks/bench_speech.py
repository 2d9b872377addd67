"""Speech: what the beam is worth, errors by letter and speaker, delay, real-time factors, speakers never heard.

    python benchmarks/bench_speech.py                   # all shipped models, what they hear; then the tables of README
    python benchmarks/bench_speech.py gru_speech        # one of them
    python benchmarks/bench_speech.py --speed           # how fast they are; with nothing else running
    python benchmarks/bench_speech.py --unheard gru     # train on five of FSDD's speakers, test on the sixth, six times
    python benchmarks/bench_speech.py --show            # the tables, from what was measured before

Writes `speech.json`, and `errors.json` into the folder of each model's weights, which `benchmarks/bench_cards.py` puts
on its page. Real-time factors are those of processes with one thread, over every fifth recording of AN4's test part.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from rapidfuzz.distance import Levenshtein
from tabulate import tabulate

import zoo
from zoo import export
from zoo.core.files import write_text
from zoo.core.task import split_of
from zoo.media.audio import RATE_HZ
from zoo.models.sampling import log_softmax
from zoo.presets.catalog import find
from zoo.presets.page import ERRORS
from zoo.tasks.speech import datasets, decoding, recordings
from zoo.tasks.speech.model import rates
from zoo.tasks.speech.recordings import HEAD
from zoo.tasks.speech.task import TASK
from zoo.tasks.speech.transcript import STEP_S, written

HERE = Path(__file__).parent
RESULTS = HERE / "speech.json"
BEAM, SHOWN_PAIRS = 16, 15
UNHEARD = {"units": 160, "layers": 1, "epochs": 30, "batch": 6, "warmup": 60, "augment": 0.5, "dropout_out": 0.2}
"""Settings for so little data: a smaller network, and smaller batches."""
VALID = "_5"  # take of each speaker that is heard which chooses the epoch
ALIKE = "BCDEGPTVZ"  # letters that rhyme with E
ALIKE_TITLE = "Spelled letters that sound alike, in the test part: rows are said, columns heard."
SPEAKER_HEADS = ["speaker", "corpus", "recordings", "CER %", "WER %"]
FOLDER, COPIES = "bilstm_speech", 4  # whose command is timed on a folder, and how often each recording is in it
KINDS = {"ONNX": ("m.onnx", None), "ONNX int8": ("q.onnx", "int8"), "TFLite": ("m.tflite", None)}
HEADS = (
    (
        "model",
        "parameters",
        "AN4 CER %",
        "AN4 WER %",
        f"beam {BEAM}: CER / WER",
        "and known words: CER / WER",
        "FSDD, exact",
    ),
    ("model", "Keras", "ONNX", "ONNX int8", "TFLite", "first symbol, s", "last symbol, s"),
    ("speaker never heard", "digits", "exact", "CER %"),
)
ONE = {f"{name}_NUM_THREADS": "1" for name in ("TF_INTRAOP", "TF_INTEROP", "OMP")} | {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


def training_words():
    """List the words of the training part."""
    return sorted({word for piece in TASK.splits_of(False)["train"] for word in piece.text.split()})


def decoded(model, pieces, words):
    """Measure greedy decoding, a beam, and a beam over the training words."""
    rows = [np.exp(log_softmax(logits)) for logits in model.logits(pieces)]
    vocabulary, lexicon = model.codec.vocabulary, decoding.Lexicon(words)
    ways = {
        "greedy": [written(decoding.greedy(row), vocabulary) for row in rows],
        "beam": [decoding.beam(row, vocabulary, BEAM)[0][0].strip() for row in rows],
        "words": [decoding.beam(row, vocabulary, BEAM, lexicon)[0][0].strip() for row in rows],
    }
    return {way: rates(pieces, [" ".join(text.split()) for text in texts]) for way, texts in ways.items()}, ways[
        "greedy"
    ]


def letters(pieces, texts):
    """Count which spelled letter was heard as which; "" stands for nothing, or for several."""
    counts = Counter()
    for piece, text in zip(pieces, texts, strict=True):
        said, heard = piece.text.split(), text.split()
        for tag, i, j, k, m in Levenshtein.opcodes(said, heard).as_list() if said or heard else ():
            for n in range(i, j):
                other = said[n] if tag == "equal" else heard[k + n - i] if tag == "replace" and k + n - i < m else ""
                if len(said[n]) == 1:
                    counts[said[n], other if len(other) == 1 else ""] += 1
    return counts


def errors(pieces, texts):
    """Lay out a confusion table of letters that sound alike, the commonest confusions, and the errors by speaker."""
    counts = letters(pieces, texts)
    heads = ["said", *ALIKE, "else", "share right"]
    rows = []
    for said in ALIKE:
        mine = {heard: n for (one, heard), n in counts.items() if one == said}
        total = sum(mine.values())
        shown = [str(mine.get(heard, 0) or "") for heard in ALIKE]
        other = sum(n for heard, n in mine.items() if heard not in ALIKE or not heard)
        rows.append([said, *shown, str(other or ""), f"{100 * mine.get(said, 0) / max(total, 1):.0f} % of {total}"])
    pairs = Counter({pair: n for pair, n in counts.items() if pair[0] != pair[1] and pair[1]})
    common = [[f"{a} as {b}", str(n)] for (a, b), n in sorted(pairs.items(), key=lambda p: (-p[1], p[0]))[:SHOWN_PAIRS]]
    speakers = []
    for speaker in sorted({piece.speaker for piece in pieces}):
        some = [(p, t) for p, t in zip(pieces, texts, strict=True) if p.speaker == speaker]
        found = rates(*map(list, zip(*some, strict=True)))
        corpus = some[0][0].corpus
        speakers.append(
            [speaker, corpus.upper(), str(len(some)), f"{found[f'{corpus}_cer']:.1f}", f"{found[f'{corpus}_wer']:.1f}"]
        )
    return [
        {"title": ALIKE_TITLE, "heads": heads, "rows": rows},
        {"title": "The commonest letters that were heard as others.", "heads": ["letter", "times"], "rows": common},
        {"title": "Speaker by speaker.", "heads": SPEAKER_HEADS, "rows": speakers},
    ]  # fmt: skip


def delays(model, pieces):
    """Measure when a digit's first and last symbols are told after its sound begins and ends: FSDD is cut to it."""
    first, last = [], []
    for piece, logits in zip(pieces, model.logits(pieces), strict=True):
        spells = decoding.greedy(logits)
        if written(spells, model.codec.vocabulary) == piece.text:
            first.append((spells[0].start - HEAD + 1) * STEP_S)
            last.append((spells[-1].start - HEAD + 1) * STEP_S - len(piece.samples) / RATE_HZ)
    told = {"first": first, "last": last}
    return {name: {"median": median(s), "p95": float(np.percentile(s, 95))} for name, s in told.items()}


TIMER = """
import sys, time, json, statistics
import numpy as np
import zoo
from zoo import export
from zoo.core.task import find, split_of
pieces = [p for p in split_of(find("speech"), "test", False) if p.corpus == "an4"][::5]
model = export.load(sys.argv[1]) if sys.argv[1].endswith(("onnx", "tflite")) else zoo.load(sys.argv[1], engine="keras")
waves = [p.wave for p in pieces]
seconds = sum(map(len, waves)) / 16000
for wave in waves: model.transcribe(wave)
def took():
    began = time.perf_counter()
    for wave in waves: model.transcribe(wave)
    return (time.perf_counter() - began) / seconds
print(json.dumps(statistics.median(took() for _ in range(5))))
"""


def real_time(name):
    """Measure real-time factors on one thread: Keras, ONNX, ONNX int8, TFLite."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        model = zoo.load(name)
        paths = {"Keras": name}
        for label, (file, quantize) in KINDS.items():
            paths[label] = f"{folder}/{file}"
            export.save(model, paths[label], quantize=quantize)
        for label, path in paths.items():
            run = [sys.executable, "-c", TIMER, path]
            done = subprocess.run(run, env=os.environ | ONE, capture_output=True, text=True, check=True)
            found[label] = json.loads(done.stdout)
    return found


def busy(name):
    """Measure how many cores `zoo transcribe FOLDER` keeps busy once it has started, and its real-time factor.

    What the start takes is what one recording takes.
    """
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        one, many = Path(folder, "one"), Path(folder, "many")
        one.mkdir(), many.mkdir()
        pieces = [p for p in TASK.splits_of(False)["test"] if p.corpus == "an4"]
        for i in range(COPIES):
            for piece in pieces:
                soundfile.write(many / f"{piece.name}-{i}.flac", np.asarray(piece.samples), RATE_HZ)
        soundfile.write(one / "one.flac", np.asarray(pieces[0].samples), RATE_HZ)
        start, whole = (_cost(path, name) for path in (one, many))
    used, seconds = (whole[key] - start[key] for key in ("used", "seconds"))
    return {"cores": used / seconds, "files": COPIES * len(pieces), "seconds": seconds, "told": whole["told"]}


def _cost(folder, name):
    """Run `zoo transcribe FOLDER`; give processor seconds, seconds, and what it tells in the end."""
    code = "import sys; from zoo.cli.main import main; main(['transcribe', *sys.argv[1:]])"
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    run = [sys.executable, "-c", code, name, str(folder)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"used": used, "seconds": seconds, "told": done.stderr.strip().splitlines()[-1]}


def unheard(architecture, speaker, folder):
    """Train on all speakers of FSDD but one, and transcribe the one."""
    from zoo.training.run import train

    task = replace(TASK, datasets=(datasets.FSDD,), prepare=lambda found: found)
    fsdd = [piece for pieces in task.splits_of(False).values() for piece in pieces]
    others = [piece for piece in fsdd if piece.speaker != speaker]
    splits = {
        "train": recordings.strings([piece for piece in others if not piece.name.endswith(VALID)]),
        "valid": [piece for piece in others if piece.name.endswith(VALID)],
        "test": [piece for piece in fsdd if piece.speaker == speaker],
    }
    task = replace(task, prepare=lambda _: splits)
    entry = _Entry(f"{architecture}_speech", zoo.ARCHITECTURES[architecture], task)
    recipe = replace(TASK.recipe(architecture), **UNHEARD)
    figures = train(entry, recipe, Path(folder) / speaker, "", verbose=False).metrics["test"]
    return {"speaker": speaker, "recordings": len(splits["test"]), **figures}


class _Entry:
    """An entry of the catalog whose task has other data."""

    def __init__(self, name, architecture, task):
        self.name, self.architecture, self.task = name, architecture, task


def measure(name):
    """Measure one shipped model; write its tables of errors."""
    model, pieces = zoo.load(name), split_of(TASK, "test", False)
    ways, texts = decoded(model, pieces, training_words())
    write_text(find(name).folder / ERRORS, json.dumps({"tables": errors(pieces, texts)}, indent=1) + "\n")
    digits = [piece for piece in pieces if piece.corpus == "fsdd"]
    return {
        "model": name,
        "parameters": model.card.parameters,
        **ways,
        "delay": None if model.codec.bidirectional else delays(model, digits),
    }


def _delay(found):
    """Show the medians of the delays of first and last symbols, and their 95th percentiles."""
    return [f"{one['median']:.2f} ({one['p95']:.2f})" for one in found.values()] if found else ["", ""]


def tables(found):
    """Lay out the tables of README: accuracy, speed, speakers never heard."""
    first = [
        [
            row["model"], f"{row['parameters']:,}", *(f"{row['greedy'][f'an4_{m}']:.1f}" for m in ("cer", "wer")),
            *(f"{row[way]['an4_cer']:.1f} / {row[way]['an4_wer']:.1f}" for way in ("beam", "words")),
            f"{row['greedy']['fsdd_exact']:.2f} %",
        ]
        for row in found["rows"]
    ]  # fmt: skip
    second = [
        [row["model"], *(f"{row['real_time'][key]:.4f}" for key in ("Keras", *KINDS)), *_delay(row["delay"])]
        for row in found["rows"]
        if "real_time" in row
    ]
    third = [
        [row["speaker"], str(row["recordings"]), f"{row['fsdd_exact']:.1f} %", f"{row['fsdd_cer']:.1f}"]
        for row in found.get("unheard", {}).get("rows", [])
    ]
    laid = zip((first, second, third), HEADS, strict=True)
    return [tabulate(rows, heads, "github", disable_numparse=True) for rows, heads in laid if rows]


@click.command()
@click.argument("asked", nargs=-1, metavar="[MODEL]...")
@click.option("--speed", is_flag=True, help="Measure how fast they are instead of what they hear.")
@click.option("--unheard", "architecture", type=click.Choice(list(zoo.ARCHITECTURES)), help="Leave out each speaker.")
@click.option("--show", is_flag=True, help="Only lay out what was measured before.")
def main(asked, speed, architecture, show):
    """Measure, keep what was measured, and lay it out."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"rows": []}
    shipped = zoo.list_models("*_speech", pretrained=True)
    if architecture:
        speakers = sorted({part.speaker for piece in TASK.splits_of(False)["train"] for part in piece.parts})
        with tempfile.TemporaryDirectory() as folder:
            rows = [unheard(architecture, speaker, folder) for speaker in speakers]
        found["unheard"] = {"architecture": architecture, "settings": UNHEARD, "rows": rows}
    elif not show:
        known = {row["model"]: row for row in found["rows"]}
        for name in asked or shipped:
            known[name] = known.get(name, {}) | ({"real_time": real_time(name)} if speed else measure(name))
            found["rows"] = [known[one] for one in shipped if one in known]
            write_text(RESULTS, json.dumps(found, indent=1) + "\n")
        if speed:
            found["folder"] = busy(FOLDER)
    write_text(RESULTS, json.dumps(found, indent=1) + "\n")
    for table in tables(found):
        print(table, end="\n\n")


if __name__ == "__main__":
    main()
