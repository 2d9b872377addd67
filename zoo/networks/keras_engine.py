"""The engine that runs a network through Keras: call by call, or many tokens in one compiled loop."""

import functools
import gc
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.core.card import codec_json
from zoo.core.codec import Codec, GenerationCodec, PairCodec
from zoo.core.states import output_name
from zoo.networks import encoder_decoder
from zoo.networks.generation_loop import loop
from zoo.runtime.pair import Pair

LOOPS = 32
"""Compiled loops that are kept; all models of one structure share theirs."""
COLLECT_EVERY = 8
"""Engines after which those that nobody uses any more are freed: their cycles are few objects for Python, which waits
for many before it looks, and megabytes each."""
_OPENED = itertools.count(1)


def engine_of(network: keras.Model, codec: Codec) -> Any:
    """Return the engine that runs a network of a codec through Keras."""
    if isinstance(codec, PairCodec):
        coder, writer = encoder_decoder.parts(network)
        between = [tensor.name for tensor in writer.inputs[1:]]
        states = map(output_name, between[len(encoder_decoder.MEMORY) :])
        outputs = ["y", "attention", *states]
        return Pair("keras", _named(coder, between), _named(writer, outputs), between, lambda: network)
    return KerasEngine(network)


def _named(network: keras.Model, names: Sequence[str]) -> Callable[..., dict[str, np.ndarray]]:
    """Return a function of the inputs of a network that returns its outputs by name, as arrays."""
    call = _compiled(network)

    def run(*arrays: np.ndarray) -> dict[str, np.ndarray]:
        found = keras.tree.flatten(call(list(arrays)))
        return {name: ops.convert_to_numpy(tensor) for name, tensor in zip(names, found, strict=True)}

    return run


class KerasEngine:
    """Runs a network through Keras.

    Attributes:
        network: The Keras model.
        states: Names of the state inputs.
        sizes: Their units.
    """

    name, concurrent = "keras", True
    loop_threshold, chunk = 512, 256
    batch: int | None = None
    steps: int | None = None

    def __init__(self, network: keras.Model) -> None:
        if next(_OPENED) % COLLECT_EVERY == 0:
            gc.collect()
        self.network = network
        self.states = [tensor.name for tensor in network.inputs[1:]]
        self.sizes = [tensor.shape[-1] for tensor in network.inputs[1:]]
        self._call: Any = None
        self._structure: Structure | None = None

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
        self, codec: GenerationCodec, script: np.ndarray, uniform: np.ndarray, temperatures: np.ndarray,
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
        if self._structure is None or self._structure.codec is not codec:
            self._structure = Structure(self.network.to_json() + codec_json(codec), self.network, codec)
        compiled = _loop(self._structure, batch, time, top_k is not None, top_p is not None)
        limits = np.array([[min(top_k or 1, codec.classes)]], np.int32), np.array([[top_p or 1]], np.float32)
        warm = temperatures[None].astype(np.float32)
        given = script.astype(np.int32), uniform.astype(np.float32), warm, limits, memory
        weights = [variable.value for variable in self.network.variables]
        ids, memory = compiled(weights, *keras.tree.map_structure(ops.convert_to_tensor, given))
        return ops.convert_to_numpy(ids), memory


@dataclass(frozen=True)
class Structure:
    """What a compiled loop depends on: equal for two models that differ in the values of their weights alone.

    Attributes:
        description: The network's layers and the codec, as JSON.
        network: One network of this structure.
        codec: Its codec.
    """

    description: str
    network: keras.Model = field(compare=False)
    codec: GenerationCodec = field(compare=False)


@functools.lru_cache(LOOPS)
def _loop(structure: Structure, _batch: int, _time: int, with_k: bool, with_p: bool) -> Callable:
    """Return the compiled loop of a structure, which takes the values of the weights first.

    XLA keeps what it compiled until the process ends. So a model that is loaded again must not be compiled again.
    """
    variables = structure.network.variables

    def run(weights: Sequence[Any], *given: Any) -> Any:
        def step(inputs: Sequence[Any]) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(variables, weights, strict=True))):
                return structure.network(inputs, training=False)

        return loop(step, structure.codec, with_k, with_p)(*given)

    return _jitted(run)


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
