"""What stands below the recurrent layers of a speech network: log-mel features of samples, and strided convolutions.

All of it sees the past only; what it must remember from call to call is explicit state, flat, zeros at the beginning:

- `f0_0`: the last samples, which windows of the next call reach back to;
- `f0_1`: the band averages of the last steps, for the running average (not where the whole recording is averaged);
- `f0_2`, `f0_3`, …: the last frames below each convolution.

A network that sees both sides has none of them: it starts from zeros.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.core.recipe import Recipe
from zoo.layers.streaming import PACKAGE, Front, Regroup, behind, last_of, projected, regrouped
from zoo.tasks.speech.features import BANDS, FLOOR, FRAMES, HOP, MEMORY, OVERLAP, WINDOW, filters
from zoo.tasks.speech.recordings import STEP

KERNEL, STRIDE, CONVOLUTIONS = 5, 2, 2  # frames, and bands
BEFORE = KERNEL - STRIDE  # frames that a convolution sees of the call before
ROOT = 20  # of WINDOW: the Fourier transform is one of 20 times 20 points
SMALL = 1000  # numbers of a matrix that no quantization touches
GAIN = 1000.0  # of samples: with it the floor of their power is a number that float16 has


def _bands(convolutions: int) -> int:
    return BANDS // STRIDE**convolutions


@dataclass(frozen=True)
class SpeechFrontEnd:
    """Log-mel features of samples, and strided convolutions.

    Attributes:
        mean: Of each band, `(BANDS,)`.
        deviation: Standard deviation of each band, `(BANDS,)`.
        bidirectional: For a bidirectional network, which has no states.
        samples: The input is samples; else the features that are made of them.
    """

    mean: np.ndarray
    deviation: np.ndarray
    bidirectional: bool
    samples: bool

    def sizes(self, recipe: Recipe) -> dict[str, int]:
        """Return the state inputs below the recurrent layers, name → size, in the order of the network's inputs."""
        if self.bidirectional:
            return {}
        below = {"f0_0": OVERLAP, "f0_1": (MEMORY - 1) * BANDS} if self.samples else {}
        filters = recipe.settings.filters
        inputs = [BANDS] + [_bands(i + 1) * filters for i in range(CONVOLUTIONS - 1)] if filters else []
        return below | {f"f0_{i + 2}": BEFORE * size for i, size in enumerate(inputs)}

    def shapes(self, recipe: Recipe) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        filters, wide = recipe.settings.filters, FRAMES * BANDS
        found: dict[str, tuple[int, ...]] = {}
        if filters:
            for i in range(CONVOLUTIONS):
                found[f"convolution_{i}/kernel"] = (KERNEL, KERNEL, filters if i else 1, filters)
                found[f"convolution_{i}/bias"] = (filters,)
            wide = FRAMES // STRIDE**CONVOLUTIONS * _bands(CONVOLUTIONS) * filters
        return found | projected(wide, recipe.embedding)

    def below(self, x: Any, recipe: Recipe, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Return what the recurrent layers get, `(batch, steps, recipe.embedding)`, and the new states.

        Args:
            x: `(batch, steps, STEP)` samples, or `(batch, steps, FRAMES * BANDS)` features; see `SpeechCodec`.
            recipe: Filters of a convolution, size of the result.
            states: Those of `sizes`.
        """
        hidden, new = x, []
        given = iter(states)
        if self.samples:
            hidden, samples = LogMel(self.mean, self.deviation, name="log_mel")([hidden, next(given, None)])
            average = WholeAverage(name="average") if self.bidirectional else RunningAverage(name="average")
            hidden, last = average([hidden, next(given, None)])
            new = [samples, last]
        if recipe.settings.filters:
            hidden = Regroup(FRAMES, (BANDS, 1), name="frames")(hidden)
            for i in range(CONVOLUTIONS):
                hidden, last = Before(BEFORE, name=f"before_{i}")([hidden, next(given, None)])
                hidden = layers.ZeroPadding2D(((0, 0), (KERNEL // 2, KERNEL // 2)), name=f"edge_{i}")(hidden)
                convolution = layers.Conv2D(
                    recipe.settings.filters, KERNEL, STRIDE, activation="relu", name=f"convolution_{i}"
                )
                hidden = convolution(hidden)
                new.append(last)
        hidden = Regroup(1, (-1,), name="steps")(hidden)
        hidden = layers.Dense(recipe.embedding, name="embedding")(hidden)
        hidden = layers.LayerNormalization(name="normalization")(hidden)
        return hidden, [] if self.bidirectional else new


def transform() -> dict[str, np.ndarray]:
    """Give the parts of the discrete Fourier transform of a Hann window times `GAIN`, in two stages of 20 points each.

    With n = 20 a + b, k = c + 20 d and w the 400th root of one: X_k = sum over b of w^(20 b d) w^(b c) sum over a of
    x_n w^(20 a c). Every matrix is small, so that nothing of it is stored or computed in int8.

    Reference: Cooley & Tukey, An Algorithm for the Machine Calculation of Complex Fourier Series, 1965.
    """
    at, line = np.arange(ROOT), np.arange(WINDOW)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * line / WINDOW)
    inner = 2 * np.pi * np.outer(at, at) / ROOT
    outer = inner[:, : WINDOW // 2 // ROOT + 1]
    found = {
        "window": GAIN * hann.reshape(ROOT, ROOT),
        "inner": np.concatenate([np.cos(inner), -np.sin(inner)], 1),
        "turn_re": np.cos(inner / ROOT), "turn_im": -np.sin(inner / ROOT),
        "outer_re": np.cos(outer), "outer_im": -np.sin(outer),
    }  # fmt: skip
    return {name: array.astype(np.float32) for name, array in found.items()}


def groups() -> list[tuple[int, int, np.ndarray]]:
    """Cut the mel filters into small matrices: first bin, bin after the last, `(bins, bands)`."""
    matrix, found, first = filters(), [], 0
    reach = [(int(np.flatnonzero(column)[0]), int(np.flatnonzero(column)[-1]) + 1) for column in matrix.T]
    for band in range(1, BANDS + 1):
        low = min(low for low, _ in reach[first:band])
        if band == BANDS or (max(high for _, high in reach[first : band + 1]) - low) * (band + 1 - first) > SMALL:
            high = max(high for _, high in reach[first:band])
            found.append((low, high, np.ascontiguousarray(matrix[low:high, first:band])))
            first = band
    return found


@keras.saving.register_keras_serializable(PACKAGE)
class LogMel(Front):
    """Samples `(batch, steps, STEP)` → features `(batch, steps, FRAMES, BANDS)`; see `zoo.tasks.speech.codec`.

    Args:
        mean: Of each band, taken off.
        deviation: Of each band, divided by.
    """

    def __init__(self, mean: Any, deviation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.mean, self.deviation = (np.asarray(values, np.float32) for values in (mean, deviation))
        self.parts, self.groups = transform(), groups()
        self.shift = self.mean + np.float32(2 * np.log(GAIN))

    def call(self, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Transform windows of samples."""
        x, state = inputs
        line = behind(regrouped(x, STEP, ()), state, OVERLAP)
        power = self._power(self._windows(line))
        bands = ops.concatenate([ops.matmul(power[..., low:high], part) for low, high, part in self.groups], -1)
        features = (ops.log(ops.maximum(bands, FLOOR * GAIN**2)) - self.shift) / self.deviation
        return regrouped(features, 1 / FRAMES, (FRAMES, BANDS)), last_of(line, OVERLAP)

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
        return {**super().get_config(), "mean": self.mean.tolist(), "deviation": self.deviation.tolist()}


@keras.saving.register_keras_serializable(PACKAGE)
class RunningAverage(Front):
    """Take off features `(batch, steps, FRAMES, BANDS)` their average over the last `MEMORY` steps."""

    def call(self, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Average over time."""
        x, state = inputs
        line = behind(ops.mean(x, axis=2), state, MEMORY - 1)
        return x - ops.expand_dims(ops.average_pool(line, MEMORY, 1, "valid"), 2), last_of(line, MEMORY - 1)


@keras.saving.register_keras_serializable(PACKAGE)
class WholeAverage(Front):
    """Take off features `(batch, steps, FRAMES, BANDS)` their average over all steps."""

    def call(self, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Average over time."""
        x, _ = inputs
        average = ops.mean(x, axis=(1, 2), keepdims=True)
        return x - average, average


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
