"""Speech: spelled letters, numbers, dates and control words, from 16 kHz samples."""

import csv
import io
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from zoo.codecs.speech import SpeechCodec, measured, normalized
from zoo.datasets import Dataset, Source, prepared
from zoo.errors import DataError
from zoo.files import sha256
from zoo.folders import read_folder
from zoo.recordings import RATE_HZ, Recording, joined, rounded, store, stored
from zoo.tasks import Published, Recipe, Task

STORED = 2  # version of the form that recordings are prepared in
DIGITS = ("ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE")
STRING = 6  # digits of a piece that training sees, at most
VOCABULARY = " 'ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SPEED = 0.12  # speech is made slower or faster by up to so much, and lower or higher
GAIN_DB = (-12.0, 8.0)
NOISE, NOISE_DB = 0.6, (8.0, 40.0)  # share of pieces with noise, and how far it is below the speech
AGAIN = 0.15  # share of longer pieces that another one follows
PAUSE_S = 0.3  # longest pause between two


def _members(path: Path, wanted: set[str]) -> Iterator[tuple[str, np.ndarray, int]]:
    """Read the sound files of a tar archive: name, samples int16, rate."""
    import soundfile

    with tarfile.open(path) as archive:
        for member in archive:
            if member.name in wanted and (stream := archive.extractfile(member)):
                yield (member.name, *soundfile.read(io.BytesIO(stream.read()), dtype="int16"))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def _archive(manifest: Path, archive: str, recording: Callable[[dict[str, str]], tuple[str, Recording]]) -> dict:
    """Read a manifest and the sound files it names, as 16 kHz samples that are kept in the cache."""
    import soxr

    rows = {row["path"]: row for row in _rows(manifest)}

    def build(folder: Path) -> None:
        def each() -> Iterator[tuple[str, Recording]]:
            for name, samples, rate_hz in _members(manifest.parent / archive, set(rows)):
                split, one = recording(rows[name])
                if rate_hz != RATE_HZ:
                    samples = rounded(soxr.resample(samples.astype(np.float32) / 32768, rate_hz, RATE_HZ))
                yield split, replace(one, samples=samples)

        store(each(), folder)

    return stored(prepared(f"speech-{STORED}-{sha256(manifest)}", build))


def _an4(row: dict[str, str]) -> tuple[str, Recording]:
    return row["split"], Recording(None, normalized(row["transcript"]), row["speaker"], "an4", row["utt_id"])


def _fsdd(row: dict[str, str]) -> tuple[str, Recording]:
    return row["official_split"], Recording(None, DIGITS[int(row["digit"])], row["speaker"], "fsdd", row["id"])


AN4 = Dataset(
    name="CMU AN4",
    sources=(
        Source(
            "speech/an4_manifest.tsv",
            "7d974ac323eb3884d5af00c26d73eb163584f0c76042330c3ec3912d7189b65c",
            partial(_archive, archive="an4_flac16k.tar", recording=_an4),
            beside={"an4_flac16k.tar": "c1b4b6f07de8c5c3155bf17287655635cd599c64c6391738cd8ddddc0be947ad"},
            home="http://www.speech.cs.cmu.edu/databases/an4/",
        ),
    ),
    licence="AN4 License Terms, like BSD: free for any purpose (Copyright 1991-2005 Carnegie Mellon University)",
    citation="Acero & Stern, Environmental Robustness in Automatic Speech Recognition, ICASSP 1990",
)

FSDD = Dataset(
    name="Free Spoken Digit Dataset",
    sources=(
        Source(
            "speech/fsdd_manifest.tsv",
            "01cdc484892b2a47bd98863c0a201727a9173762da048c980674e35d20df3841",
            partial(_archive, archive="fsdd_flac8k.tar", recording=_fsdd),
            beside={"fsdd_flac8k.tar": "06911cb7fdf6d80c86aef1ec09e6786e400cdc543c66fcf5087fc22ba704149b"},
            home="https://github.com/Jakobovski/free-spoken-digit-dataset",
        ),
    ),
    licence="CC BY-SA 4.0",
    citation="Jackson et al., Free Spoken Digit Dataset (github.com/Jakobovski/free-spoken-digit-dataset)",
)


def strings(digits: Sequence[Recording]) -> list[Recording]:
    """Put recordings of single words into pieces of several; training draws others in every epoch."""
    order = np.random.default_rng(0).permutation(len(digits))
    groups = [order[i : i + STRING] for i in range(0, len(order), STRING)]
    return [joined([digits[i] for i in group]) for group in groups]


def prepare(an4: dict[str, Any], fsdd: dict[str, Any]) -> dict[str, list[Recording]]:
    """Split: AN4's official test part and FSDD's (takes 0 to 4); validation speakers of AN4 are heard in no other."""
    return {
        "train": an4["train"] + strings(fsdd["train"]),
        "valid": an4["valid"],
        "test": an4["test"] + fsdd["test"],
    }


def make_codec(pieces: Sequence[Recording], masked: bool = False) -> SpeechCodec:
    """Build a codec with the characters of the texts, and the mean and deviation of their features."""
    pieces = list(pieces)
    characters = sorted(set("".join(piece.text for piece in pieces)))
    if not characters:
        raise DataError("the recordings have no text: say what is said in them")
    return SpeechCodec("".join(characters), *measured(pieces), whole=masked)


def changed(pieces: Sequence[Recording], strength: float = 1.0) -> Callable[[int, np.random.Generator], Recording]:
    """Augment: other words one behind the other, speed and pitch, gain, noise, hidden features.

    Args:
        pieces: Of the training part.
        strength: Of all but the first; 1 is usual, 0 nothing.

    Returns:
        Function of a piece's index and a random generator, which gives that piece changed.
    """
    words = [part for piece in pieces for part in piece.parts]
    longer = [index for index, piece in enumerate(pieces) if not piece.parts]

    def one(index: int, rng: np.random.Generator) -> Recording:
        piece, parts = pieces[index], [pieces[index]]
        if piece.parts:
            parts = [words[i] for i in rng.integers(0, len(words), rng.integers(1, STRING + 1))]
        elif rng.random() < AGAIN:
            parts.append(pieces[longer[int(rng.integers(0, len(longer)))]])
        waves = [distorted(part.wave, rng, strength) for part in parts]
        pauses = [np.zeros(int(rng.uniform(0, PAUSE_S) * RATE_HZ), np.float32) for _ in range(len(parts) + 1)]
        line = np.concatenate([wave for pair in zip(pauses, waves, strict=False) for wave in pair] + pauses[-1:])
        text = " ".join(part.text for part in parts if part.text)
        masked = int(rng.integers(1 << 31)), strength
        return replace(piece, samples=noisy(line, rng, strength), text=text, parts=(), masked=masked)

    return one


def distorted(wave: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Change speed, with the pitch, and gain."""
    import soxr

    factor, gain_db = rng.uniform(1 - SPEED * strength, 1 + SPEED * strength), rng.uniform(*GAIN_DB) * strength
    return soxr.resample(wave, RATE_HZ, RATE_HZ / factor, quality="LQ") * np.float32(10 ** (gain_db / 20))


def noisy(wave: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Add noise of a random colour to some."""
    from scipy.signal import lfilter

    level = float(np.sqrt(np.mean(np.square(wave)))) if len(wave) else 0.0
    if rng.random() >= NOISE * strength or not level:
        return wave
    noise = lfilter([1.0], [1.0, -rng.uniform(-0.3, 0.97)], rng.standard_normal(len(wave), np.float32))
    noise *= level * 10 ** (-rng.uniform(*NOISE_DB) / 20) / max(float(np.sqrt(np.mean(np.square(noise)))), 1e-9)
    return wave + noise.astype(np.float32)


HEARD = (
    "It has heard 36 minutes of 62 Americans who spell, read numbers and dates and say control words, recorded about "
    "1991, and 20 minutes of digits by 6 men: it is no recogniser of free speech. Words it has not heard it spells as "
    "they sound, letters that sound alike (B, D, E, P, T) it mistakes most. It knows the letters A to Z; fine-tuning "
    "adds others."
)
ONWARD = "It only sees the past, and tells a symbol some tenths of a second after its sound has begun."
PUBLISHED = tuple(
    Published(name, metric, value, "not given", f"{source}; trained on all 948 training recordings, where ours had 793")
    for name, metric, value, source in (
        ("DeepSpeech2 with CTC", "an4_cer", 3.0, "a public repository's README"),
        ("DeepSpeech2 with CTC", "an4_wer", 5.1, "a public repository's README"),
        ("encoder-decoder", "an4_cer", 5.7, "a public repository's README"),
        ("encoder-decoder", "an4_wer", 7.5, "a public repository's README"),
        ("CNN with CTC", "an4_cer", 9.8, "a public repository's README"),
        ("CNN with CTC", "an4_wer", 16.5, "a public repository's README"),
        ("VGG-BLSTMP, CTC alone", "an4_cer", 12.6, "ESPnet's AN4 recipe"),
    )
)

RECIPE = Recipe(
    units=480, embedding=192, filters=24, dropout_in=0.05, dropout_out=0.2, variational=True,
    epochs=40, patience=40, batch=12, window=0, learning_rate=2.5e-3, warmup=200, weight_decay=0.02, ema=0.997,
)  # fmt: skip

TASK = Task(
    name="speech",
    kind="transcribe",
    summary="spelled letters, numbers, dates and control words",
    datasets=(AN4, FSDD),
    prepare=prepare,
    read_folder=read_folder,
    make_codec=make_codec,
    read_codec=SpeechCodec.from_json,
    augment=changed,
    default_codec=lambda masked=False: SpeechCodec(VOCABULARY, whole=masked),
    unit="symbol",
    protocols={},
    quantized_loss=(0.0, 0.5),
    published=PUBLISHED,
    splits="train is AN4's training part but for 7 speakers, valid, who chose the epoch (91 recordings), and "
    "FSDD's takes 5 to 49; test is AN4's official test part (130 recordings, 10 other speakers) and FSDD's takes 0 to "
    "4 (300, of the 6 speakers of its training part).",
    limits={
        "": f"{HEARD} {ONWARD}",
        "bilstm": f"{HEARD} It reads a recording from both ends and cannot stream.",
    },
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=384, layers=2, dropout_out=0.15, learning_rate=7e-4, epochs=60),
        "gru": replace(
            RECIPE,
            units=320,
            layers=2,
            dropout_in=0.1,
            dropout_out=0.3,
            dropout_recurrent=0.1,
            batch=24,
            learning_rate=2e-3,
            warmup=150,
            ema=0.995,
        ),
        "bilstm": replace(RECIPE, units=176),
        "stacked_lstm": replace(RECIPE, units=280, layers=2, epochs=26),
    },
)
