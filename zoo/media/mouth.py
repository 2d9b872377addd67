"""Finding the mouth of a talking head."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from zoo.errors import ArgumentError
from zoo.media.scaling import Scaler, coloured, scaled

MOUTH = Path(__file__).parent / "mouth.png"
"""A closed mouth, the mean of the training clips of GRID's s1: `python benchmarks/bench_video.py --mouth` draws it."""
HEIGHT = 288  # pixels of a picture in which a talking head's mouth is as large as the template's
HEADS = (1.0, 0.8, 1.25, 0.64, 1.56)  # times that, where the first picture has a better match
MARGIN = 0.05  # by which another size must match better
EVERY, WEIGHT = 5, 0.25  # frames between two looks for the mouth; what a look counts beside those before it
NEAR = 4  # pixels around a coarse match that are searched
EDGES = (3, 4)  # rows and columns of the halved template that are left out, so that it can be moved within a mouth
LEAST_MATCH = 0.75  # of a mouth, see `Matching`


def template() -> np.ndarray:
    """Return the closed mouth, `(height, width)` uint8."""
    import av

    with av.open(str(MOUTH)) as container:
        found: np.ndarray = next(container.decode(video=0)).to_ndarray(format="gray")
    return found


class Mouth:
    """Cuts out the mouth of a talking head, which it follows from frame to frame.

    The first frame tells how large the head is: the size at which a template of a closed mouth matches best, by
    normalized cross-correlation (Lewis, Fast Normalized Cross-Correlation, 1995). Then the template is looked for in
    every fifth frame; the place moves a part of the way there. Only frames seen so far count.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size, self.template = size, template()
        self.count, self.place = 0, np.zeros(2)
        self.sides: tuple[int, int] = (0, 0)
        self.scaled = Scaler()

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Cut out the mouth of the next frame."""
        if not self.count:
            self.sides = self._sides(frame)
        frame = self.scaled(frame, *self.sides)
        grey = coloured(frame, False).astype(np.float32)
        if self.count % EVERY == 0:
            found = np.array(self._find(grey))
            self.place = self.place + (found - self.place) * (WEIGHT if self.count else 1)
        self.count += 1
        (top, left), (high, wide) = np.round(self.place).astype(int), self.template.shape
        return scaled(frame[top : top + high, left : left + wide], *self.size)

    def _sides(self, frame: np.ndarray) -> tuple[int, int]:
        """Give the size to scale frames to: the one at which the template matches the first frame best."""
        grey, least = coloured(frame, False), self.template.shape
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


class Matching:
    """Tells how well what is cut out matches a mouth, frame after frame.

    In every fifth frame the inner part of the template, or its mirror image, is moved over the frame; the match is the
    normalized cross-correlation at the best place, in half the size so that noise counts little, averaged over the
    looks so far. The template is the mouth that the shipped models were trained on: most other mouths match it less.
    The mouths of GRID's s1 match by 0.79 to 0.97, pictures without a face by less than 0.7, few by up to 0.8.
    """

    def __init__(self, height: int, width: int) -> None:
        closed = _halved(scaled(template(), height, width).astype(np.float32))
        down, along = EDGES
        inner = closed[down:-down, along:-along]
        both = np.stack([(one - one.mean()).ravel() for one in (inner, inner[:, ::-1])], 1)
        self.shape, self.templates = inner.shape, both / np.linalg.norm(both, axis=0)
        self.looks, self.count = list[float](), 0

    def __getitem__(self, frame: int) -> float:
        """Return the match of a frame that was passed on."""
        return self.looks[frame // EVERY]

    def found(self, least: float) -> np.ndarray:
        """Tell in which of the frames so far there is a mouth, `(time,)`: those that match it at least so well."""
        return np.repeat(np.array(self.looks) >= least, EVERY)[: self.count]

    def over(self, frames: Iterable[np.ndarray]) -> "Matching":
        """Look at frames; return itself."""
        deque(self.watched(frames), 0)
        return self

    def watched(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Pass on frames, `(height, width)` or `(height, width, 3)`, noting the match of each."""
        for frame in frames:
            if self.count % EVERY == 0:
                look = self._look(_halved(coloured(frame, False).astype(np.float32)))
                before = self.looks[-1] if self.looks else look
                self.looks.append(before + WEIGHT * (look - before))
            self.count += 1
            yield frame

    def _look(self, grey: np.ndarray) -> float:
        """Return the best match of the templates at any place: few places, so that no Fourier transform is worth it."""
        views = np.lib.stride_tricks.sliding_window_view(grey, self.shape)
        places = views.reshape(-1, int(np.prod(self.shape)))
        spread = np.maximum(places.var(1) * places.shape[1], 1.0)
        return float((places @ self.templates / np.sqrt(spread)[:, None]).max())


def _halved_match(grey: np.ndarray, template: np.ndarray) -> np.ndarray:
    return matches(_halved(grey), _halved(template.astype(np.float32)))


def _halved(image: np.ndarray) -> np.ndarray:
    high, wide = (side // 2 for side in image.shape)
    return image[: 2 * high, : 2 * wide].reshape(high, 2, wide, 2).mean((1, 3))


def matches(image: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return the normalized cross-correlation of a template with an image at every place where it fits in."""
    centred, size = template - template.mean(), template.size
    sums, squares = _windows(image, template.shape), _windows(np.square(image), template.shape)
    spread = np.maximum(squares - np.square(sums) / size, 1.0) * np.square(centred).sum()
    found: np.ndarray = _correlated(image, centred) / np.sqrt(spread)
    return found


def _correlated(image: np.ndarray, template: np.ndarray) -> np.ndarray:
    """Return the cross-correlation of a template with an image at every place where it fits in, by Fourier transforms.

    The transforms wrap around only where the template does not fit in.
    """
    sides = [_fast(side) for side in image.shape]
    spectrum = np.fft.rfft2(image, sides) * np.fft.rfft2(template, sides).conj()
    high, wide = (side - least + 1 for side, least in zip(image.shape, template.shape, strict=True))
    found: np.ndarray = np.fft.irfft2(spectrum, sides)[:high, :wide]
    return found


def _windows(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the sum of the pixels in a window of a shape, at every place where it fits in."""
    found = np.pad(image.astype(np.float64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    high, wide = shape
    found = found[high:] - found[:-high]
    return found[:, wide:] - found[:, :-wide]


def _fast(size: int) -> int:
    """Return the next size for which Fourier transforms are fast: 2, 3 and 5 are its only prime factors."""
    while True:
        left = size
        for factor in (2, 3, 5):
            while left % factor == 0:
                left //= factor
        if left == 1:
            return size
        size += 1
