"""What layers below the recurrent ones share, of sound and of pictures: explicit state, reshaping, no weights."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

PACKAGE = "rnn_zoo"
"""What layers of this package are registered with Keras under."""


class Front(layers.Layer):
    """A layer without weights that takes `[x, state or None]` and gives `(y, new state)`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})  # it is among the options when Keras reads the layer


def regrouped(x: Any, times: float, rest: tuple[int, ...]) -> Any:
    """Reshape `x (batch, time, …)` to `(batch, times * time, *rest)`, with the time known where it is known of `x`."""
    rest = tuple(_size(x) if n == -1 else n for n in rest)
    if isinstance(x.shape[1], int):
        return ops.reshape(x, (-1, round(times * x.shape[1]), *rest))
    return ops.reshape(x, (ops.shape(x)[0], -1, *rest))


def _size(x: Any) -> int:
    return int(np.prod(x.shape[2:]))


@keras.saving.register_keras_serializable(PACKAGE)
class Regroup(Front):
    """`(batch, time, …)` → `(batch, times * time, *rest)`.

    Args:
        times: How many of the new steps a step makes.
        rest: The axes after the time.
    """

    def __init__(self, times: float, rest: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.times, self.rest = times, tuple(rest)

    def call(self, inputs: Any) -> Any:
        """Reshape."""
        return regrouped(inputs, self.times, self.rest)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "times": self.times, "rest": self.rest}


def behind(x: Any, state: Any, length: int) -> Any:
    """Put a flat state, or zeros, before the first of `x (batch, length, …)`."""
    if state is None:
        state = ops.zeros((ops.shape(x)[0], length, *x.shape[2:]), x.dtype)
    return ops.concatenate([ops.reshape(ops.cast(state, x.dtype), (-1, length, *x.shape[2:])), x], axis=1)


def last_of(x: Any, length: int) -> Any:
    """Give the last of `x (batch, time, …)` as a flat state."""
    return ops.cast(ops.reshape(x[:, -length:], (-1, length * int(np.prod(x.shape[2:])))), "float32")


def projected(wide: int, embedding: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a dense layer `embedding` on `wide` numbers, and of a layer `normalization` on top of it."""
    dense = {"embedding/kernel": (wide, embedding), "embedding/bias": (embedding,)}
    return {**dense, "normalization/gamma": (embedding,), "normalization/beta": (embedding,)}


def projection(hidden: Any, embedding: int) -> Any:
    """Return `(batch, time, embedding)` of `(batch, time, wide)`, by the layers whose shapes `projected` returns."""
    return layers.LayerNormalization(name="normalization")(layers.Dense(embedding, name="embedding")(hidden))
