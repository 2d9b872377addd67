"""Weights in and out of networks, and from one network to another."""

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import ArgumentError

ENCODER = "encoder"
"""What all layers below the recurrent ones are called together."""


def weights(network: keras.Model, dtype: str = "float16") -> dict[str, np.ndarray]:
    """Give the trained arrays by path (`recurrent_0/lstm_cell/kernel`), as they are stored."""
    return {variable.path: ops.convert_to_numpy(variable).astype(dtype) for variable in network.weights}


def set_weights(network: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Put stored arrays into a network.

    Raises:
        ArgumentError: Names or shapes are not those of the network.
    """
    variables = {variable.path: variable for variable in network.weights}
    expected = {path: tuple(variable.shape) for path, variable in variables.items()}
    found = {path: tuple(array.shape) for path, array in arrays.items()}
    if expected != found:
        different = sorted(expected.items() ^ found.items())
        raise ArgumentError(f"the weights are those of another network: {different[:4]}")
    for path, variable in variables.items():
        variable.assign(arrays[path].astype(np.float32))


def copied(source: keras.Model, target: keras.Model) -> None:
    """Give a network those weights that another one has under the same names."""
    arrays = weights(source, "float32")
    set_weights(target, {path: arrays[path] for path in weights(target)})


def resize_vocabulary(
    arrays: dict[str, np.ndarray], new: dict[str, np.ndarray], symbols: Any, classes: Any, features: Any
) -> dict[str, Any]:
    """Fit trained arrays to a codec with other symbols, classes and features.

    A new symbol has the vector that a new network gave it. A new class begins as rare as the rarest there is. Features
    that stand for one of the trained network share its weights.

    Args:
        arrays: Of the trained network.
        new: Of an untrained network of that codec.
        symbols: `(symbols,)`: for each of its input symbols that of the trained network, -1 where it is new.
        classes: `(classes,)`: the same for its classes.
        features: `(features,)`: for each of its input features that of the trained network.

    Returns:
        Arrays of the new network's paths and shapes.
    """
    bias = arrays["y/bias"]
    known = np.where(np.asarray(classes) < 0, np.argmin(bias), classes)
    arrays = {**arrays, "y/bias": bias[known]}
    if "y/kernel" in arrays:  # otherwise logits are made with the vectors of symbols
        arrays["y/kernel"] = arrays["y/kernel"][:, known]
    if "embedding/embeddings" not in arrays:  # inputs are numbers, and the same
        return arrays
    table = arrays["embedding/embeddings"]
    fresh = np.asarray(symbols)[:, None] < 0
    share = np.bincount(features)[features][:, None, None]
    first = {p: a for p, a in arrays.items() if p.startswith("recurrent_0/") and p.endswith("/kernel")}
    wide = len(next(iter(first.values())))  # rows of the features; in the head those of the recurrent layers follow
    if "head/kernel" in arrays:
        first["head/kernel"] = arrays["head/kernel"]
    for path, kernel in first.items():
        rows = kernel[:wide].reshape(-1, table.shape[1], kernel.shape[-1])[features] / share
        first[path] = np.concatenate([rows.reshape(-1, kernel.shape[-1]), kernel[wide:]])
    return {
        **arrays,
        **first,
        "embedding/embeddings": np.where(fresh, new["embedding/embeddings"], table[symbols]),
    }
