"""Random inputs to try a Keras model with."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.core.states import is_state
from zoo.runtime.signature import Tensor

from .cells import walk
from .lookups import draw_tokens, lookups

SPACE = 8  # size tried for a free axis that is neither batch nor time
MAX_ID = 10  # ids tried where no embedding says how many there are
PADDINGS = 5  # rows of a batch are, in turn: not padded, padded right, left, in the middle, at random


def draw(rng: np.random.Generator, network: Any, tensor: Tensor, batch: int, time: int, padded: bool,
         first: Sequence[Any] = ()) -> np.ndarray:  # fmt: skip
    """Draw an input of a network: ids, words, booleans or normal numbers; states between -1 and 1.

    Args:
        rng: Random generator.
        network: The Keras model.
        tensor: The input.
        batch: Size of axis 0.
        time: Size of axis 1, if it is free.
        padded: Pad some steps, if the network masks any.
        first: The layers that take the input as it is, as far as they are known.
    """
    head = (batch, *((time if tensor.shape[1] is None else tensor.shape[1],) if len(tensor.shape) > 1 else ()))
    shape = (*head, *(SPACE if size is None else size for size in tensor.shape[2:]))
    if tensor.dtype == "bool":
        return rng.random(shape) < 0.5
    tables = lookups(first) or ([] if first else lookups([layer for _, layer in walk(network)]))
    if tensor.dtype == "string" or ("int" in tensor.dtype and tables):
        return draw_tokens(rng, tables, tensor.dtype, shape)
    layers = {type(layer).__name__: layer for _, layer in walk(network)}
    embedded = "Embedding" in layers and len(shape) == 2 and tensor.shape[1] is None
    if "int" in tensor.dtype or embedded or any(type(layer).__name__ == "Embedding" for layer in first):
        padding: Any = 0
        count = ids(network)
        values = rng.integers(min(1, count - 1), count, shape).astype(float)
    else:
        values = rng.uniform(-1, 1, shape) if is_state(tensor.name) else rng.normal(0, 1, shape)
        padding = getattr(layers.get("Masking"), "mask_value", None)
    values = values.astype(tensor.dtype)
    if padded and len(shape) > 1 and padding is not None:
        values[padding_of(rng, *shape[:2])] = padding
    return values


def zeros(tensor: Tensor, batch: Any, time: Any) -> Any:
    """Return zeros, or empty texts, in the shape of an input, as a tensor of the graph that is being traced."""
    import tensorflow as tf

    free = [batch, time, *[1] * len(tensor.shape)]
    sizes = [free[axis] if size is None else size for axis, size in enumerate(tensor.shape)]
    return tf.fill(tf.stack(sizes), "" if tensor.dtype == "string" else tf.zeros((), tensor.dtype))


def ids(network: Any) -> int:
    """Return how many ids every embedding of a model knows."""
    sizes = [getattr(layer, "input_dim", None) or getattr(layer, "num_tokens", None) for _, layer in walk(network)]
    return min([size for size in sizes if isinstance(size, int)], default=MAX_ID)


def padding_of(rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
    """Choose which steps `(batch, time)` are padding; never all of a row."""
    at, cut = np.arange(time), np.sort(rng.integers(0, time, (batch, 2)), axis=1)
    rows = [
        [at < 0, at > a, at < a, (at > a) & (at <= b), rng.random(time) < 0.4][i % PADDINGS]
        for i, (a, b) in enumerate(cut)
    ]
    padded = np.array(rows)
    padded[padded.all(axis=1), -1] = False
    return padded
