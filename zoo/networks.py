"""Architecture × codec → a Keras network with explicit state.

Every network has the same face: inputs `x, h0_0, c0_0, h0_1, …`, outputs `y, hn_0, cn_0, …`.
Nothing is hidden: what a call returns as state is what the next call takes.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo import acoustics, vision
from zoo.architectures import STATES, Architecture, state_names
from zoo.codecs import Codec
from zoo.errors import ArgumentError
from zoo.layers import GRU, LSTM, SimpleRNN
from zoo.tasks import Recipe

CELLS: dict[str, Any] = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
ENCODER = "encoder"
"""What all layers below the recurrent ones are called together."""
FRONTS: dict[str, Any] = {"sound": acoustics, "frames": vision}
"""What stands below the recurrent layers, by the kind of a codec's inputs, instead of an embedding."""


def network(architecture: Architecture, codec: Codec, recipe: Recipe) -> keras.Model:
    """Build an untrained network.

    Every input feature has a vector in one shared table; their concatenation goes through the recurrent layers,
    and a dense layer gives the logits. With a `head` a layer before that sees the concatenation beside the recurrent
    layers' outputs (as in DeepBach: Hadjeres, Pachet & Nielsen, ICML 2017).

    Args:
        architecture: Row of `ARCHITECTURES`.
        codec: Says how many features and symbols go in and how many classes come out.
        recipe: Says the sizes and the dropout.

    Raises:
        ArgumentError: Filters are asked for where there is no sound.

    Returns:
        Model `[x (batch, time, features) int32, states (batch, units) …]` →
        `[y (batch, time, classes) logits, new states …]`; a bidirectional one has no states.
    """
    x = keras.Input((None, *codec.shape), dtype=codec.dtype, name="x")
    front = FRONTS.get(codec.front)
    if recipe.filters and not front:
        raise ArgumentError(f"filters={recipe.filters}: convolutions are for speech and video; leave it out")
    sizes = front.sizes(codec, recipe) if front else {}
    below = [keras.Input((size,), name=name) for name, size in sizes.items()]
    given = [keras.Input((recipe.units,), name=name) for name in state_names(architecture, recipe.layers)]
    hidden, returned = x, list[Any]()
    if front:
        hidden, returned = front.below(x, codec, recipe, below)
    elif codec.dtype == "int32":
        hidden = layers.Embedding(codec.symbols, recipe.embedding, name="embedding")(hidden)
        hidden = layers.Reshape((-1, codec.features * recipe.embedding), name="features")(hidden)
    every_step = (None, 1, None) if recipe.variational else None
    hidden = features = layers.Dropout(recipe.dropout_in, noise_shape=every_step, name="dropout_in")(hidden)
    per_layer = len(STATES[architecture.cell])
    for i in range(recipe.layers or architecture.layers):
        cell = CELLS[architecture.cell](
            recipe.units, recurrent_dropout=recipe.dropout_recurrent, return_sequences=True,
            return_state=not architecture.bidirectional, name=f"recurrent_{i}",
        )  # fmt: skip
        if architecture.bidirectional:
            hidden = layers.Bidirectional(cell, name=f"recurrent_{i}")(hidden)
        else:
            hidden, *state = cell(hidden, initial_state=given[i * per_layer : (i + 1) * per_layer])
            returned += state
        hidden = layers.Dropout(recipe.dropout_out, noise_shape=every_step, name=f"dropout_{i}")(hidden)
    if recipe.head:
        seen = layers.Concatenate(name="seen")([features, hidden])
        hidden = layers.Dense(recipe.head, activation="relu", name="head")(seen)
    y = layers.Dense(codec.classes, dtype="float32", name="y")(hidden)
    return keras.Model([x, *below, *given], [y, *returned], name=architecture.name)


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


def encodes(path: str) -> bool:
    """Tell whether a layer, or an array of one, stands below the recurrent layers."""
    return not path.startswith(("recurrent_", "head", "y/")) and path != "y"


def copied(source: keras.Model, target: keras.Model) -> None:
    """Give a network those weights that another one has under the same names."""
    arrays = weights(source, "float32")
    set_weights(target, {path: arrays[path] for path in weights(target)})


def taken_over(arrays: dict[str, np.ndarray], new: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give what a network starts with, `new` arrays, and those below the recurrent layers of another architecture."""
    return new | {path: array for path, array in arrays.items() if encodes(path)}


def grown(
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
    last, bias = (arrays[path] for path in ("y/kernel", "y/bias"))
    known = np.where(np.asarray(classes) < 0, np.argmin(bias), classes)
    arrays = {**arrays, "y/kernel": last[:, known], "y/bias": bias[known]}
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
