"""Augmentation of landmarks: turns, proportions of bodies, noise, mirroring, time, and frames that are missing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zoo.media.clips import Clip, Span
from zoo.tasks.video.landmarks import Landmarks

TURN, LEAN = 25.0, 8.0  # degrees about the vertical axis, and about the other one across
PROPORTION, OFFSET, NOISE = 0.15, 0.05, 0.01  # of an axis; of each joint in a clip, and in a frame, in sizes of a body
CUT, LENGTH, WARP, PARTS = 0.1, 0.25, 0.3, 5  # of a clip: cut off each end; longer or shorter; speeds of its parts
LOST, LONGEST = 1, 5  # runs of frames without landmarks, and how long
LEAST = 4  # frames that are left of a clip


def changed(piece: Clip, landmarks: Landmarks, rng: np.random.Generator, strength: float) -> Clip:
    """Augment a clip of landmarks.

    Args:
        piece: The clip.
        landmarks: What its vectors are.
        rng: Draws what is changed.
        strength: 1 is usual.

    Returns:
        A clip of another length.
    """
    points = piece.pixels.reshape(-1, len(landmarks.joints), landmarks.axes)
    points, spans = resampled(points, piece.spans, rng, strength)
    if piece.mirrored and rng.random() < 0.5:
        points, spans = mirrored(points, spans, landmarks)
    empty = ~points.any((1, 2))
    points = moved(points, landmarks, rng, strength)
    points[empty] = np.nan
    for _ in range(rng.binomial(LOST, min(1, 0.5 * strength)) if len(points) > 2 * LONGEST else 0):
        first = int(rng.integers(0, len(points)))
        points[first : first + int(rng.integers(1, LONGEST + 1))] = np.nan
    return replace(piece, frames=points.reshape(len(points), -1).astype(np.float32), spans=spans)


def resampled(
    points: np.ndarray, spans: Sequence[Span], rng: np.random.Generator, strength: float
) -> tuple[np.ndarray, tuple[Span, ...]]:
    """Cut off the ends of a clip, and show its parts faster or slower, by linear interpolation between frames."""
    last = len(points) - 1
    start, end = (float(cut) * last for cut in rng.uniform(0, CUT * min(1, strength), 2))
    length = round((last - start - end + 1) * rng.uniform(1 - LENGTH * min(1, strength), 1 + LENGTH * strength))
    speeds = rng.uniform(max(0.1, 1 - WARP * strength), 1 + WARP * strength, PARTS)
    at = np.concatenate([[0], np.cumsum(speeds)]) / speeds.sum()
    new = np.linspace(0, 1, max(LEAST, length))
    source = start + (last - start - end) * np.interp(new, np.linspace(0, 1, PARTS + 1), at)
    below = np.floor(source).astype(int).clip(0, last)
    above = np.minimum(below + 1, last)
    part = (source - below)[:, None, None]
    found = np.where(part > 0, points[below] * (1 - part) + points[above] * part, points[below])
    ends = lambda moment: (  # noqa: E731
        float(np.interp(moment - 0.5, source, np.arange(len(source)))) + 0.5 if np.isfinite(moment) else moment
    )
    return found, tuple(Span(label, ends(first), ends(end)) for label, first, end in spans)


def mirrored(points: np.ndarray, spans: Sequence[Span], landmarks: Landmarks) -> tuple[np.ndarray, tuple[Span, ...]]:
    """Exchange left and right, of joints and of labels."""
    found = points[:, landmarks.mirror].copy()
    found[..., landmarks.plane[0]] *= -1
    return found, tuple(span._replace(label=landmarks.mirrored_label(span.label)) for span in spans)


def moved(points: np.ndarray, landmarks: Landmarks, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Turn a body, change its proportions, and displace its joints."""
    seen = points[np.isfinite(points).any((1, 2))]
    if not len(seen):
        return points
    points = points - np.nanmean(seen, (0, 1))
    body = np.sqrt(np.nanmean(np.sum((seen - np.nanmean(seen, 1, keepdims=True)) ** 2, 2)))
    side, depth = landmarks.plane
    upright = "xyz".index(landmarks.vertical)
    turn, lean = np.radians([TURN, LEAN]) * strength * rng.uniform(-1, 1, 2)
    if landmarks.axes == 3:
        points = points @ _rotation(side, depth, turn) @ _rotation(upright, depth, lean)
    else:
        points = points @ _rotation(side, upright, lean, axes=2)
    points = points * rng.uniform(1 - PROPORTION * min(1, strength), 1 + PROPORTION * strength, landmarks.axes)
    offsets = rng.normal(0, OFFSET * strength * body, (1, *points.shape[1:]))
    return np.asarray(points + offsets + rng.normal(0, NOISE * strength * body, points.shape))


def _rotation(a: int, b: int, angle: float, axes: int = 3) -> np.ndarray:
    """Return the matrix that turns axis `a` towards axis `b`, `(axes, axes)`."""
    found = np.eye(axes)
    found[a, a] = found[b, b] = np.cos(angle)
    found[a, b], found[b, a] = np.sin(angle), -np.sin(angle)
    return found
