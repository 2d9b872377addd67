"""Frames of any size and colour → frames as a codec has them; among them the mouth of a talking head."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from zoo.core.frames import FrameCodec
from zoo.errors import ArgumentError
from zoo.media.mouth import Mouth
from zoo.media.scaling import Scaler, coloured


def fitted(frames: Iterable[Any], codec: FrameCodec, gaps: bool = False) -> Iterator[np.ndarray]:
    """Give frames as a codec takes them, one after the other.

    Args:
        frames: `(height, width)` or `(height, width, 3)` uint8, or `(features,)` numbers.
        codec: Says size, color, and how larger frames are cut.
        gaps: Numbers may be missing (NaN).

    Raises:
        ArgumentError: One is no frame, or of another size than those before it.
    """
    crop, first = None, None
    for frame in frames:
        array = _checked(frame, codec, gaps)
        if array.shape != (first or array.shape):
            raise ArgumentError(f"a frame of {array.shape} after those of {first}: give frames of one size")
        first = array.shape
        if not codec.pixels:
            yield array
            continue
        array = coloured(array, codec.colour)
        if array.shape != codec.shape:
            crop = crop or CROPS[codec.crop](codec.shape[:2])
            array = crop(array)
        yield array


def _checked(frame: Any, codec: FrameCodec, gaps: bool) -> np.ndarray:
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
            raise ArgumentError(f"a frame of {array.dtype} {array.shape}: give {codec.shape[0]} numbers")
        if np.isinf(array).any() or (not gaps and np.isnan(array).any()):
            raise ArgumentError("a frame has values that are no numbers")
        return array.astype(np.float32)
    good = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if not good or array.dtype != np.uint8 or not array.size:
        raise ArgumentError(
            f"a frame of {array.dtype} {array.shape}: give uint8 pixels, (height, width) or (height, width, 3)"
        )
    return array


class Fit:
    """Scales frames so that they cover a size, and cuts what is beyond it off both ends."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size, self.scaled = size, Scaler()

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Bring a frame to the size."""
        high, wide = self.size
        scale = max(high / frame.shape[0], wide / frame.shape[1])
        sides = [max(side, round(scale * own)) for side, own in zip(self.size, frame.shape[:2], strict=True)]
        frame = self.scaled(frame, *sides)
        top, left = (sides[0] - high) // 2, (sides[1] - wide) // 2
        return frame[top : top + high, left : left + wide]


CROPS: dict[str, Any] = {"fit": Fit, "mouth": Mouth}
"""How frames of another size are brought to a codec's."""
