"""Keras recurrent layers as data: their cells with weights, their direction, their path in the model."""

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from zoo.core import states
from zoo.errors import UnsupportedLayer

KINDS = {"SimpleRNNCell": "rnn", "LSTMCell": "lstm", "GRUCell": "gru"}
"""Class of a Keras cell → kind of `Cell`."""
STATES = {**states.STATES, "conv_lstm": ("h", "c")}
"""Kind of cell → names of its states, in Keras's order; the output of a step is its new `h`."""
WEIGHTS = ("kernel", "recurrent_kernel", "bias")
LAYERS = ("RNN", "SimpleRNN", "LSTM", "GRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
SAME_AS_KERAS = "same_as_keras"
"""Attribute of a layer's own method that computes what Keras's does, as those of `zoo.layers`."""
ADVICE = (
    "rebuild it from Keras's SimpleRNN, LSTM, GRU, ConvLSTM or RNN over their cells, or export the model without it"
)


@dataclass(frozen=True)
class Cell:
    """One recurrent cell, its weights in Keras's layout and gate order.

    With D input features, U units and G gates (rnn 1; lstm 4: i f c o; gru 3: z r h):

    Attributes:
        kind: `rnn`, `lstm` or `gru`.
        units: U.
        kernel: `(D, G * U)`.
        recurrent_kernel: `(U, G * U)`.
        bias: `(G * U,)`; for a GRU with `reset_after` `(2, G * U)`: input and recurrent bias.
        activation: Of the output (and of an LSTM's new content).
        gate_activation: Of the gates; an rnn has none.
        reset_after: GRU: the reset gate acts after the recurrent product (Keras's default, cuDNN's form).
    """

    kind: str
    units: int
    kernel: np.ndarray = field(repr=False)
    recurrent_kernel: np.ndarray = field(repr=False)
    bias: np.ndarray = field(repr=False)
    activation: Callable[[Any], Any]
    gate_activation: Callable[[Any], Any] | None = None
    reset_after: bool = False

    @functools.cached_property
    def tensors(self) -> dict[str, Any]:
        """Kernel, recurrent kernel and bias as tensors outside of any graph, so that graphs can share them."""
        import tensorflow as tf

        with tf.init_scope():
            return {name: tf.convert_to_tensor(getattr(self, name)) for name in WEIGHTS}

    def over(self, *tensors: Any) -> "Cell":
        """Return the cell with other tensors for its weights: kernel, recurrent kernel and bias."""
        other = replace(self)
        other.__dict__["tensors"] = dict(zip(WEIGHTS, tensors, strict=True))
        return other


@dataclass(frozen=True)
class ConvCell:
    """The cell of a convolutional LSTM: it computes itself, step by step.

    Attributes:
        layer: The Keras cell.
        kind: `conv_lstm`.
    """

    layer: Any
    kind: str = "conv_lstm"

    def step(self, x: Any, *state: Any) -> list[Any]:
        """Compute `(h, c)`, `(batch, *space, filters)` each, from one input and the state before."""
        return self.layer.call(x, list(state), training=False)[1]


@dataclass(frozen=True)
class Track:
    """One run of a cell over a sequence.

    Attributes:
        cell: The cell.
        reverse: From the last step to the first.
        state: Its state before the first step it takes.
        sequences: The outputs of all steps are wanted, not only the state at the end.
    """

    cell: Any
    reverse: bool
    state: list[Any]
    sequences: bool = True


def is_recurrent(layer: Any) -> bool:
    """Return whether a layer is one of Keras's recurrent layers, or derived from one."""
    import keras

    return isinstance(layer, keras.layers.RNN)


def cells_of(layer: Any, path: str) -> list[Any]:
    """Describe the cells of a recurrent layer, the one nearest to the input first.

    Raises:
        UnsupportedLayer: A cell, or the way the layer runs it, is not Keras's own.
    """
    import keras

    known = [getattr(keras.layers, name) for name in LAYERS]
    for method in ("call", "inner_loop"):
        own = getattr(type(layer), method)
        if own not in [getattr(kind, method) for kind in known] and not getattr(own, SAME_AS_KERAS, False):
            raise UnsupportedLayer(f"{path} ({type(layer).__name__}) has its own {method}(): {ADVICE}")
    stacked = type(layer.cell) is keras.layers.StackedRNNCells
    return [_cell(cell, path) for cell in (layer.cell.cells if stacked else [layer.cell])]


def _cell(cell: Any, path: str) -> Any:
    import keras
    from keras.src.layers.rnn.conv_lstm import ConvLSTMCell

    for kind in type(cell).__mro__:
        if kind is ConvLSTMCell and type(cell).call is kind.call:
            return ConvCell(cell)
        if kind.__name__ in KINDS and kind is getattr(keras.layers, kind.__name__) and type(cell).call is kind.call:
            return _plain_cell(cell, KINDS[kind.__name__])
    raise UnsupportedLayer(f"{path} runs the cell {type(cell).__name__}, which is not Keras's own: {ADVICE}")


def _plain_cell(cell: Any, kind: str) -> Cell:
    kernel, recurrent = array(cell.kernel), array(cell.recurrent_kernel)
    reset_after = kind == "gru" and bool(cell.reset_after)
    no_bias = np.zeros((*((2,) if reset_after else ()), kernel.shape[1]), np.float32)
    return Cell(
        kind, cell.units, kernel, recurrent,
        array(cell.bias) if cell.use_bias else no_bias,
        cell.activation, getattr(cell, "recurrent_activation", None), reset_after,
    )  # fmt: skip


def array(variable: Any) -> np.ndarray:
    """Return the value of a Keras variable as float32, whatever it is stored in and whatever is being traced."""
    import tensorflow as tf

    with tf.init_scope():
        return np.asarray(variable._value.numpy()).astype(np.float32)


def name_of(activation: Any) -> str:
    """Return Keras's name of an activation, or that of one that formats have, too; empty for a custom function."""
    import keras

    if known := getattr(activation, "exported_as", ""):
        return str(known)
    name = getattr(activation, "__name__", "")
    return name if name and getattr(keras.activations, name, None) is activation else ""


def walk(layer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield `(path, layer)` of a model's layers, however deeply nested, each once, in order; the model itself too."""
    seen: set[int] = set()

    def visit(layer: Any, path: str) -> Iterator[tuple[str, Any]]:
        if id(layer) in seen:
            return
        seen.add(id(layer))
        yield path, layer
        for inner in layer._layers:
            yield from visit(inner, f"{path}/{inner.name}" if path else inner.name)

    yield from visit(layer, path)


def scope_name(name: str) -> str:
    """Return a layer's name as TensorFlow takes it for a scope: other characters become their code points."""
    safe = re.sub(r"[^A-Za-z0-9_.>-]", lambda found: f"-{ord(found[0]):x}-", name)
    return safe if re.match(r"[A-Za-z0-9.]", safe) else f"x{safe}"


def path_of_scope(network: Any, scope: str) -> str:
    """Return the path of the layer in which an operator was traced, or the scope itself if no layer fits.

    TensorFlow adds counters and scopes of its own to the names of layers.
    """
    best = ""
    for path, _ in walk(network):
        rest = iter(scope.split("/"))
        names = [re.escape(scope_name(name)) for name in path.split("/")]
        inside = all(any(re.fullmatch(rf"{name}(_\d+)?", part) for part in rest) for name in names)
        if path and inside and path.count("/") >= best.count("/"):
            best = path
    return best or scope
