"""A user's own clips: a folder of sound files for each word, and background noise; bad files are told."""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.datasets import Source, fetch, prepared
from zoo.core.files import exists, sha256
from zoo.errors import DataError
from zoo.media.samples import rounded
from zoo.tasks.keyword.clips import CLIP, SILENCE, Clip, one_second, store, stored
from zoo.tasks.keyword.layout import NOISE, Place, per_word, placed, speaker_of
from zoo.tasks.keyword.sounds import LONGEST_NOISE_S, LONGEST_S, ArchivedSounds, Sounds

FORM = 1  # version of the form that clips are kept in
PARTS = {"valid": 0.1, "test": 0.1}  # of background noise, from its end on: the splits but train


def _unread(_path: Path) -> dict[str, Any]:
    """Read nothing: the archive is read where it lies."""
    return {}


CORPUS = "speech_commands_v0.02"
"""Name of a folder that is downloaded where it does not exist: the whole data set."""
WHOLE = Source(
    f"speech/{CORPUS}.tar.gz",
    "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
    _unread,
    url=f"http://download.tensorflow.org/data/{CORPUS}.tar.gz",
)


def read_folder(folder: Path) -> dict[str, list[Clip]]:
    """Read a folder of clips: `FOLDER/<word>/<clip>`, sound files of any kind.

    A clip is brought to a second: of a longer one the loudest, a shorter one has silence around it. Folders with a
    meaning of their own are `_unknown_`, other words; `_silence_`, clips without any; and `_background_noise_` or
    `background`, noise of any length: clips of silence are cut out of it, as many as there are of a word, and it is
    heard behind words in training. How clips are divided is in `placed`. Bad files are told, by name, and left out.

    The folder may be a tar archive of the same layout. `speech_commands_v0.02`, where there is no such folder, is the
    whole data set, which is downloaded: with its lists, and its ten commands, unknown words and silence.

    Raises:
        DataError: There is no such folder, no word, or nothing to validate on.
        DownloadError: The data set could not be downloaded.
    """
    sounds = _sounds(folder)
    noises = [name for name in sounds.names if name.partition("/")[0] in NOISE]
    words = [name for name in sounds.names if name not in set(noises)]
    if not words:
        raise DataError(f"{folder} has no clips: give a folder for each word, with sound files in it")
    try:
        places = placed(words, sounds.lists)
    except DataError as error:
        raise DataError(f"{folder}: {error}") from error
    bad: list[str] = []
    faults: list[str] = []

    def build(scratch: Path) -> None:
        store(_clips(sounds, places, noises, bad, faults), scratch)
        for name, lines in (("bad.txt", bad), ("faults.txt", faults)):
            (scratch / name).write_text("\n".join(lines), encoding="utf-8")

    kept = prepared(f"words-{FORM}-{sha256(sounds.digest().encode())}", build)
    for start, name in (("left out: ", "bad.txt"), ("", "faults.txt")):
        for line in filter(None, (kept / name).read_text(encoding="utf-8").splitlines()):
            warnings.warn(f"{start}{folder}/{line}", stacklevel=2)
    splits = stored(kept)
    if missing := [split for split in ("train", "valid") if not splits.get(split)]:
        raise DataError(f"{folder} has no good clips for {' and '.join(missing)}: give more")
    return splits


def _sounds(folder: Path) -> Sounds:
    """Find the clips of a folder or an archive.

    Raises:
        DataError: There is no such folder.
    """
    if folder.name == CORPUS and not exists(folder):
        return ArchivedSounds(fetch(WHOLE))
    if folder.is_file() and folder.name.endswith((".tar", ".tar.gz", ".tgz")):
        return ArchivedSounds(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: give one with a folder of sound files for each word")
    return Sounds(folder)


def _clips(
    sounds: Sounds, places: Mapping[str, Place], noises: list[str], bad: list[str], faults: list[str]
) -> Iterator[tuple[str, Clip]]:
    """Hear clips; add those that turn out to be bad to the others, and damage in good ones to the faults."""
    for name, wave, damage in sounds.waves(places.keys(), LONGEST_S):
        faults += [f"{name}: {line}" for line in damage]
        if isinstance(wave, str):
            bad.append(f"{name}: {wave}")
            continue
        split, word = places[name]
        yield split, Clip(rounded(one_second(wave)), word, speaker_of(name), name)
    found = []
    for name, wave, damage in sounds.waves(set(noises), LONGEST_NOISE_S):
        faults += [f"{name}: {line}" for line in damage]
        if isinstance(wave, str):
            bad.append(f"{name}: {wave}")
        elif len(wave) >= CLIP:
            found.append((name, wave))
        else:
            bad.append(f"{name}: shorter than a second")
    yield from _silence(found, places)


def _silence(noises: list[tuple[str, np.ndarray]], places: Mapping[str, Place]) -> Iterator[tuple[str, Clip]]:
    """Cut clips of silence out of noise, each split's out of a part of its own."""
    end = 1.0
    for split in ("test", "valid", "train"):
        begin = 0.0 if split == "train" else end - PARTS[split]
        rng, count = np.random.default_rng(0), per_word(places, split)
        for i in range(count if noises else 0):
            name, wave = noises[i % len(noises)]
            low, high = int(begin * len(wave)), max(int(begin * len(wave)) + 1, int(end * len(wave)) - CLIP)
            first = min(int(rng.integers(low, high)), len(wave) - CLIP)
            yield split, Clip(rounded(wave[first : first + CLIP]), SILENCE, "", f"{name} {first}")
        end = begin if count else end
