"""Training data from your own clips: a folder with a list of captions."""

import hashlib
import itertools
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.core import text_files
from zoo.core.datasets import prepared
from zoo.core.escaping import from_cell
from zoo.core.extras import require
from zoo.core.files import exists, sha256
from zoo.core.frames import FrameDescription
from zoo.errors import CodecError, DataError, ZooError
from zoo.media import clips
from zoo.media.clips import Clip
from zoo.media.films import about, digest, of_file
from zoo.media.source import reason
from zoo.tasks.caption.pieces import MOST_BYTES, MOST_FRAMES, Captioned, tidy

LIST = "captions.csv"
COLUMNS, SPLIT = ("file", "caption"), "split"
SPLITS = ("train", "valid", "test")
FORM = 1  # version of the form that clips are kept in
SIDE, RATE_HZ = 64, 25.0  # unless told otherwise: pixels, frames per second
VALID_EVERY = 10  # one clip in so many is for validation


class Row(NamedTuple):
    """A clip of the list: its file or folder, its captions, its split if the list has them, and its checksum."""

    path: Path
    captions: tuple[str, ...]
    split: str = ""
    digest: str = ""


def read_folder(
    folder: Path,
    height: int = 0,
    width: int = 0,
    rate_hz: float = 0,
    colour: bool = False,
    crop: str = "fit",
    mirror: bool = False,
) -> dict[str, list[Captioned]]:
    """Read a folder of clips with a list of their captions, `captions.csv`.

    Its first row has the columns file and caption, and may have split: train, valid or test. A clip may have several
    rows. It is a video file, a folder of images, or an array in a `.npy` file: frames, or vectors `(time, features)`
    such as those that another network made of frames. Bad files and rows are named and left out. Without the column
    split one clip in ten, chosen by a hash of its name, is for validation.

    Args:
        folder: The folder.
        height: Of the frames, in pixels; 0: 64.
        width: Alike; 0: the height.
        rate_hz: Frames per second that are looked at; 0: 25.
        colour: Keep red, green and blue.
        crop: How frames are cut to the size: `fit` or `mouth`.
        mirror: Left and right do not matter.

    Raises:
        DataError: There is no such folder or list, or no two good clips.
        MissingExtra: What reads and measures captions is not installed.
    """
    require("training captions needs", "pycocoevalcap", "sacrebleu", "tokenizers")
    if not exists(folder / LIST):
        raise DataError(
            f"{folder / LIST} does not exist: give a folder with that list, its columns {', '.join(COLUMNS)}"
        )
    shape = (height or SIDE, width or height or SIDE, *[3] * bool(colour))
    form = FrameDescription(shape, rate_hz or RATE_HZ, crop)
    rows, bad = _listed(folder / LIST)
    rows, unread = _readable(rows)
    unseen: list[str] = []

    def build(scratch: Path) -> None:
        clips.store((("all", clip) for clip in _clips(rows, form, unseen)), scratch)
        (scratch / "bad.txt").write_text("\n".join(unseen), encoding="utf-8")

    kept = prepared(f"captions-{sha256(f'{FORM} {form} {[(row.path, row.digest) for row in rows]}'.encode())}", build)
    unread += [line for line in (kept / "bad.txt").read_text(encoding="utf-8").splitlines() if line]
    good, odd = clips.alike(clips.stored(kept).get("all", []))
    for line in (*bad, *unread, *odd):
        warnings.warn(f"left out: {line}", stacklevel=2)
    found = {str(row.path): row for row in rows}
    splits = _divided([(found[clip.name], replace(clip, mirrored=bool(mirror))) for clip in good])
    if missing := [split for split in SPLITS[:2] if not splits[split]]:
        raise DataError(f"{folder} has {len(good)} good clips, none for {' and '.join(missing)}: give two at least")
    return splits


def _listed(path: Path) -> tuple[list[Row], list[str]]:
    """Read the list: clips with their captions, and what is wrong with other rows.

    Raises:
        DataError: It is no such list.
    """
    rows = text_files.table(path, COLUMNS)
    if not rows:
        raise DataError(f"{path} has no captions: give a row for each, with {', '.join(COLUMNS)}")
    found: dict[str, Row] = {}
    bad = []
    for line, row in rows:
        name, text = from_cell((row["file"] or "").strip()), tidy(from_cell(row["caption"] or ""))
        split, file = (row.get(SPLIT) or "").strip().lower(), path.parent / name
        before = found.get(name)
        if not exists(file) or file == path.parent:
            bad.append(f"{path}:{line}: {file} does not exist")
        elif not text or len(text.encode()) > MOST_BYTES or text_files.CONTROL.search(text):
            bad.append(f"{path}:{line}: give a caption of 1 to {MOST_BYTES:,} bytes in UTF-8")
        elif SPLIT in row and split not in SPLITS:
            bad.append(f"{path}:{line}: split {split!r}: give one of {', '.join(SPLITS)}")
        elif before and before.split != split:
            bad.append(f"{path}:{line}: {file} is in the split {before.split} by a row before")
        else:
            found[name] = Row(file, (*(before.captions if before else ()), text), split)
    return list(found.values()), bad


def _readable(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Hash clips; return what is wrong with those that cannot be read."""
    good, bad = [], []
    for row in rows:
        try:
            good.append(row._replace(digest=digest(row.path)))
        except (OSError, ZooError) as error:
            bad.append(about(row.path, reason(error)))
    return good, bad


def _clips(rows: Sequence[Row], form: FrameDescription, bad: list[str]) -> Iterator[Clip]:
    """Yield the clips of files; add those that turn out to be bad to the others."""
    for row in rows:
        try:
            frames = list(itertools.islice(of_file(row.path, form), MOST_FRAMES + 1))
            if not 0 < len(frames) <= MOST_FRAMES:
                raise CodecError(f"it has {'no' if not frames else 'more than ' + format(MOST_FRAMES, ',')} frames")
        except (ZooError, OSError, MemoryError) as error:
            bad.append(about(row.path, reason(error)))
            continue
        yield Clip(np.stack(frames), frames[0].shape, (), str(row.path), form.rate_hz, form.crop)


def _divided(good: Sequence[tuple[Row, Clip]]) -> dict[str, list[Captioned]]:
    """Divide clips as the list says, or by a hash of their names."""
    splits: dict[str, list[Captioned]] = {split: [] for split in SPLITS}
    ranked = sorted((row for row, _ in good), key=lambda row: hashlib.sha256(row.path.name.encode()).digest())
    valid = {row.path for row in ranked[: max(1, len(ranked) // VALID_EVERY)] if len(ranked) > 1}
    for row, clip in good:
        split = row.split or ("valid" if row.path in valid else "train")
        splits[split].append(Captioned(clip, row.captions))
    return splits if splits["test"] else {split: splits[split] for split in SPLITS[:2]}
