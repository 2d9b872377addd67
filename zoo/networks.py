"""Architecture × codec → a Keras network with explicit state, and the engine that runs it.

Every network has the same face: inputs `x, h0_0, c0_0, h0_1, …`, outputs `y, hn_0, cn_0, …`.
Nothing is hidden: what a call returns as state is what the next call takes.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.architectures import STATES, Architecture, state_names
from zoo.errors import ArgumentError
from zoo.layers import GRU, LSTM, SimpleRNN
from zoo.tasks import Codec, Recipe

CELLS: dict[str, Any] = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}


def network(architecture: Architecture, codec: Codec, recipe: Recipe) -> keras.Model:
    """Build an untrained network.

    Every input feature has a vector in one shared table; their concatenation goes through the recurrent layers,
    and a dense layer gives the logits.

    Args:
        architecture: Row of `ARCHITECTURES`.
        codec: Says how many features and symbols go in and how many classes come out.
        recipe: Says the sizes and the dropout.

    Returns:
        Model `[x (batch, time, features) int32, states (batch, units) …]` →
        `[y (batch, time, classes) logits, new states …]`.
    """
    x = keras.Input((None, codec.features), dtype="int32", name="x")
    given = [keras.Input((recipe.units,), name=name) for name in state_names(architecture)]
    hidden = layers.Embedding(codec.symbols, recipe.embedding, name="embedding")(x)
    hidden = layers.Reshape((-1, codec.features * recipe.embedding), name="features")(hidden)
    every_step = (None, 1, None) if recipe.variational else None
    hidden = layers.Dropout(recipe.dropout_in, noise_shape=every_step, name="dropout_in")(hidden)
    per_layer = len(STATES[architecture.cell])
    returned = []
    for i in range(architecture.layers):
        cell = CELLS[architecture.cell](
            recipe.units, recurrent_dropout=recipe.dropout_recurrent, return_sequences=True, return_state=True,
            name=f"recurrent_{i}",
        )  # fmt: skip
        hidden, *state = cell(hidden, initial_state=given[i * per_layer : (i + 1) * per_layer])
        returned += state
        hidden = layers.Dropout(recipe.dropout_out, noise_shape=every_step, name=f"dropout_{i}")(hidden)
    y = layers.Dense(codec.classes, dtype="float32", name="y")(hidden)
    return keras.Model([x, *given], [y, *returned], name=architecture.name)


class KerasEngine:
    """Runs a network through Keras.

    Attributes:
        network: The Keras model.
        units: Units of the recurrent layers.
        states: Names of the state inputs.
    """

    name = "keras"

    def __init__(self, network: keras.Model) -> None:
        self.network = network
        self.states = [tensor.name for tensor in network.inputs[1:]]
        self.units = network.inputs[1].shape[-1]
        self._call: Any = None

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """Give the state before the first step: zeros, `(batch, units)` each."""
        return [np.zeros((batch, self.units), np.float32) for _ in self.states]

    def step(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x (batch, time, features)` from a state; give logits `(batch, time, classes)` and the new state."""
        if self._call is None:
            self._call = _compiled(self.network)
        y, *new = (ops.convert_to_numpy(tensor) for tensor in self._call([x, *state]))
        return y, new


def _compiled(network: keras.Model) -> Any:
    """Return the network's forward pass, traced once for any batch and time on TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        return lambda inputs: network(inputs, training=False)
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype) for tensor in network.inputs]
    return tf.function(lambda inputs: network(inputs, training=False), input_signature=[signature])


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
