"""Landmarks that were not found: which ones, and values in their place from the frames around them.

A landmark is missing where one of its numbers is NaN, and all of a frame are where it is zeros alone, as cameras write
it when they have lost a body. What has no value after that, because no frame has one, is masked inside of the network.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from zoo.errors import CodecError
from zoo.tasks.video.landmarks import Landmarks

LONGEST_GAP = 250  # frames that are waited for until a landmark is seen again


def missing(frames: Any, landmarks: Landmarks) -> np.ndarray:
    """Return which landmarks are missing, `(time, joints)` bool, of vectors `(time, features)`."""
    points = np.asarray(frames).reshape(-1, len(landmarks.joints), landmarks.axes)
    empty = ~np.nan_to_num(points).any(axis=(1, 2), keepdims=True)[:, 0]
    found: np.ndarray = np.isnan(points).any(2) | empty
    return found


def report(frames: Any, landmarks: Landmarks) -> str:
    """Describe what is missing and how it is filled; an empty text if nothing is.

    Args:
        frames: `(time, features)`.
        landmarks: What the features are.

    Raises:
        CodecError: No frame has a landmark.
    """
    gone = missing(frames, landmarks)
    if gone.all():
        raise CodecError(f"no landmark is in any of the {len(gone)} frames")
    empty, found = gone.all(1), list[str]()
    if empty.any():
        found = [f"{empty.sum()} of {len(gone)} frames have no landmarks: filled from those around them"]
    always, ever = (test(gone[~empty], axis=0) for test in (np.all, np.any))
    for which, what in ((always, "never seen: masked"), (ever & ~always, "missing in some frames: filled from others")):
        names = [joint for joint, hit in zip(landmarks.joints, which, strict=True) if hit]
        found += [f"{', '.join(names[:5])}{f' and {len(names) - 5} more' * (len(names) > 5)} {what}"] * bool(names)
    return "; ".join(found)


def seen(pieces: Sequence[Any], landmarks: Landmarks) -> list[Any]:
    """Return the clips of a video that have landmarks; warn of missing ones.

    Raises:
        CodecError: There are none.
    """
    if told := report(np.concatenate([piece.frames for piece in pieces]), landmarks):
        warnings.warn(told, stacklevel=2)
    return [piece for piece in pieces if not missing(piece.frames, landmarks).all()]


def filled(frames: Iterable[np.ndarray], landmarks: Landmarks, ahead: bool) -> Iterator[np.ndarray]:
    """Yield vectors `(features,)` with values for missing landmarks, NaN for those that have not been seen.

    Args:
        frames: Vectors `(features,)`.
        landmarks: What the features are.
        ahead: Look at the frames to come: gaps are interpolated linearly. Otherwise, the last value is held.
    """
    anchor: list[np.ndarray] = []  # the frame before those that wait, with what it was filled with
    waiting: list[np.ndarray] = []
    for frame in frames:
        waiting.append(frame)
        whole = not missing(frame, landmarks).any()
        if whole or not ahead or len(waiting) > LONGEST_GAP:
            done = np.stack(waiting) if whole and len(waiting) == 1 else _block([*anchor, *waiting], landmarks)
            done = done[len(done) - len(waiting) :]
            yield from done
            anchor, waiting = [done[-1]], []
    if waiting:
        yield from _block([*anchor, *waiting], landmarks)[len(anchor) :]


def needed(frames: Iterable[np.ndarray], name: str) -> Iterator[np.ndarray]:
    """Yield vectors that `filled` has seen.

    Raises:
        CodecError: There are some, and none has a landmark; raised at their end.
    """
    count, seen = 0, False
    for count, frame in enumerate(frames, 1):  # noqa: B007
        seen = seen or not np.isnan(frame).all()
        yield frame
    if count and not seen:
        raise CodecError(f"{name}: no landmark is in any of the {count} frames")


def _block(frames: list[np.ndarray], landmarks: Landmarks) -> np.ndarray:
    """Interpolate between the frames that have a landmark; before the first and after the last of them it stays."""
    gone = missing(frames, landmarks)
    points = np.stack(frames).reshape(*gone.shape, landmarks.axes).copy()
    times = np.arange(len(points))
    for joint in np.flatnonzero(gone.any(0)):
        seen = ~gone[:, joint]
        for axis in range(landmarks.axes):
            line = points[:, joint, axis]
            line[~seen] = np.interp(times[~seen], times[seen], line[seen]) if seen.any() else np.nan
    return points.reshape(len(points), -1)
