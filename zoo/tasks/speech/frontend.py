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

from zoo.core.mel import OVERLAP
from zoo.core.recipe import Recipe
from zoo.layers.sound import Convolution, LogMel, convolved, state_sizes, weight_shapes
from zoo.layers.streaming import PACKAGE, Front, Regroup, behind, last_of, projected
from zoo.tasks.speech.features import BANDS, MEMORY

KERNEL, CONVOLUTIONS = 5, 2


def _convolutions(recipe: Recipe) -> tuple[Convolution, ...]:
    filters = recipe.settings.filters
    return (Convolution(filters, KERNEL),) * CONVOLUTIONS if filters else ()


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
        sizes = state_sizes(_convolutions(recipe), BANDS)
        return below | {f"f0_{i + 2}": size for i, size in enumerate(sizes)}

    def shapes(self, recipe: Recipe) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        found, wide = weight_shapes(_convolutions(recipe), BANDS)
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
        if convolutions := _convolutions(recipe):
            hidden, lasts = convolved(hidden, convolutions, BANDS, given)
            new += lasts
        hidden = Regroup(1, (-1,), name="steps")(hidden)
        hidden = layers.Dense(recipe.embedding, name="embedding")(hidden)
        hidden = layers.LayerNormalization(name="normalization")(hidden)
        return hidden, [] if self.bidirectional else new


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
