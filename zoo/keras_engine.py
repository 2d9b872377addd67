"""The engine that runs a network through Keras: call by call, or many tokens in one compiled loop."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.codecs import Codec


class KerasEngine:
    """Runs a network through Keras.

    Attributes:
        network: The Keras model.
        states: Names of the state inputs.
        sizes: Their units.
    """

    name = "keras"

    def __init__(self, network: keras.Model) -> None:
        self.network = network
        self.states = [tensor.name for tensor in network.inputs[1:]]
        self.sizes = [tensor.shape[-1] for tensor in network.inputs[1:]]
        self._call: Any = None
        self._loops: dict[tuple, Callable] = {}

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """Give the state before the first step: zeros, `(batch, units)` each."""
        return [np.zeros((batch, size), np.float32) for size in self.sizes]

    def step(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x (batch, time, features)` from a state; give logits `(batch, time, classes)` and the new state."""
        if self._call is None:
            self._call = _compiled(self.network)
        y, *new = (ops.convert_to_numpy(tensor) for tensor in keras.tree.flatten(self._call([x, *state])))
        return y, new

    def generate(
        self, codec: Codec, script: np.ndarray, uniform: np.ndarray, temperatures: np.ndarray,
        top_k: int | None, top_p: float | None, memory: tuple | None,
    ) -> tuple[np.ndarray, tuple]:  # fmt: skip
        """Make tokens in one compiled loop, with the sampling inside.

        Args:
            codec: Of the network.
            script: `(batch, time)`: known tokens, and -1 where the network chooses.
            uniform: Random numbers in [0, 1), `(batch, time)` float32.
            temperatures: `(time,)`.
            top_k: Keep the k most likely classes.
            top_p: Keep the most likely classes that together reach p.
            memory: What the call before returned; None at the beginning.

        Returns:
            Tokens `(batch, time)`, and what the next call goes on from.
        """
        batch, time = script.shape
        if memory is None:
            memory = (codec.begin(np.zeros((batch, 1), np.int32)), tuple(self.initial_state(batch)), np.int32(0))
        key = (batch, time, top_k is None, top_p is None)
        if key not in self._loops:
            self._loops[key] = _jitted(loop(self.network, codec, not key[2], not key[3]))
        limits = np.int32(top_k or 1), np.float32(top_p or 1)
        given = script.astype(np.int32), uniform.astype(np.float32), temperatures.astype(np.float32), limits, memory
        ids, memory = self._loops[key](*keras.tree.map_structure(ops.convert_to_tensor, given))
        return ops.convert_to_numpy(ids), memory


def loop(network: keras.Model, codec: Codec, with_k: bool = True, with_p: bool = True) -> Callable:
    """Return a function that runs a network token by token, for a graph; see `KerasEngine.generate`."""

    def run(script: Any, uniform: Any, temperatures: Any, limits: tuple, memory: tuple) -> tuple[Any, tuple]:
        count = script.shape[1]

        def one(t: Any, ids: Any, memory: tuple) -> tuple:
            known, state, position = memory
            given, number = (ops.take(array, t, axis=1) for array in (ids, uniform))
            y, *state = network([codec.look(ops, known, position), *state], training=False)
            drawn = draw(
                y[:, 0], number, ops.take(temperatures, t), limits[0] if with_k else None, limits[1] if with_p else None
            )
            chosen = ops.where(given >= 0, given, drawn)
            after = (codec.after(ops, known, position, chosen), tuple(state), position + 1)
            return t + 1, ops.slice_update(ids, (0, t), chosen[:, None]), after

        _, ids, memory = ops.while_loop(lambda t, *_: t < count, one, (0, script, memory))
        return ids, memory

    return run


def draw(logits: Any, uniform: Any, temperature: Any, top_k: Any = None, top_p: Any = None) -> Any:
    """Draw classes as `zoo.sampling.sample` does, in a graph and in float32.

    Args:
        logits: `(batch, classes)`.
        uniform: `(batch,)`.
        temperature: A number; 0 is greedy.
        top_k: A whole number from 1 on, or None.
        top_p: A number up to 1, or None.

    Returns:
        `(batch,)` int32.
    """
    places = ops.arange(logits.shape[-1], dtype="int32")
    scaled = (logits - ops.max(logits, -1, keepdims=True)) / ops.maximum(temperature, 1e-6)

    def ranked(values: Any, rank: Any) -> Any:
        """Give the value of a rank, `(batch, 1)`, counted from 0 for the largest."""
        return ops.sum(ops.where(places[None] == rank, ops.flip(ops.sort(values, -1), -1), 0.0), -1, keepdims=True)

    if top_k is not None:
        scaled = ops.where(scaled >= ranked(scaled, ops.minimum(top_k, logits.shape[-1]) - 1), scaled, -1e30)
    shares = ops.softmax(scaled, -1)
    if top_p is not None:
        falling = ops.flip(ops.sort(shares, -1), -1)
        kept = ops.sum(ops.cast(ops.cumsum(falling, -1) - falling < top_p, "int32"), -1, keepdims=True)
        shares = ops.where(shares >= ranked(shares, kept - 1), shares, 0.0)
    sums = ops.cumsum(shares, -1)
    drawn = ops.sum(ops.cast(sums <= uniform[:, None] * sums[:, -1:], "int32"), -1)
    last = ops.max(ops.where(shares > 0, places[None], 0), -1)  # rounding can carry the sum past what is possible
    greedy = ops.cast(ops.argmax(logits, -1), "int32")
    return ops.where(temperature == 0, greedy, ops.minimum(drawn, last))


def _jitted(function: Callable) -> Callable:
    """Compile a function of arrays by XLA."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=True, autograph=False)
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    return function


def _compiled(network: keras.Model) -> Any:
    """Return the network's forward pass, traced once for any batch and time on TensorFlow."""
    if keras.backend.backend() != "tensorflow":
        return lambda inputs: network(inputs, training=False)
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype) for tensor in network.inputs]
    return tf.function(lambda inputs: network(inputs, training=False), input_signature=[signature])
