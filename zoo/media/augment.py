"""Augmentation of clips: shift, zoom, mirroring, time warp, still frames, cutout."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zoo.media.clips import Clip, Span

SHIFT, ZOOM = (0.1, 0.06), 0.1  # of height and width; of the size
WARP, KNOTS = 0.2, 5  # how much faster or slower parts of a clip are, and how many parts
HIDDEN, LONGEST = 2, 3  # runs of frames that stand still, and how long
PATCH = 0.4  # largest side of what is cut out, of the frame


def changed(clip: Clip, rng: np.random.Generator, strength: float = 1.0) -> Clip:
    """Shift and zoom, mirror, warp the time, let frames stand still, cut a patch out.

    Args:
        clip: The clip.
        rng: What changes are drawn by.
        strength: 1 is usual, 0 changes nothing.
    """
    if not strength:
        return clip
    frames, spans = warped(clip.pixels, clip.spans, rng, strength)
    if len(clip.shape) > 1:
        frames = moved(frames, rng, strength)
        if clip.mirrored and rng.random() < 0.5:
            frames = frames[:, :, ::-1]
        frames = cut_out(frames, rng, strength)
    return replace(clip, frames=np.ascontiguousarray(frames), spans=spans)


def warped(
    frames: np.ndarray, spans: Sequence[Span], rng: np.random.Generator, strength: float
) -> tuple[np.ndarray, tuple[Span, ...]]:
    """Show parts of a clip faster or slower, and let the picture stand still now and then; the length stays."""
    length = len(frames)
    speeds = rng.uniform(1 - WARP * strength, 1 + WARP * strength, KNOTS)
    at = np.concatenate([[0], np.cumsum(speeds)]) / speeds.sum() * length  # of the new clip, at even times of the old
    even = np.linspace(0, length, KNOTS + 1)
    source = np.interp(np.arange(length) + 0.5, at, even)
    chosen = np.clip(source.astype(int), 0, length - 1)
    for _ in range(rng.binomial(HIDDEN, min(1, strength))):
        first = int(rng.integers(0, length))
        chosen[first : first + int(rng.integers(1, LONGEST + 1))] = chosen[max(first - 1, 0)]
    ends = lambda moment: float(np.interp(moment, even, at)) if np.isfinite(moment) else moment  # noqa: E731
    return frames[chosen], tuple(Span(label, ends(start), ends(end)) for label, start, end in spans)


def moved(frames: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Shift and zoom; what comes in from outside is the edge."""
    zoom = rng.uniform(1 - ZOOM * strength, 1 + ZOOM * strength)
    rows, columns = (
        np.clip(
            np.round((np.arange(size) - size / 2) * zoom + size / 2 + rng.uniform(-share, share) * strength * size),
            0,
            size - 1,
        ).astype(int)
        for size, share in zip(frames.shape[1:3], SHIFT, strict=True)
    )
    return frames[:, rows[:, None], columns[None]]


def cut_out(frames: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Paint a patch over in its mean, in all frames (DeVries & Taylor, Cutout, 2017)."""
    if rng.random() > 0.5 * strength:
        return frames
    (top, high), (left, wide) = (
        (int(rng.integers(0, size)), int(rng.integers(1, max(2, round(PATCH * size))))) for size in frames.shape[1:3]
    )
    frames = frames.copy()
    frames[:, top : top + high, left : left + wide] = frames.mean()
    return frames
