"""What stands below the recurrent layers of a network that sees: convolutions of each frame beside those before it.

Frames are whole numbers, as cameras and files give them. Each is brought to a mean of 0 and a deviation of 1, so that
light and contrast do not count, and seen together with the `SEEN - 1` frames before it, so that motion does. These are
explicit state, flat, zeros at the beginning: `f0_0`. A network that reads backwards too starts from zeros.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.core.recipe import Recipe
from zoo.layers.recurrent import PACKAGE
from zoo.layers.streaming import Front, behind, last_of
from zoo.tasks.video.codec import GROWTH

SEEN = 3  # frames
KERNELS = (5, 3, 3, 3)
LEAST = 10.0  # of 255, added to the deviation of a frame's pixels: noise of a black frame is no picture


def sizes(codec: Any, recipe: Recipe) -> dict[str, int]:  # noqa: ARG001
    """Give the state inputs below the recurrent layers, name → size."""
    return {} if codec.whole or not codec.pixels else {"f0_0": (SEEN - 1) * int(np.prod(codec.shape))}


def below(x: Any, codec: Any, recipe: Recipe, states: Sequence[Any]) -> tuple[Any, list[Any]]:
    """Give what the recurrent layers see, `(batch, time, recipe.embedding)`, and the new states.

    Args:
        x: `(batch, time, height, width)`, or with a last axis of 3, uint8; or `(batch, time, features)`.
        codec: `VideoCodec` whose inputs they are.
        recipe: Filters of the first convolution, size of the result.
        states: Those of `sizes`.
    """
    hidden, new = x, []
    if codec.pixels:
        hidden, last = Frames(name="frames")([x, next(iter(states), None)])
        new = [] if codec.whole else [last]
        for i, (growth, kernel) in enumerate(zip(GROWTH, KERNELS, strict=True)):
            convolution = layers.Conv2D(
                growth * recipe.filters, kernel, 2, "same", activation="relu", name=f"convolution_{i}"
            )
            hidden = convolution(hidden)
        hidden = layers.Flatten(name="flat")(hidden)
        hidden = InTime(name="in_time")([hidden, x])
    hidden = layers.Dense(recipe.embedding, name="embedding")(hidden)
    return layers.LayerNormalization(name="normalization")(hidden), new


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
