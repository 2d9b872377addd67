"""The engine that runs a network through Keras: call by call, or many tokens in one compiled loop."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.codecs import Codec

LEAST = -1e30  # below all logits
MOST = 1 - 2.0**-22  # of random numbers: with larger ones rounding could carry the sum past the last possible class


class KerasEngine:
    """Runs a network through Keras.

    Attributes:
        network: The Keras model.
        states: Names of the state inputs.
        sizes: Their units.
    """

    name, concurrent = "keras", True
    worth, chunk = 512, 256
    steps: int | None = None

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
            step = lambda inputs: self.network(inputs, training=False)  # noqa: E731
            self._loops[key] = _jitted(loop(step, codec, not key[2], not key[3]))
        limits = np.array([[min(top_k or 1, codec.classes)]], np.int32), np.array([[top_p or 1]], np.float32)
        warm = temperatures[None].astype(np.float32)
        given = script.astype(np.int32), uniform.astype(np.float32), warm, limits, memory
        ids, memory = self._loops[key](*keras.tree.map_structure(ops.convert_to_tensor, given))
        return ops.convert_to_numpy(ids), memory


def loop(step: Callable, codec: Codec, with_k: bool = True, with_p: bool = True) -> Callable:
    """Return a function that makes tokens one after the other, for a graph.

    Args:
        step: `[x (batch, 1, features), *states]` → logits `(batch, 1, classes)` and new states.
        codec: Of the network.
        with_k: Look at `top_k`.
        with_p: Look at `top_p`.

    Returns:
        `(script (batch, time), uniform (batch, time), temperatures, (top_k, top_p), memory) -> (ids, memory)`:
        temperatures `(batch, any number)` take turns, `top_k` and `top_p` are `(batch, 1)`; a batch of 1 is for all.
    """

    def run(script: Any, uniform: Any, temperatures: Any, limits: tuple, memory: tuple) -> tuple[Any, tuple]:
        count, turns = ops.shape(script)[1], ops.shape(temperatures)[1]
        places = ops.expand_dims(ops.arange(count), 0)
        warm = ops.take(temperatures, ops.arange(count) % turns, axis=1)

        def one(t: Any, ids: Any, memory: tuple) -> tuple:
            known, state, position = memory
            here = places == t
            given, number, heat = (ops.sum(ops.where(here, a, 0), 1, keepdims=True) for a in (ids, uniform, warm))
            y, *state = step([codec.look(ops, known, position), *state])
            logits = ops.sum(y, 1)  # of one step: drops its axis
            drawn = draw(logits, number, heat, limits[0] if with_k else None, limits[1] if with_p else None)
            chosen = ops.where(given >= 0, given, drawn)
            after = (codec.after(ops, known, position, ops.squeeze(chosen, 1)), tuple(state), position + 1)
            return t + 1, ops.where(here, chosen, ids), after  # not every format can write a single place

        _, ids, memory = ops.while_loop(lambda t, *_: t < count, one, (0, script, memory))
        return ids, memory

    return run


def draw(logits: Any, uniform: Any, temperature: Any, top_k: Any = None, top_p: Any = None) -> Any:
    """Draw classes as `zoo.sampling.sample` does, in a graph and in float32.

    Args:
        logits: `(batch, classes)`.
        uniform: `(batch, 1)`.
        temperature: `(batch, 1)` or `(1, 1)`; 0 is greedy.
        top_k: Whole numbers from 1 on, of the same shape, or None.
        top_p: Numbers up to 1, of the same shape, or None.

    Returns:
        `(batch, 1)` int32.
    """
    classes = logits.shape[-1]
    places, greedy = np.arange(classes, dtype=np.int32)[None], temperature == 0
    scaled = (logits - ops.max(logits, -1, keepdims=True)) / ops.maximum(temperature, 1e-6)
    floor = ops.where(greedy, 0.0, LEAST)
    ranked = scaled if top_k is None and top_p is None else ops.top_k(scaled, classes)[0]

    def of_rank(rank: Any) -> Any:
        """Give the value of a rank, `(batch, 1)`, counted from 0 for the largest."""
        return ops.sum(ops.where(places == rank, ranked, 0.0), -1, keepdims=True)

    if top_k is not None:
        floor = ops.maximum(floor, of_rank(ops.minimum(top_k, classes) - 1))
    if top_p is not None:
        shares = ops.softmax(ops.where(ranked >= floor, ranked, LEAST), -1)
        kept = ops.sum(ops.cast(ops.cumsum(shares, -1) - shares < top_p, "int32"), -1, keepdims=True)
        floor = ops.maximum(floor, of_rank(kept - 1))
    sums = ops.cumsum(ops.where(scaled >= floor, ops.exp(scaled), 0.0), -1)
    target = ops.where(greedy, 0.0, ops.minimum(uniform, MOST)) * sums[:, -1:]
    return ops.sum(ops.cast(sums <= target, "int32"), -1, keepdims=True)


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
