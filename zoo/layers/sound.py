"""Layers below the recurrent ones of networks that hear samples: log-mel features, and strided convolutions.

All of them see the past only; what they must remember from call to call is explicit state, flat, zeros at first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.core.mel import FLOOR, FRAMES, HOP, OVERLAP, STEP, WINDOW, filters
from zoo.layers.streaming import PACKAGE, Front, Regroup, behind, last_of, regrouped

STRIDE = 2  # of a convolution, over frames and bands
ROOT = 20  # of WINDOW: the Fourier transform is one of 20 times 20 points
SMALL = 1000  # numbers of a matrix that no quantization touches
GAIN = 1000.0  # of samples: with it the floor of their power is a number that float16 has


@dataclass(frozen=True)
class Convolution:
    """A convolution over frames and bands, with a stride of 2 in both.

    Attributes:
        filters: How many.
        kernel: Frames, and bands, that each of them covers: an odd number.
    """

    filters: int
    kernel: int

    @property
    def before(self) -> int:
        """Frames that it sees of the call before."""
        return self.kernel - STRIDE


def _inputs(convolutions: Sequence[Convolution], bands: int) -> list[tuple[int, int]]:
    """Return bands and channels below each convolution, and above the last."""
    channels = [1, *(row.filters for row in convolutions)]
    return [(-(-bands // STRIDE**i), count) for i, count in enumerate(channels)]


def state_sizes(convolutions: Sequence[Convolution], bands: int) -> list[int]:
    """Return the size of the state of each convolution."""
    inputs = _inputs(convolutions, bands)
    return [row.before * wide * channels for row, (wide, channels) in zip(convolutions, inputs, strict=False)]


def weight_shapes(convolutions: Sequence[Convolution], bands: int) -> tuple[dict[str, tuple[int, ...]], int]:
    """Return the shapes of the weights of convolutions by their paths, and how many numbers they make of a step."""
    inputs, found = _inputs(convolutions, bands), dict[str, tuple[int, ...]]()
    for i, (row, (_, channels)) in enumerate(zip(convolutions, inputs, strict=False)):
        found[f"convolution_{i}/kernel"] = (row.kernel, row.kernel, channels, row.filters)
        found[f"convolution_{i}/bias"] = (row.filters,)
    wide, channels = inputs[-1]
    return found, FRAMES // STRIDE ** len(convolutions) * wide * channels


def convolved(x: Any, convolutions: Sequence[Convolution], bands: int, given: Iterator[Any]) -> tuple[Any, list[Any]]:
    """Apply convolutions to features of steps; return what they make of them, and the new states.

    Args:
        x: `(batch, steps, FRAMES, bands)`, or the last two axes as one.
        convolutions: The first of them below.
        bands: Of the features.
        given: States, of `state_sizes`; zeros where there are no more.
    """
    new: list[Any] = []
    hidden = Regroup(FRAMES, (bands, 1), name="frames")(x)
    for i, row in enumerate(convolutions):
        hidden, last = Before(row.before, name=f"before_{i}")([hidden, next(given, None)])
        hidden = layers.ZeroPadding2D(((0, 0), (row.kernel // 2, row.kernel // 2)), name=f"edge_{i}")(hidden)
        hidden = layers.Conv2D(row.filters, row.kernel, STRIDE, activation="relu", name=f"convolution_{i}")(hidden)
        new.append(last)
    return hidden, new


def transform() -> dict[str, np.ndarray]:
    """Give the parts of the discrete Fourier transform of a Hann window times `GAIN`, in two stages of 20 points each.

    With n = 20 a + b, k = c + 20 d and w the 400th root of one: X_k = sum over b of w^(20 b d) w^(b c) sum over a of
    x_n w^(20 a c). Every matrix is small, so that nothing of it is stored or computed in int8.

    Reference: Cooley & Tukey, An Algorithm for the Machine Calculation of Complex Fourier Series, 1965.
    """
    at, line = np.arange(ROOT), np.arange(WINDOW)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * line / WINDOW)  # in double precision
    inner = 2 * np.pi * np.outer(at, at) / ROOT
    outer = inner[:, : WINDOW // 2 // ROOT + 1]
    found = {
        "window": GAIN * hann.reshape(ROOT, ROOT),
        "inner": np.concatenate([np.cos(inner), -np.sin(inner)], 1),
        "turn_re": np.cos(inner / ROOT), "turn_im": -np.sin(inner / ROOT),
        "outer_re": np.cos(outer), "outer_im": -np.sin(outer),
    }  # fmt: skip
    return {name: array.astype(np.float32) for name, array in found.items()}


def groups(bands: int, most: int = SMALL) -> list[tuple[int, int, np.ndarray]]:
    """Cut the mel filters into matrices of so many numbers at most: first bin, bin after the last, `(bins, bands)`."""
    matrix, found, first = filters(bands), [], 0
    reach = [(int(np.flatnonzero(column)[0]), int(np.flatnonzero(column)[-1]) + 1) for column in matrix.T]
    for band in range(1, bands + 1):
        low = min(low for low, _ in reach[first:band])
        if band == bands or (max(high for _, high in reach[first : band + 1]) - low) * (band + 1 - first) > most:
            high = max(high for _, high in reach[first:band])
            found.append((low, high, np.ascontiguousarray(matrix[low:high, first:band])))
            first = band
    return found


@keras.saving.register_keras_serializable(PACKAGE)
class LogMel(Front):
    """Samples `(batch, steps, STEP)` → log-mel features `(batch, steps, FRAMES, bands)`; see `zoo.core.mel`.

    Args:
        mean: Of each band, `(bands,)`, taken off.
        deviation: Of each band, divided by.
        most: Numbers of a matrix of mel filters, at most: fewer make a smaller file of more operations.
    """

    keeps_float = True  # where activations are integers: power spans many powers of ten

    def __init__(self, mean: Any, deviation: Any, most: int = SMALL, **options: Any) -> None:
        super().__init__(**options)
        self.most = most
        self.mean, self.deviation = (np.asarray(values, np.float32) for values in (mean, deviation))
        self.parts, self.groups = transform(), groups(len(self.mean), most)
        self.shift = self.mean + np.float32(2 * np.log(GAIN))

    def call(self, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Transform windows of samples."""
        x, state = inputs
        line = behind(regrouped(x, STEP, ()), state, OVERLAP)
        power = self._power(self._windows(line))
        bands = ops.concatenate([ops.matmul(power[..., low:high], part) for low, high, part in self.groups], -1)
        features = (ops.log(ops.maximum(bands, FLOOR * GAIN**2)) - self.shift) / self.deviation
        return regrouped(features, 1 / FRAMES, (FRAMES, len(self.mean))), last_of(line, OVERLAP)

    def _windows(self, line: Any) -> Any:
        """Cut samples `(batch, samples)` into windows `(batch, frames, a, b)`: samples 20 a + b of each."""
        behind = (line[:, :-OVERLAP], line[:, HOP : HOP - OVERLAP], line[:, OVERLAP:])
        first, second, third = (regrouped(part, 1 / HOP, (HOP,)) for part in behind)
        whole = ops.concatenate([first, second, third[..., 2 * HOP - OVERLAP :]], -1)
        return regrouped(whole, 1, (ROOT, ROOT)) * self.parts["window"]

    def _power(self, windows: Any) -> Any:
        """Give the power of each bin, `(batch, frames, bins)`."""
        parts = self.parts
        sums = ops.matmul(ops.transpose(windows, (0, 1, 3, 2)), parts["inner"])  # over a: (b, c)
        re, im = sums[..., :ROOT], sums[..., ROOT:]
        re, im = re * parts["turn_re"] - im * parts["turn_im"], re * parts["turn_im"] + im * parts["turn_re"]
        re, im = (ops.transpose(part, (0, 1, 3, 2)) for part in (re, im))  # (c, b)
        cosines = [ops.matmul(part, parts["outer_re"]) for part in (re, im)]
        sines = [ops.matmul(part, parts["outer_im"]) for part in (re, im)]
        power = ops.square(cosines[0] - sines[1]) + ops.square(sines[0] + cosines[1])  # (c, d)
        return regrouped(ops.transpose(power, (0, 1, 3, 2)), 1, (-1,))[..., : WINDOW // 2 + 1]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        figures = {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}
        return {**super().get_config(), **figures, "most": self.most}


@keras.saving.register_keras_serializable(PACKAGE)
class Before(Front):
    """Put the last frames of the call before in front of frames `(batch, frames, bands, channels)`.

    Args:
        frames: How many.
    """

    def __init__(self, frames: int, **options: Any) -> None:
        super().__init__(**options)
        self.frames = frames

    def call(self, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Join them."""
        x, state = inputs
        line = behind(x, state, self.frames)
        return line, last_of(line, self.frames)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "frames": self.frames}
