"""A user's own clips: folders of films by class, or films with a list of what is seen when; bad files are told."""

import bisect
import itertools
import math
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.core import text_files
from zoo.core.datasets import prepared
from zoo.core.escaping import from_cell
from zoo.core.files import exists, sha256
from zoo.errors import CodecError, DataError, ZooError
from zoo.media import clips
from zoo.media.clips import Clip, Span
from zoo.media.films import SUFFIXES, about, digest, is_array, is_film, of_file
from zoo.media.source import reason
from zoo.tasks.video import landmark_file, poses
from zoo.tasks.video.codec import BACKGROUND, VideoCodec
from zoo.tasks.video.landmarks import Landmarks

LIST = "labels.csv"
COLUMNS = ("file", "label", "start", "end")
FORM = 3  # version of the form that clips are kept in
SIDE, RATE_HZ = 64, 25.0  # unless told otherwise: pixels, frames per second
LONGEST_S, PIECE_S = 1800.0, 8.0  # of a film; of the pieces that it is cut into
EVERY = 8  # film of a class that is for validation


class VideoFile(NamedTuple):
    """A film: its file or folder, its label or what is seen in it when, in seconds, and its checksum."""

    path: Path
    label: str = ""
    ranges: tuple[Span, ...] = ()
    digest: str = ""


def read_folder(
    folder: Path,
    height: int = 0,
    width: int = 0,
    rate_hz: float = 0,
    colour: bool = False,
    crop: str = "fit",
    mirror: bool = False,
    landmarks: str | Landmarks | None = None,
) -> dict[str, list[Clip]]:
    """Read a folder of clips: `FOLDER/<class>/*.mp4`, or films with a list `labels.csv`.

    A clip is a video file, a folder of images, or vectors `(time, features)` in a `.npy` file. The list has a first row
    with the columns file, label, start and end, times in seconds; frames that it says nothing of are labelled `none`.
    Films are cut into pieces of 8 seconds. Bad files and rows are told and left out. Every eighth film of a class, or
    piece of a list, is for validation.

    Args:
        folder: The folder.
        height: Of the frames, in pixels; 0: 64.
        width: Alike; 0: the height.
        rate_hz: Frames per second that are looked at; 0: 25.
        colour: Keep red, green and blue.
        crop: How frames are cut to the size: `fit` or `mouth`.
        mirror: Left and right do not matter.
        landmarks: What vectors are, if the folder has no landmarks.json: a name, or the landmarks of a model; see
            `zoo.tasks.video.landmark_file.read`. Landmarks may be missing (NaN, or frames of zeros), which is reported.

    Raises:
        ArgumentError: There are no landmarks of that name.
        DataError: There is no such folder, or no class with two good clips.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder: give one with a folder of clips for each class, or with {LIST}")
    shape = (height or SIDE, width or height or SIDE, *[3] * bool(colour))
    known = landmark_file.read(folder, landmarks)
    codec = VideoCodec([BACKGROUND], shape, rate_hz or RATE_HZ, crop=crop)
    listed = (folder / LIST).exists()
    films, bad = _readable(*(_listed(folder / LIST) if listed else _by_class(folder)))
    if not films:
        loose = sum(path.suffix.lower() in SUFFIXES for path in folder.iterdir())
        what = f"no folder of clips: {loose} lie in it directly" if loose else "no clips"
        raise DataError(f"{folder} has {what}. Give a folder for each class, or {LIST} ({', '.join(COLUMNS)})")
    unseen: list[str] = []
    faults: list[str] = []

    def build(scratch: Path) -> None:
        clips.store((("all", clip) for clip in _clips(films, codec, known, unseen, faults)), scratch)
        for name, lines in (("bad.txt", unseen), ("faults.txt", faults)):
            (scratch / name).write_text("\n".join(lines), encoding="utf-8")

    about = f"{FORM} {codec.to_json()} {known.to_json() if known else ''}" + "".join(map(_line, films))
    kept = prepared(f"clips-{sha256(about.encode())}", build)
    bad += _lines(kept / "bad.txt")
    good, odd = clips.alike(clips.stored(kept).get("all", []))
    bad += odd
    for line in [f"left out: {line}" for line in bad] + _lines(kept / "faults.txt"):
        warnings.warn(line, stacklevel=2)
    if known:
        good = landmark_file.applied(known, good, folder)
    good = [replace(clip, mirrored=bool(mirror)) for clip in good]
    splits = _divided(good, by_class=not listed)
    if not splits["valid"]:
        counts = f"{len(splits['train'])} good clips, {len(bad)} bad"
        raise DataError(f"{folder} has {counts}: one of a class, or of the pieces of films, is to validate, give 2")
    return splits


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line]


def _line(film: VideoFile) -> str:
    """Describe a film for the name that its clips are kept by, which must stay as it is: caches have it."""
    path, label, ranges, digest = film
    return f"Film({path=!r}, {label=!r}, {ranges=!r}, {digest=!r})\n"


def _readable(films: Sequence[VideoFile], bad: list[str]) -> tuple[list[VideoFile], list[str]]:
    """Hash films; add those that cannot be read to the bad ones."""
    good = []
    for film in films:
        try:
            good.append(film._replace(digest=digest(film.path)))
        except (OSError, ZooError) as error:
            bad.append(about(film.path, reason(error)))
    return good, bad


def _by_class(folder: Path) -> tuple[list[VideoFile], list[str]]:
    """List the clips of each class."""
    films, bad = [], []
    for each in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        try:
            paths = sorted(p for p in each.iterdir() if not p.name.startswith("."))
        except OSError as error:
            bad.append(f"{each}: {reason(error)}")
            continue
        for path in paths:
            if is_film(path):
                films.append(VideoFile(path, each.name))
            else:
                bad.append(f"{path}: no video file, no .npy and no folder of images")
    return films, bad


def _listed(path: Path) -> tuple[list[VideoFile], list[str]]:
    """Read a list of what is seen when."""
    rows = text_files.table(path, COLUMNS)
    ranges: dict[str, list[Span]] = {}
    bad = []
    for line, row in rows:
        where, label = f"{path}:{line}", from_cell((row["label"] or "").strip())
        try:
            start, end = float(row["start"] or ""), float(row["end"] or "")
        except (TypeError, ValueError):
            start = end = math.nan
        name = from_cell(row["file"] or "")
        file = path.parent / name
        if not exists(file) or file == path.parent:
            bad.append(f"{where}: {file} does not exist")
        elif not label or not 0 <= start < end:
            bad.append(f"{where}: give a label, and start and end in seconds, the end after the start")
        elif not _inserted(Span(label, start, end), ranges.setdefault(name, [])):
            bad.append(f"{where}: overlaps a row before it; a frame has one label")
    films = [VideoFile(path.parent / file, ranges=tuple(found)) for file, found in ranges.items()]
    return films, bad


def _inserted(span: Span, ranges: list[Span]) -> bool:
    """Insert a range among others in the order of time, unless it overlaps one of them."""
    at = bisect.bisect(ranges, span.start, key=_start)
    if (at and ranges[at - 1].end > span.start) or (at < len(ranges) and ranges[at].start < span.end):
        return False
    ranges.insert(at, span)
    return True


def _start(span: Span) -> float:
    return span.start


def _clips(
    films: Sequence[VideoFile], codec: VideoCodec, known: Landmarks | None, bad: list[str], faults: list[str]
) -> Iterator[Clip]:
    """See films; add those that turn out to be bad to the others, and damage in good ones to the faults."""
    for film in films:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                found = list(_pieces(film, codec, known))
                if known and len(found[0].shape) == 1:
                    found = poses.seen(found, known)
            except (ZooError, OSError, MemoryError) as error:
                found = []
                bad.append(about(film.path, reason(error)))
                continue
        faults += [about(film.path, str(warning.message)) for warning in told]
        yield from found


def _pieces(film: VideoFile, codec: VideoCodec, known: Landmarks | None) -> Iterator[Clip]:
    """Cut a film into pieces, each with the label of the film or with what is seen in it."""
    frames, first, size = _frames(film.path, codec, known), 0, int(PIECE_S * codec.rate_hz)
    while some := list(itertools.islice(frames, size)):
        if first + len(some) > LONGEST_S * codec.rate_hz:
            raise CodecError(f"longer than {LONGEST_S / 60:.0f} minutes: cut it into several")
        spans = clips.whole(film.label)
        if film.ranges:
            spans = _within(film.ranges, first, len(some), codec.rate_hz)
        yield Clip(np.stack(some), some[0].shape, spans, str(film.path), codec.rate_hz, codec.crop)
        first += len(some)
    if not first:
        raise CodecError("it has no frames")


def _within(ranges: Sequence[Span], first: int, length: int, rate_hz: float) -> tuple[Span, ...]:
    """Give what is seen in a piece, in its frames; between ranges `none` is."""
    found, at = list[Span](), 0.0
    for label, start, end in ranges:
        low, high = (min(max(t * rate_hz - first, 0), length) for t in (start, end))
        if low < high:
            found += [Span(BACKGROUND, at, low)] * (low > at) + [Span(label, low, high)]
            at = high
    return (*found, *[Span(BACKGROUND, at, float(length))] * (at < length))


def _frames(path: Path, codec: VideoCodec, known: Landmarks | None) -> Iterator[np.ndarray]:
    """Return the frames of a clip, or its vectors, as the network will take them."""
    shape = clips.array(path).shape if known and is_array(path) else ()
    if known and len(shape) == 2 and shape[1] != known.features:
        raise CodecError(
            f"{path} has vectors of {shape[1]} numbers, {known} are {known.features}: see {landmark_file.FILE}"
        )
    return of_file(path, codec, bool(known))


def _divided(good: Sequence[Clip], by_class: bool) -> dict[str, list[Clip]]:
    """Keep every eighth film of a class, the second at first, or every eighth piece of films, for validation."""
    counts: Counter[str] = Counter()
    splits: dict[str, list[Clip]] = {"train": [], "valid": []}
    before = ""
    for clip in good:
        key = clip.label if by_class else ""
        counts[key] += not by_class or clip.name != before
        before = clip.name
        splits["valid" if counts[key] % EVERY == 2 else "train"].append(clip)
    return splits
