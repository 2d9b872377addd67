"""What stands below the recurrent layers of a keyword network: log-mel features, and strided convolutions.

All of it sees the past only; what it must remember from call to call is explicit state, flat, zeros at the beginning:

- `f0_0`: the last samples, which windows of the next call reach back to;
- `f0_1`, `f0_2`: the last frames below each convolution.

A network that sees both sides has none of them: it starts from zeros.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import layers

from zoo.core.mel import OVERLAP
from zoo.core.recipe import Recipe
from zoo.layers.sound import Convolution, LogMel, convolved, state_sizes, weight_shapes
from zoo.layers.streaming import Regroup, projected
from zoo.tasks.keyword.features import BANDS

SMALL = 300  # numbers of a matrix of mel filters: what runs on a microcontroller is to be small


def _convolutions(recipe: Recipe) -> tuple[Convolution, ...]:
    filters = recipe.settings.filters
    return (Convolution(filters, 5), Convolution(3 * filters // 2, 3)) if filters else ()


@dataclass(frozen=True)
class KeywordFrontEnd:
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
        below = {"f0_0": OVERLAP} if self.samples else {}
        return below | {f"f0_{i}": size for i, size in enumerate(state_sizes(_convolutions(recipe), BANDS), 1)}

    def shapes(self, recipe: Recipe) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        found, wide = weight_shapes(_convolutions(recipe), BANDS)
        return found | projected(wide, recipe.embedding)

    def below(self, x: Any, recipe: Recipe, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Return what the recurrent layers get, `(batch, steps, recipe.embedding)`, and the new states.

        Args:
            x: `(batch, steps, STEP)` samples, or `(batch, steps, FRAMES * BANDS)` features; see `KeywordCodec`.
            recipe: Filters of the first convolution, size of the result.
            states: Those of `sizes`.
        """
        hidden, new, given = x, list[Any](), iter(states)
        if self.samples:
            hidden, last = LogMel(self.mean, self.deviation, SMALL, name="log_mel")([hidden, next(given, None)])
            new.append(last)
        if convolutions := _convolutions(recipe):
            hidden, lasts = convolved(hidden, convolutions, BANDS, given)
            new += lasts
        hidden = Regroup(1, (-1,), name="steps")(hidden)
        hidden = layers.Dense(recipe.embedding, name="embedding")(hidden)
        hidden = layers.LayerNormalization(name="normalization")(hidden)
        return hidden, [] if self.bidirectional else new
