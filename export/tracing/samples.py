"""Random inputs to try a Keras model with."""

from typing import Any

import numpy as np

from export.signature import Tensor
from export.tracing.cells import walk
from zoo.core.states import is_state

SPACE = 8  # size tried for a free axis that is neither batch nor time
MAX_ID = 10  # ids tried where no embedding says how many there are
PADDINGS = 5  # rows of a batch are, in turn: not padded, padded right, left, in the middle, at random


def draw(rng: np.random.Generator, network: Any, tensor: Tensor, batch: int, time: int, padded: bool) -> np.ndarray:
    """Draw an input of a network: ids, booleans or normal numbers; states between -1 and 1.

    Args:
        rng: Random generator.
        network: The Keras model.
        tensor: The input.
        batch: Size of axis 0.
        time: Size of axis 1, if it is free.
        padded: Pad some steps, if the network masks any.
    """
    head = (batch, *((time if tensor.shape[1] is None else tensor.shape[1],) if len(tensor.shape) > 1 else ()))
    shape = (*head, *(SPACE if size is None else size for size in tensor.shape[2:]))
    if tensor.dtype == "bool":
        return rng.random(shape) < 0.5
    layers = {type(layer).__name__: layer for _, layer in walk(network)}
    if "int" in tensor.dtype or ("Embedding" in layers and len(shape) == 2 and tensor.shape[1] is None):
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
