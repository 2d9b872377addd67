"""Video files: frames at a fixed rate, one after the other, however the file stores them. Decoded by PyAV (FFmpeg)."""

import math
import os
import warnings
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.validation import number
from zoo.errors import CodecError

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
VIDEOS = (".mp4", ".m4v", ".mov", ".mpg", ".mpeg", ".avi", ".webm", ".mkv", ".gif", ".ogv", ".wmv", ".3gp", ".ts")
LONGEST_GAP_S = 600.0  # that a picture is on: more is no film but a damaged clock
LARGEST = 1 << 26  # pixels of a picture: 8K has half as many
BACK_S = 0.5  # that a clock may go back: more, and it has been set anew, as between films that were joined
EPSILON_S = 1e-3


def frames(source: Any, rate_hz: float, colour: bool = False) -> Iterator[np.ndarray]:
    """Decode a film, or the images of a folder in the order of their names, at a fixed rate.

    Of a film every moment k / `rate_hz` seconds after its first frame shows the frame that is on then: faster films
    lose frames, slower ones repeat them, at a rate that varies too. Images are a frame each.

    Args:
        source: Path of a file or of a folder of images, or an open binary file.
        rate_hz: Frames per second.
        colour: Give red, green and blue instead of grey.

    Yields:
        `(height, width)` or `(height, width, 3)` uint8, upright, of the file's own size.

    Raises:
        CodecError: It is missing, empty, damaged before its first frame, or has no pictures.
    """
    rate_hz = number("rate_hz", rate_hz, 0.01, 1000)
    path = Path(source) if isinstance(source, (str, os.PathLike)) else None
    if path is not None and path.is_dir():
        yield from _images(path, colour)
        return
    yield from _sampled(_decoded(source, colour), rate_hz)


def told(source: Any) -> str:
    """Name a source in messages."""
    return str(source if isinstance(source, os.PathLike) else getattr(source, "name", source))


def _images(folder: Path, colour: bool) -> Iterator[np.ndarray]:
    found = images(folder)
    if not found:
        raise CodecError(f"{folder} has no images: give a folder with {', '.join(IMAGES[:3])}, or a video file")
    shape: tuple[int, ...] | None = None
    for path in found:
        image = next(iter(_decoded(path, colour)))[1]
        if shape not in (None, image.shape):
            raise CodecError(f"{path} is {_size(image.shape)}, those before it {_size(shape or ())}: give equal sizes")
        shape = image.shape
        yield image


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape[1::-1]))


def images(folder: Path) -> list[Path]:
    """List the images of a folder, in the order of their names, of numbers by their value."""

    def key(path: Path) -> tuple[int, str]:
        digits = "".join(c if c.isdigit() else " " for c in path.stem).split()
        return int(digits[-1]) if digits else -1, path.name

    return sorted((p for p in folder.iterdir() if p.suffix.lower() in IMAGES and p.is_file()), key=key)


def _decoded(source: Any, colour: bool) -> Iterator[tuple[float, np.ndarray, float]]:
    """Yield time, picture and length of every frame, times in seconds from the first one on.

    What is damaged behind the first frame ends the film, with a warning.
    """
    import av
    from av.video.reformatter import VideoReformatter

    count, converter = 0, VideoReformatter()
    try:
        with av.open(_openable(source)) as container:
            stream = pictures(container, source)
            usual = 1 / float(stream.average_rate or stream.guessed_rate or 25)
            first, last = None, 0.0
            for frame in container.decode(stream):
                time = last + usual * bool(count) if frame.time is None else frame.time
                first = time if first is None else first
                last = time
                length = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else usual
                yield time - first, picture(frame, colour, converter), length
                count += 1
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if not count:
            raise CodecError(
                f"{told(source)} cannot be read as a video ({reason}): give a file such as {', '.join(VIDEOS[:8])}"
            ) from error
        warnings.warn(
            f"{told(source)} is damaged after {count} frames ({reason}): what is before it counts", stacklevel=2
        )
    if not count:
        raise CodecError(f"{told(source)} has no pictures: it is empty, or cut off before its first one")


def _openable(source: Any) -> Any:
    return os.fspath(source) if isinstance(source, os.PathLike) else source


def pictures(container: Any, source: Any) -> Any:
    """Return the stream of moving pictures; a cover is none."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            if (size := stream.codec_context.width * stream.codec_context.height) > LARGEST:
                raise CodecError(f"{told(source)}: pictures of {size:,} pixels, at most {LARGEST:,} are read")
            stream.thread_type = "AUTO"
            return stream
    kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    raise CodecError(f"{told(source)} has no pictures ({kinds} alone): give a video file")


def picture(frame: Any, colour: bool, converter: Any) -> np.ndarray:
    """Give the pixels of a frame, turned as the file says, by a `VideoReformatter` that is made once for a film."""
    pixels = converter.reformat(frame, format="rgb24" if colour else "gray").to_ndarray()
    return np.ascontiguousarray(np.rot90(pixels, round(getattr(frame, "rotation", 0) / 90) % 4))


def _sampled(decoded: Iterable[tuple[float, np.ndarray, float]], rate_hz: float) -> Iterator[np.ndarray]:
    """Show, at every tick, the frame that is on."""
    period, tick = float(1 / Fraction(rate_hz).limit_denominator(1001)), 0
    held, end, last, offset = None, 0.0, 0.0, 0.0
    for told_time, picture, length in decoded:
        if told_time + offset < last - BACK_S:
            offset = end - told_time
        time = max(last, told_time + offset)
        if time - end > LONGEST_GAP_S:
            warnings.warn(f"{time - end:.0f} s without a picture: what is before them counts", stacklevel=2)
            break
        last = time
        while held is not None and tick * period < time - EPSILON_S:
            yield held
            tick += 1
        held, end = picture, max(end, time + (min(length, LONGEST_GAP_S) if math.isfinite(length) else 0))
    while held is not None and tick * period < end - EPSILON_S:
        yield held
        tick += 1
    if held is not None and not tick:  # a film shorter than a tick
        yield held
