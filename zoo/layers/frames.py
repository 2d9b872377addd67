"""The front end of networks that see: pictures through strided convolutions, or vectors as they are.

Frames are whole numbers, as cameras and files give them. Each is brought to a mean of 0 and a deviation of 1, so that
light and contrast do not count, and seen together with the `SEEN - 1` frames before it, so that motion does. These are
explicit state, flat, zeros at the beginning: `f0_0`. A network that reads backwards too starts from zeros.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.core.frames import GROWTH, KERNELS, SEEN
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError
from zoo.layers.streaming import PACKAGE, Front, behind, last_of, projected, projection

LEAST = 10.0  # of 255, added to the deviation of a frame's pixels: noise of a black frame is no picture


@dataclass(frozen=True)
class FrameFrontEnd:
    """Strided convolutions of each frame beside those before it; vectors are projected.

    Its recipes have a setting `filters`.

    Attributes:
        shape: Of a frame: `(height, width)`, `(height, width, 3)` or `(features,)`.
        stateless: There are no states: what is seen begins with each call.
    """

    shape: tuple[int, ...]
    stateless: bool

    @property
    def pixels(self) -> bool:
        """Whether frames are images."""
        return len(self.shape) > 1

    def sizes(self, _recipe: Recipe) -> dict[str, int]:
        """Return the state inputs below the recurrent layers, name → size."""
        if self.stateless or not self.pixels:
            return {}
        return {"f0_0": (SEEN - 1) * int(np.prod(self.shape))}

    def shapes(self, recipe: Recipe) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights.

        Raises:
            ArgumentError: There are images and no filters.
        """
        if not self.pixels:
            return projected(self.shape[0], recipe.embedding)
        if not (filters := recipe.settings.filters):
            raise ArgumentError("filters=0: images go through convolutions: give at least 1")
        found: dict[str, tuple[int, ...]] = {}
        channels, sides = SEEN * (3 if len(self.shape) == 3 else 1), self.shape[:2]
        for i, (growth, kernel) in enumerate(zip(GROWTH, KERNELS, strict=True)):
            found[f"convolution_{i}/kernel"] = (kernel, kernel, channels, growth * filters)
            found[f"convolution_{i}/bias"] = (growth * filters,)
            channels, sides = growth * filters, tuple(-(-side // 2) for side in sides)
        return found | projected(sides[0] * sides[1] * channels, recipe.embedding)

    def below(self, x: Any, recipe: Recipe, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Return what the recurrent layers get, `(batch, time, recipe.embedding)`, and the new states.

        Args:
            x: `(batch, time, height, width)`, or with a last axis of 3, uint8; or `(batch, time, features)`.
            recipe: Filters of the first convolution, size of the result.
            states: Those of `sizes`.
        """
        if not self.pixels:
            return projection(x, recipe.embedding), []
        hidden, last = Frames(name="frames")([x, next(iter(states), None)])
        for i, (growth, kernel) in enumerate(zip(GROWTH, KERNELS, strict=True)):
            filters = growth * recipe.settings.filters
            convolution = layers.Conv2D(filters, kernel, 2, "same", activation="relu", name=f"convolution_{i}")
            hidden = convolution(hidden)
        hidden = layers.Flatten(name="flat")(hidden)
        hidden = projection(InTime(name="in_time")([hidden, x]), recipe.embedding)
        return hidden, [] if self.stateless else [last]


@keras.saving.register_keras_serializable(PACKAGE)
class Frames(Front):
    """Frames `(batch, time, height, width, …)` → pictures `(batch * time, height, width, channels)`.

    The channels are those of a frame and of the `SEEN - 1` before it.
    """

    def call(self, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Bring each frame to a mean of 0 and a deviation of 1; put it behind those before it."""
        x, state = inputs
        shape = x.shape[2:] if len(x.shape) == 5 else (*x.shape[2:], 1)
        line = ops.cast(ops.reshape(x, (ops.shape(x)[0], ops.shape(x)[1], *shape)), self.compute_dtype)
        line = line - ops.mean(line, axis=(2, 3, 4), keepdims=True)
        line = line / (ops.sqrt(ops.mean(ops.square(line), axis=(2, 3, 4), keepdims=True)) + LEAST)
        line = behind(line, state, SEEN - 1)
        last, time = last_of(line, SEEN - 1), ops.shape(x)[1]
        seen = ops.concatenate([line[:, i : time + i] for i in range(SEEN)], -1)
        return ops.reshape(seen, (-1, *shape[:2], SEEN * shape[2])), last


@keras.saving.register_keras_serializable(PACKAGE)
class InTime(Front):
    """`[y (batch * time, features), x (batch, time, …)]` → `(batch, time, features)`."""

    def call(self, inputs: Sequence[Any]) -> Any:
        """Reshape."""
        y, x = inputs
        return ops.reshape(y, (ops.shape(x)[0], ops.shape(x)[1], y.shape[-1]))
