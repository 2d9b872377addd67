"""A user's own recordings: sound files with a list of what is said in them, every bad row told by its line."""

import csv
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.core import text_files
from zoo.core.datasets import prepared
from zoo.core.files import exists, regular, sha256
from zoo.core.mel import STEP
from zoo.errors import DataError, ZooError
from zoo.media import RATE_HZ, audio
from zoo.media.samples import rounded
from zoo.media.source import reason
from zoo.tasks.speech.recordings import HEAD, TAIL, Recording, normalized, steps_of, store, stored

LIST = "transcripts.tsv"
COLUMNS = ("file", "text", "speaker")
FORM = 3  # version of the form that recordings are kept in
LONGEST_S = 40.0
EVERY = 10  # speaker, or recording, that is for validation
HELD = 0.25  # share of the recordings that speakers for validation have, at most


class Row(NamedTuple):
    """A row of a list: where it stands, the sound file, what is said in it, and by whom."""

    where: str
    path: Path
    text: str
    speaker: str


def read_folder(folder: Path) -> dict[str, list[Recording]]:
    """Read a folder of recordings: `transcripts.tsv` beside the sound files, or the layout of LibriSpeech.

    `transcripts.tsv` has the columns file, text and, if it is known, speaker, divided by tabs; a first row with these
    names may stand above. LibriSpeech's lists are `*.trans.txt`: name of a .flac file beside it, a space, the text. Bad
    rows are told, by line, and left out. For validation are the speakers with the fewest recordings, together a tenth
    of all or somewhat more; where speakers are not known, or too few, the first recording and every tenth after it.

    Raises:
        DataError: There is no such folder or list, or fewer than two good rows.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: give one with {LIST} and sound files, or in LibriSpeech's layout")
    lists = [folder / LIST] if exists(folder / LIST) else sorted(folder.rglob("*.trans.txt"))
    if not lists:
        raise DataError(f"{folder} has no {LIST} (file, text, speaker; divided by tabs) and no *.trans.txt: write one")
    rows, bad = _checked([found for path in lists for found in _rows(path)])
    unheard: list[str] = []
    faults: list[str] = []
    digests = "".join(f"{row.where} {row.path} {sha256(row.path)} {row.text}\t{row.speaker}\n" for row in rows)

    def build(scratch: Path) -> None:
        store(_recordings(rows, unheard, faults), scratch)
        for name, lines in (("bad.txt", unheard), ("faults.txt", faults)):
            (scratch / name).write_text("\n".join(lines), encoding="utf-8")

    kept = prepared(f"recordings-{FORM}-{sha256(digests.encode())}", build)
    bad += _lines(kept / "bad.txt")
    for line in [f"left out: {line}" for line in bad] + _lines(kept / "faults.txt"):
        warnings.warn(line, stacklevel=2)
    good = stored(kept).get("all", [])
    if len(good) < 2:
        raise DataError(
            f"{folder} has {len(good)} good recordings, {len(bad)} bad: give at least 2 (one is for validation)"
        )
    return _divided(good)


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line]


def _divided(good: Sequence[Recording]) -> dict[str, list[Recording]]:
    """Keep for validation a tenth or more, of speakers who are heard in no training, or else every tenth recording."""
    counts = Counter(one.speaker for one in good)
    held: set[str] = set()
    for speaker, count in sorted(counts.items(), key=lambda pair: (pair[1], pair[0])):
        taken = sum(counts[one] for one in held)
        if "" not in counts and taken * EVERY < len(good) and taken + count <= HELD * len(good):
            held.add(speaker)
    apart = [one.speaker in held if held else i % EVERY == 0 for i, one in enumerate(good)]
    return {
        "train": [one for one, valid in zip(good, apart, strict=True) if not valid],
        "valid": [one for one, valid in zip(good, apart, strict=True) if valid],
    }


def _rows(path: Path) -> Iterator[Row | str]:
    """Read a list, row by row; what is wrong with one, instead of it."""
    for number, line in enumerate(text_files.read(path).split("\n"), 1):
        where = f"{path}:{number}"
        if not line.strip() or (number == 1 and tuple(line.lower().split("\t"))[:2] == COLUMNS[:2]):
            continue
        if path.name != LIST:
            name, _, text = line.partition(" ")
            yield Row(where, path.with_name(f"{name}.flac"), text, re.split("-", name)[0])
            continue
        fields = next(csv.reader([line], delimiter="\t", quoting=csv.QUOTE_NONE))
        if len(fields) not in (2, 3):
            yield f"{where}: {len(fields)} columns; give file, text and, if it is known, speaker, divided by tabs"
            continue
        yield Row(where, path.parent / fields[0], fields[1], fields[2].strip() if len(fields) > 2 else "")


def _checked(found: Sequence[Row | str]) -> tuple[list[Row], list[str]]:
    """Tell good rows from bad ones, as far as that can be seen without hearing."""
    rows: list[Row] = []
    bad, seen = [], set()
    for row in found:
        if isinstance(row, str):
            bad.append(row)
        elif not _readable(row.path):
            bad.append(f"{row.where}: {row.path} does not exist, is no regular file, or cannot be read")
        elif row.path in seen:
            bad.append(f"{row.where}: {row.path} is listed before")
        elif not (text := normalized(row.text)):
            bad.append(f"{row.where}: no text; write what is said, in letters")
        else:
            seen.add(row.path)
            rows.append(row._replace(text=text))
    return rows, bad


def _readable(path: Path) -> bool:
    try:
        with regular(path):
            return True
    except DataError:  # a folder, a pipe, a name too long, one with a zero
        return False


def _recordings(rows: Sequence[Row], bad: list[str], faults: list[str]) -> Iterator[tuple[str, Recording]]:
    """Hear good rows; add those that turn out to be bad to the others, and damage in good ones to the faults."""
    for row in rows:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                wave = _heard(row.path)
            except (ZooError, OSError, MemoryError) as error:
                bad.append(f"{row.where}: {reason(error)}")
                continue
        needed = len(row.text) + sum(a == b for a, b in zip(row.text, row.text[1:], strict=False))
        if len(wave) > LONGEST_S * RATE_HZ:
            bad.append(f"{row.where}: longer than {LONGEST_S:.0f} s; cut it into parts")
        elif steps_of(len(wave)) - HEAD - TAIL < needed:
            bad.append(
                f"{row.where}: {len(wave) / RATE_HZ:.2f} s are too short for {len(row.text)} characters "
                f"({needed * STEP / RATE_HZ:.2f} s at least)"
            )
        else:
            faults += [f"{row.where}: {' '.join(str(one.message).split())}" for one in told]
            yield "all", Recording(rounded(wave), row.text, row.speaker, name=row.path.name)


def _heard(path: Path) -> np.ndarray:
    """Read the samples of a recording, of one that is too long a few too many."""
    found, seconds = [], 0.0
    for block in audio.blocks(path):
        found.append(block)
        seconds += len(block) / RATE_HZ
        if seconds > LONGEST_S:
            break
    return np.concatenate(found)
