"""Training data from your own MIDI files."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.datasets import prepared
from zoo.core.files import sha256
from zoo.core.storage import OnDisk
from zoo.core.validation import number
from zoo.errors import CodecError, DataError
from zoo.tasks.music.score import MAX_VOICES, READ_SUFFIXES, Score

VOICES = 4  # of files of one's own, unless told otherwise
GRID_VERSION = 5  # raise it when reading MIDI changes: what was read before is then read anew


def read_folder(folder: Path, voices: int = 0) -> dict[str, Sequence[Score]]:
    """Read every MIDI file below a folder; every tenth, in the order of names, is for validation.

    Args:
        folder: Where.
        voices: Voices of a score; 0 is four.

    Raises:
        ArgumentError: There are never so many voices.
        DataError: There is no such folder, or fewer than two readable files.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: give a folder with .mid files")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in READ_SUFFIXES)
    digest = sha256("".join(f"{path.relative_to(folder)} {sha256(path)}\n" for path in files).encode())
    voices = number("voices", voices or VOICES, 1, MAX_VOICES, whole=True)
    stored = prepared(f"music-{GRID_VERSION}-{voices}-{digest}", lambda scratch: _store(files, scratch, voices))
    about = json.loads((stored / "about.json").read_text())
    for message in about["warnings"]:
        warnings.warn(message, stacklevel=2)
    places = about["places"]
    if len(places) < 2:
        raise DataError(f"{folder} has {len(places)} readable MIDI files: give at least 2 (one is for validation)")
    path = stored / "grids.bin"
    pieces = [
        (OnDisk(path, "int16", start * voices, steps * voices), beats, str(files[i]))
        for (start, steps, beats), i in zip(places, about["files"], strict=True)
    ]
    return {
        "train": Scores([piece for i, piece in enumerate(pieces) if i % 10], voices),
        "valid": Scores(pieces[::10], voices),
    }


class Scores(Sequence):
    """Scores on disk, read when they are asked for.

    Args:
        pieces: Of each where its grid is, `(steps * voices,)`, its quarter notes in a bar, and its file.
        voices: Voices of a score.
    """

    def __init__(self, pieces: list[tuple[OnDisk, float, str]], voices: int) -> None:
        self.pieces, self.voices = pieces, voices

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Scores(self.pieces[index], self.voices)
        grid, beats, name = self.pieces[index]
        return Score(np.asarray(grid).reshape(-1, self.voices), beats_per_bar=beats, name=name)


def _store(files: Sequence[Path], folder: Path, voices: int) -> None:
    """Write the grids of MIDI files one after the other, and what was said of them."""
    places: list[tuple[int, int, float]] = []
    read: list[int] = []
    with (folder / "grids.bin").open("wb") as stream, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for i, path in enumerate(files):
            try:
                score = Score.read(path, voices)
            except CodecError as error:
                warnings.warn(f"left out: {error}", stacklevel=2)
                continue
            stream.write(score.grid.tobytes())
            read.append(i)
            places.append((places[-1][0] + places[-1][1] if places else 0, len(score), score.beats_per_bar))
    about = {"places": places, "files": read, "warnings": [str(one.message) for one in said]}
    (folder / "about.json").write_text(json.dumps(about))
