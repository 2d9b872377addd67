"""Films in any form, as the frames that a codec takes."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.files import sha256
from zoo.core.frames import FrameCodec
from zoo.core.validation import number
from zoo.errors import ArgumentError, CodecError
from zoo.media import clips, crops, video
from zoo.media.source import regular

SUFFIXES = (*video.VIDEOS, ".npy")


def frames(film: Any, codec: FrameCodec, gaps: bool = False) -> Iterator[np.ndarray]:
    """Return the frames of a film as a codec takes them.

    Args:
        film: A video file, open or by its path, a folder of images, a .npy file, or frames one after the other:
            `(height, width)` or `(height, width, 3)` uint8, or vectors `(features,)`.
        codec: Says what it takes.
        gaps: Numbers of vectors may be missing (NaN).

    Raises:
        ArgumentError: The film is no frames, or they are none of the codec's kind.
        CodecError: The file is missing, empty, damaged, or has no pictures.
    """
    if is_array(film):
        film = clips.array(Path(film))
    if isinstance(film, (str, os.PathLike)) or hasattr(film, "read"):
        if not codec.pixels:
            raise ArgumentError(f"{film}: the model takes vectors of {codec.shape[0]} numbers, no pictures")
        film = video.frames(film, codec.rate_hz, codec.colour)
    if not isinstance(film, Iterable) or getattr(film, "ndim", 1) == 0:
        raise ArgumentError(f"{film!r:.80}: give a video file, a folder of images, or frames one after the other")
    return crops.fitted(film, codec, gaps)


def is_array(film: Any) -> bool:
    """Return whether a film is the path of an array on disk."""
    return isinstance(film, (str, os.PathLike)) and Path(film).suffix.lower() == ".npy"


def sampled(film: Any, rate_hz: float | None, wanted_hz: float) -> Any:
    """Return the frames of an array that are on at every tick of another rate; without a rate any film as it is.

    Args:
        film: Frames, or the path of a .npy file.
        rate_hz: Frames per second that it has.
        wanted_hz: Frames per second that are wanted.

    Raises:
        ArgumentError: The film has no length, such as a video file, which has a rate of its own.
    """
    if rate_hz is None:
        return film
    period = number("rate_hz", rate_hz, 0.01, 10_000) / wanted_hz
    if is_array(film):
        film = clips.array(Path(film))
    if not hasattr(film, "__len__") or isinstance(film, str):
        raise ArgumentError(f"rate_hz={rate_hz}: it is for arrays of frames; leave it out")
    ticks = (np.arange(int(len(film) / period + 1e-6)) * period + 1e-6).astype(int)
    return np.asarray(film)[ticks]


def of_file(path: Path, codec: FrameCodec, gaps: bool = False) -> Iterator[np.ndarray]:
    """Yield the frames of a user's own file for training: pictures as a codec takes them, or vectors of any size.

    Raises:
        CodecError: The file is damaged, or has values that are no numbers.
    """
    if not is_array(path):
        yield from crops.fitted(video.frames(path, codec.rate_hz, codec.colour), codec)
        return
    found = clips.array(path)
    for frame in found if found.ndim == 2 else ():
        if np.isinf(frame).any() or (not gaps and np.isnan(frame).any()):
            raise CodecError(f"{path} has values that are no numbers")
        yield frame.astype(np.float32)
    if found.ndim > 2:
        yield from crops.fitted(found, codec)


def is_film(path: Path) -> bool:
    """Return whether a path is that of a video file, an array or a folder of images, by its name."""
    return path.suffix.lower() in SUFFIXES or (path.is_dir() and bool(video.images(path)))


def digest(path: Path) -> str:
    """Return the checksums of the files of a film, one after the other.

    Raises:
        CodecError: One is no regular file.
        OSError: One cannot be read.
    """
    parts = video.images(path) if path.is_dir() else [path]
    for part in parts:
        regular(part, "a clip").close()
    return "".join(sha256(part) for part in parts)


def about(path: Path, message: str) -> str:
    """Return a message as one line that names the file."""
    return " ".join((message if str(path) in message else f"{path}: {message}").split())
