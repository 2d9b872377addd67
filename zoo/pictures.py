"""Frames of any size and colour → frames as a codec has them; among them the mouth of a talking head."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ArgumentError

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601
MOUTH = Path(__file__).parent / "mouth.png"
"""A closed mouth, the mean of the training clips of GRID's talker s1: `python benchmarks/video.py --mouth` draws it."""
HEIGHT = 288  # pixels of a picture in which a talking head's mouth is as large as the template's
HEADS = (1.0, 0.8, 1.25, 0.64, 1.56)  # times that, where the first picture has a better match
MARGIN = 0.05  # by which another size must match better
EVERY, WEIGHT = 5, 0.25  # frames between two looks for the mouth; what a look counts beside those before it
NEAR = 4  # pixels around a coarse match that are searched


def fitted(frames: Iterable[Any], codec: Any) -> Iterator[np.ndarray]:
    """Give frames as a codec takes them, one after the other.

    Args:
        frames: `(height, width)` or `(height, width, 3)` uint8, or `(features,)` numbers.
        codec: Says size, colour, and how larger frames are cut.

    Raises:
        ArgumentError: One is no frame, or of another size than those before it.
    """
    crop, first = None, None
    for frame in frames:
        array = _checked(frame, codec)
        if array.shape != (first or array.shape):
            raise ArgumentError(f"a frame of {array.shape} after those of {first}: give frames of one size")
        first = array.shape
        if not codec.pixels:
            yield array
            continue
        array = _coloured(array, codec.colour)
        if array.shape != codec.shape:
            crop = crop or CROPS[codec.crop](codec.shape[:2])
            array = crop(array)
        yield array


def _checked(frame: Any, codec: Any) -> np.ndarray:
    """Return a frame as an array.

    Raises:
        ArgumentError: It is none of the codec's kind.
    """
    try:
        array = np.asarray(frame)
    except ValueError as error:
        raise ArgumentError(f"a frame is no array ({error})") from error
    if not codec.pixels:
        if array.shape != codec.shape or array.dtype.kind not in "fiu":
            raise ArgumentError(f"a frame of {array.dtype} {array.shape}: give {codec.features} numbers")
        if not np.isfinite(array).all():
            raise ArgumentError("a frame has values that are no numbers")
        return array.astype(np.float32)
    good = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if not good or array.dtype != np.uint8 or not array.size:
        raise ArgumentError(
            f"a frame of {array.dtype} {array.shape}: give uint8 pixels, (height, width) or (height, width, 3)"
        )
    return array


def _coloured(frame: np.ndarray, colour: bool) -> np.ndarray:
    """Give a frame grey or in colour."""
    if colour and frame.ndim == 2:
        return np.repeat(frame[:, :, None], 3, axis=2)
    if not colour and frame.ndim == 3:
        return np.round(frame @ np.array(LUMA, np.float32)).astype(np.uint8)
    return frame


def scaled(frame: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scale a frame, each new pixel the mean of what it covers."""
    import av

    if frame.shape[:2] == (height, width):
        return frame
    form = "rgb24" if frame.ndim == 3 else "gray"
    found: np.ndarray = (
        av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), form)
        .reformat(width, height, form, interpolation="AREA")
        .to_ndarray()
    )
    return found


class Fit:
    """Scales frames so that they cover a size, and cuts what is beyond it off both ends."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Bring a frame to the size."""
        high, wide = self.size
        scale = max(high / frame.shape[0], wide / frame.shape[1])
        sides = [max(side, round(scale * own)) for side, own in zip(self.size, frame.shape[:2], strict=True)]
        frame = scaled(frame, *sides)
        top, left = (sides[0] - high) // 2, (sides[1] - wide) // 2
        return frame[top : top + high, left : left + wide]


class Mouth:
    """Cuts out the mouth of a talking head, which it follows from frame to frame.

    The first frame tells how large the head is: the size at which a template of a closed mouth matches best, by
    normalized cross-correlation (Lewis, Fast Normalized Cross-Correlation, 1995). Then the template is looked for in
    every fifth frame; the place moves a part of the way there. Only frames seen so far count.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        from zoo import video

        self.size, self.template = size, next(video.frames(MOUTH, 1))
        self.count, self.place = 0, np.zeros(2)
        self.sides: tuple[int, int] = (0, 0)

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Cut out the mouth of the next frame."""
        if not self.count:
            self.sides = self._sides(frame)
        frame = scaled(frame, *self.sides)
        grey = _coloured(frame, False).astype(np.float32)
        if self.count % EVERY == 0:
            found = np.array(self._find(grey))
            self.place = self.place + (found - self.place) * (WEIGHT if self.count else 1)
        self.count += 1
        (top, left), (high, wide) = np.round(self.place).astype(int), self.template.shape
        return scaled(frame[top : top + high, left : left + wide], *self.size)

    def _sides(self, frame: np.ndarray) -> tuple[int, int]:
        """Give the size to scale frames to: the one at which the template matches the first frame best."""
        grey, least = _coloured(frame, False), self.template.shape
        best, chosen = -1.0, (0, 0)
        for head in HEADS:
            scale = HEIGHT / head / frame.shape[0]
            sides = (round(scale * frame.shape[0]), round(scale * frame.shape[1]))
            if min(side - low for side, low in zip(sides, least, strict=True)) < 0:
                continue
            match = float(_halved_match(scaled(grey, *sides).astype(np.float32), self.template).max())
            if match > best + MARGIN:
                best, chosen = match, sides
        if not best > -1:
            raise ArgumentError(f"frames of {frame.shape[:2]} pixels: too narrow for a talking head")
        return chosen

    def _find(self, grey: np.ndarray) -> tuple[int, int]:
        """Find the top left corner of the mouth: roughly in half the size, then around there."""
        coarse = _halved_match(grey, self.template)
        row, column = (2 * int(at) for at in np.unravel_index(coarse.argmax(), coarse.shape))
        top, left = max(0, row - NEAR), max(0, column - NEAR)
        high, wide = self.template.shape
        part = grey[top : row + NEAR + high, left : column + NEAR + wide]
        fine = matches(part, self.template.astype(np.float32))
        row, column = (int(at) for at in np.unravel_index(fine.argmax(), fine.shape))
        return top + row, left + column


def _halved_match(grey: np.ndarray, template: np.ndarray) -> np.ndarray:
    return matches(_halved(grey), _halved(template.astype(np.float32)))


def _halved(image: np.ndarray) -> np.ndarray:
    high, wide = (side // 2 for side in image.shape)
    return image[: 2 * high, : 2 * wide].reshape(high, 2, wide, 2).mean((1, 3))


def matches(image: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Give the normalized cross-correlation of a template with an image at every place where it fits in."""
    from scipy.signal import fftconvolve

    centred, ones = template - template.mean(), np.ones(template.shape, np.float32)
    sums, squares = fftconvolve(image, ones, "valid"), fftconvolve(np.square(image), ones, "valid")
    spread = np.maximum(squares - np.square(sums) / template.size, 1.0) * np.square(centred).sum()
    found: np.ndarray = fftconvolve(image, centred[::-1, ::-1], "valid") / np.sqrt(spread)
    return found


CROPS: dict[str, Any] = {"fit": Fit, "mouth": Mouth}
"""How frames of another size are brought to a codec's."""
