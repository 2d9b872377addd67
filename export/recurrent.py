"""What a Keras recurrent layer is, as data; and how a format puts its own operator in the layer's place.

A format gives a function `lower(spec, x, state) -> (outputs, new state)`; `lowered(network, lower)` lets every
recurrent layer of a network compute itself that way while the format traces the network, and leaves the network as
it was.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.errors import UnsupportedLayer

CELLS = {"SimpleRNN": "rnn", "LSTM": "lstm", "GRU": "gru"}
ACTIVATIONS = {"rnn": ("tanh", None), "lstm": ("tanh", "sigmoid"), "gru": ("tanh", "sigmoid")}


@dataclass(frozen=True)
class Recurrent:
    """One recurrent layer, its weights in Keras's layout and gate order.

    With D input features, U units and G gates (rnn 1; lstm 4: i f c o; gru 3: z r h):

    Attributes:
        name: Layer name.
        cell: `rnn`, `lstm` or `gru`.
        units: U.
        kernel: `(D, G * U)`.
        recurrent_kernel: `(U, G * U)`.
        bias: `(G * U,)`; for a GRU with `reset_after` `(2, G * U)`: input and recurrent bias.
        reset_after: GRU: the reset gate acts after the recurrent product (Keras's default, cuDNN's form).
    """

    name: str
    cell: str
    units: int
    kernel: np.ndarray = field(repr=False)
    recurrent_kernel: np.ndarray = field(repr=False)
    bias: np.ndarray = field(repr=False)
    reset_after: bool = False


def describe(layer: Any) -> Recurrent:
    """Describe a Keras recurrent layer.

    Raises:
        UnsupportedLayer: An option that has no exact translation yet; the message names layer and option.
    """
    cell = CELLS[type(layer).__name__]
    activation, gates = ACTIVATIONS[cell]
    wanted = {"activation": activation, "go_backwards": False, "stateful": False, "unroll": False,
              "return_sequences": True, "return_state": True}  # fmt: skip
    if gates:
        wanted["recurrent_activation"] = gates
    config = layer.get_config()
    other = {key: config[key] for key, value in wanted.items() if config[key] != value}
    if other:
        raise UnsupportedLayer(f"layer {layer.name!r} ({type(layer).__name__}) has {other}; exported are {wanted}")
    arrays = [np.asarray(weight) for weight in layer.get_weights()]
    double = (2,) if cell == "gru" and layer.reset_after else ()
    bias = arrays[2] if layer.use_bias else np.zeros((*double, arrays[0].shape[1]), np.float32)
    return Recurrent(layer.name, cell, layer.units, arrays[0], arrays[1], bias, bool(double))


def layers(network: Any) -> list[Any]:
    """List the recurrent layers of a network, however deeply nested, in order."""
    return [layer for layer in network._flatten_layers() if type(layer).__name__ in CELLS]


Lower = Callable[[Recurrent, Any, list[Any]], tuple[Any, list[Any]]]


@contextlib.contextmanager
def lowered(network: Any, lower: Lower) -> Iterator[None]:
    """Let every recurrent layer of a network compute itself through `lower` inside the block.

    Args:
        network: A built Keras model.
        lower: `lower(spec, x (batch, time, D), state [(batch, U)…]) -> (outputs (batch, time, U), new state)`.

    Raises:
        UnsupportedLayer: A layer that `describe` refuses, or one that is called with a mask or without a state.
    """
    found = layers(network)
    specs = [describe(layer) for layer in found]

    def caller(spec: Recurrent) -> Callable[..., list[Any]]:
        def call(sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> list[Any]:  # noqa: ARG001
            if mask is not None or initial_state is None:
                raise UnsupportedLayer(f"layer {spec.name!r}: give its initial state, and no mask")
            state = list(initial_state) if isinstance(initial_state, (list, tuple)) else [initial_state]
            outputs, new = lower(spec, sequences, state)
            return [outputs, *new]

        return call

    try:
        for layer, spec in zip(found, specs, strict=True):
            object.__setattr__(layer, "call", caller(spec))  # hides the method; Keras must not track it
        yield
    finally:
        for layer in found:
            layer.__dict__.pop("call", None)
