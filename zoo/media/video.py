"""Video files: frames at a fixed rate, one after the other, however the file stores them.

Limits of a film: MOST_PIXELS for a frame, ALL_PIXELS for all of them together and SHOWN_S for the time that they are
on, both by the size of the file, so that a small one is no long work; LONGEST_S of `zoo.media.container`.
"""

import math
import os
import warnings
from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.validation import number
from zoo.errors import CodecError
from zoo.media import container
from zoo.media.container import LONGEST_S, Decoder, MediaFile
from zoo.media.source import named, reason, told

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
VIDEOS = (".mp4", ".m4v", ".mov", ".mpg", ".mpeg", ".avi", ".webm", ".mkv", ".gif", ".ogv", ".wmv", ".3gp", ".ts")
LONGEST_GAP_S = 600.0  # that a picture is on: more is no film but a damaged clock
MOST_PIXELS = 1 << 24  # of a frame of a film, of which decoders keep up to 16: 5K has fewer, 8K more
ALL_PIXELS, PIXELS_A_BYTE = 1 << 30, 20_000  # of all frames of a small film; of a larger one, for each byte of the file
SHOWN_S, S_A_BYTE = 300.0, 0.02  # that a small film lasts; a larger one, for each byte of the file
THREADED = 1 << 22  # pixels: frames that are larger are decoded one after the other, to take less memory
BACK_S = 0.5  # that a clock may go back: more, and it has been set anew, as between films that were joined
EPSILON_S = 1e-3
KIND, ADVICE = "a video", f"a file such as {', '.join(VIDEOS[:8])}"


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
    if isinstance(source, (str, os.PathLike)) and os.path.isdir(source):
        yield from _images(Path(source), colour)
        return
    with MediaFile(source, KIND, ADVICE) as file:
        yield from _sampled(_decoded(file, colour), rate_hz, told(source), _longest_s(file.size))


def _longest_s(size: float) -> float:
    """Return how long a film may last, by the size of its file in bytes; a stream without an end for ever."""
    return math.inf if size == math.inf else min(LONGEST_S, max(SHOWN_S, S_A_BYTE * size))


def _images(folder: Path, colour: bool) -> Iterator[np.ndarray]:
    with named(folder, "a folder of images"):
        found = images(folder)
    if not found:
        raise CodecError(f"{folder} has no images: give a folder with {', '.join(IMAGES[:3])}, or a video file")
    shape: tuple[int, ...] | None = None
    for path in found:
        with MediaFile(path, "an image", ADVICE) as file:
            image, *_ = (found for _, found, _ in _decoded(file, colour, container.MOST_PIXELS))
        if shape not in (None, image.shape):
            raise CodecError(f"{path} is {_size(image.shape)}, those before it {_size(shape or ())}: give equal sizes")
        shape = image.shape
        yield image


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape[1::-1]))


def images(folder: Path) -> list[Path]:
    """List the images of a folder, in the order of their names, of numbers by their value."""

    def key(path: Path) -> tuple[int, str]:
        digits = "".join(c if c.isdecimal() else " " for c in path.stem).split()
        return int(digits[-1]) if digits else -1, path.name

    return sorted((p for p in folder.iterdir() if p.suffix.lower() in IMAGES and p.is_file()), key=key)


def _decoded(
    file: MediaFile, colour: bool, most: int = MOST_PIXELS
) -> Generator[tuple[float, np.ndarray, float], None, None]:
    """Yield time, picture and length of every frame, times in seconds from the first one on.

    What is damaged is left out, with a warning.
    """
    from av.video.reformatter import VideoReformatter

    converter, start, last, pixels, end = VideoReformatter(), None, 0.0, 0, 0.0
    with named(file.source, KIND):
        stream = pictures(file.container, file.source, most)
        file.check_length(stream, _longest_s(file.size))
        usual = 1 / float(stream.average_rate or stream.guessed_rate or 25)
        decoder = Decoder(file, stream)
    for frame in decoder:
        with named(file.source, KIND):
            time, length = _clock(frame, last + usual * bool(pixels), usual)
            pixels += _pixels(frame, file.source, most)
            found = picture(frame, colour, converter)
        if pixels > max(ALL_PIXELS, PIXELS_A_BYTE * file.size):
            raise file.refuse(
                f"has more than {pixels:,} pixels in its frames; {ALL_PIXELS:,} are read, or {PIXELS_A_BYTE:,} for "
                f"each of its {file.size:,} bytes: make it smaller or cut it into parts"
            )
        start, last = time if start is None else start, time
        end = max(end, time - start + length)
        yield time - start, found, length
    if not pixels:
        why = f" ({reason(decoder.error)})" if decoder.error else ""
        raise file.refuse(f"has no pictures that can be read{why}: it is empty, damaged or cut off")
    with named(file.source, KIND):
        faults = decoder.told(), file.missing(stream, end)
    container.warn(file.source, *faults)


def _clock(frame: Any, expected: float, usual: float) -> tuple[float, float]:
    """Return when a frame begins and how long it is on, in seconds."""
    time = expected if frame.time is None else float(frame.time)
    length = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else usual
    return time, length


def _pixels(frame: Any, source: Any, most: int) -> int:
    """Count the pixels of a frame.

    Raises:
        CodecError: There are too many.
    """
    size = int(frame.width) * int(frame.height)
    if size > most:
        raise CodecError(
            f"{told(source)}: pictures of {frame.width} × {frame.height} pixels, at most {most:,} are read"
        )
    return size


def pictures(opened: Any, source: Any, most: int = MOST_PIXELS) -> Any:
    """Return the stream of moving pictures of a container; a cover is none.

    Raises:
        CodecError: There is none, or its frames are too large.
    """
    from av.stream import Disposition

    for stream in opened.streams.video:
        if stream.disposition & Disposition.attached_pic:
            continue
        context = stream.codec_context
        if context is None:
            raise CodecError(f"{told(source)} has pictures of a kind that cannot be decoded: give {ADVICE}")
        size = _pixels(context, source, most)
        context.options = {"max_pixels": str(most)}
        stream.thread_type = "AUTO" if size <= THREADED else "SLICE"
        return stream
    kinds = ", ".join(sorted({stream.type for stream in opened.streams})) or "nothing"
    raise CodecError(f"{told(source)} has no pictures ({kinds} alone): give a video file")


def picture(frame: Any, colour: bool, converter: Any) -> np.ndarray:
    """Give the pixels of a frame, turned as the file says, by a `VideoReformatter` that is made once for a film."""
    pixels = converter.reformat(frame, format="rgb24" if colour else "gray").to_ndarray()
    return np.ascontiguousarray(np.rot90(pixels, round(getattr(frame, "rotation", 0) / 90) % 4))


def _sampled(
    decoded: Iterable[tuple[float, np.ndarray, float]], rate_hz: float, what: str = "film", longest_s: float = math.inf
) -> Iterator[np.ndarray]:
    """Show, at every tick, the frame that is on.

    Raises:
        CodecError: The film lasts too long.
    """
    period, tick = float(1 / Fraction(rate_hz).limit_denominator(1001)), 0
    held, end, last, offset = None, 0.0, 0.0, 0.0
    for told_time, picture, length in decoded:
        if told_time + offset < last - BACK_S:
            offset = end - told_time
        time = max(last, told_time + offset)
        if time - end > LONGEST_GAP_S:
            warnings.warn(f"{what}: {time - end:.0f} s without a picture: what is before them counts", stacklevel=2)
            break
        if time > longest_s:
            raise CodecError(f"{what} lasts more than {longest_s:,.0f} s, the most for its size: cut it into parts")
        last = time
        while held is not None and tick * period < time - EPSILON_S:
            yield held
            tick += 1
        held, end = picture, max(end, time + (min(length, LONGEST_GAP_S, longest_s) if math.isfinite(length) else 0))
    while held is not None and tick * period < end - EPSILON_S:
        yield held
        tick += 1
    if held is not None and not tick:  # a film shorter than a tick
        yield held
