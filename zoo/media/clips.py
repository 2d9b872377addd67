"""Clips: frames, and which label is seen when; kept on disk as bytes, read when they are asked for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core.storage import OnDisk, pack, packed
from zoo.errors import CodecError
from zoo.media.source import named, regular

SILENCE = "sil"
"""Label of nothing, in GRID."""
KIND = "a NumPy array (.npy)"
MOST_OF_A_FRAME = 3 << 26  # three for each pixel of the largest picture
MOST_VALUES = 1 << 32  # of an array in a file: eleven hours of 64 × 64 pixels at 25 frames per second


class Span(NamedTuple):
    """A label, and its first and last moment, counted in frames: frame 3 lasts from 3 to 4."""

    label: str
    start: float
    end: float


@dataclass(frozen=True)
class Clip:
    """A clip and what is seen in it.

    Attributes:
        frames: Pixels, uint8, or the numbers of vectors, float32, frame after frame, of any array type, on disk too.
        shape: Of a frame: `(height, width)` grey, `(height, width, 3)` red, green and blue, or `(features,)`.
        spans: Labels, in the order of time; what is in none has no label.
        name: What it is called in its data set.
        rate_hz: Frames per second.
        crop: How the frames were cut out of larger ones: row of `zoo.media.crops.CROPS`.
        mirrored: Left and right do not matter: training may exchange them.
        landmarks: What vectors are, if they are landmarks of bodies.
    """

    frames: Any
    shape: tuple[int, ...]
    spans: tuple[Span, ...] = ()
    name: str = ""
    rate_hz: float = 25.0
    crop: str = "fit"
    mirrored: bool = False
    landmarks: Any = None

    def __len__(self) -> int:
        """Count the frames."""
        numbers = len(self.frames) if isinstance(self.frames, OnDisk) else np.asarray(self.frames).size
        return int(numbers) // int(np.prod(self.shape))

    @property
    def pixels(self) -> np.ndarray:
        """Read the frames, `(time, *shape)`."""
        return np.asarray(self.frames).reshape(-1, *self.shape)

    @property
    def label(self) -> str:
        """Give the label of the clip, if it has one alone; else nothing."""
        return self.spans[0].label if len({span.label for span in self.spans}) == 1 else ""

    def label_of(self, frame: int) -> str:
        """Give the label in the middle of a frame, or nothing."""
        at = frame + 0.5
        return next((span.label for span in self.spans if span.start <= at < span.end), "")


def store(clips: Iterable[tuple[str, Clip]], folder: Path) -> None:
    """Write clips, split by split, into an existing folder."""

    def about(split: str, clip: Clip) -> tuple:
        return split, clip.shape, [tuple(s) for s in clip.spans], clip.name, clip.rate_hz, clip.crop, clip.mirrored

    pack(((np.asarray(clip.frames), about(split, clip)) for split, clip in clips), folder)


def stored(folder: Path) -> dict[str, list[Clip]]:
    """Open what `store` wrote: split → clips."""
    splits: dict[str, list[Clip]] = {}
    for frames, (split, shape, spans, *rest) in packed(folder):
        splits.setdefault(split, []).append(Clip(frames, tuple(shape), tuple(Span(*span) for span in spans), *rest))
    return splits


def array(path: Path) -> np.ndarray:
    """Open a .npy file of frames, `(time, height, width)` or `(time, height, width, 3)`, or vectors `(time, features)`.

    Nothing is read before it is asked for.

    Raises:
        CodecError: It is no regular file, cannot be read, is nothing of this, or is larger than MOST_VALUES.
    """
    with named(path, KIND), regular(path, KIND):
        found = np.lib.format.open_memmap(path, mode="r")  # refuses objects, whose pickles could run code
    if found.dtype.kind not in "fiu" or found.ndim not in (2, 3, 4) or not found.size:
        accepted = "(time, height, width), (time, height, width, 3) or (time, features)"
        raise CodecError(f"{path} has {found.dtype} of shape {found.shape}: give numbers {accepted}")
    for size, most, what in ((found.size, MOST_VALUES, ""), (found[0].size, MOST_OF_A_FRAME, " in a frame")):
        if size > most:
            raise CodecError(f"{path} has {size:,} values{what}; at most {most:,} are read: cut it into parts")
    return found


def whole(label: str) -> tuple[Span, ...]:
    """Give the span of a label that a whole clip has."""
    return (Span(label, 0.0, float("inf")),)


def counted(clips: Sequence[Clip]) -> dict[str, int]:
    """Count the frames of each label."""
    found: dict[str, int] = {}
    for clip in clips:
        for span in clip.spans:
            length = max(0, min(span.end, len(clip)) - span.start)
            found[span.label] = found.get(span.label, 0) + round(length)
    return found


def alike(found: Sequence[Clip]) -> tuple[list[Clip], list[str]]:
    """Return the clips whose frames have the commonest shape, and a line about each file of others."""
    counts = Counter(clip.shape for clip in found)
    shape = max(counts, key=lambda shape: counts[shape], default=())
    odd = {clip.name: clip.shape for clip in found if clip.shape != shape}
    lines = [f"{name}: frames of {other}, most have {shape}" for name, other in odd.items()]
    return [clip for clip in found if clip.shape == shape], lines
