"""Gradient flow: how much of the loss reaches the hidden state at each time step."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.core import plots
from zoo.core.extras import needing
from zoo.core.task import find
from zoo.errors import ArgumentError
from zoo.models.model import Model

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class GradientFlow:
    """Norms of the gradient of the loss with respect to the hidden states.

    Attributes:
        norms: Recurrent layer → `(time,)`: the Euclidean norm of the gradient of one example's loss with respect to
            `h` after that step, averaged over the batch. A layer that runs backwards is in its own order of steps.
        loss: The loss, averaged over the batch.
    """

    norms: dict[str, np.ndarray]
    loss: float

    def plot(self, path: str | Path) -> Path:
        """Draw the norms over time, with a logarithmic scale, as .png, .pdf or .svg."""
        return plots.curves(
            {name: (np.arange(1, len(values) + 1), values) for name, values in self.norms.items()},
            Path(path), "time step", "norm of the loss gradient at h", logarithmic=True,
        )  # fmt: skip


@needing("gradient_flow needs", "keras", "tensorflow")
def gradient_flow(model: Any, batch: Any, loss: Callable[[Any, Any], Any] | None = None) -> GradientFlow:
    """Measure how the gradient of the loss vanishes or explodes on its way back through time.

    Args:
        model: A Keras model with `SimpleRNN`, `LSTM` or `GRU` layers, alone or within `Bidirectional`, on TensorFlow;
            or a model of the zoo.
        batch: `(x, y)` as `fit` takes them; for a model of the zoo a list of pieces.
        loss: `loss(y, prediction)` → tensor whose first axis is the batch. By default that of the task of a model of
            the zoo, that of a compiled model, or the cross-entropy of logits and integers `y`; where `y` is -1 nothing
            counts.

    Raises:
        ArgumentError: No recurrent layer or one of another kind, another backend, or a batch that does not fit.
        MissingExtra: Keras or TensorFlow is not installed.

    Reference:
        Bengio, Simard & Frasconi, Learning Long-Term Dependencies with Gradient Descent is Difficult, IEEE TNN 5, 1994;
        Pascanu, Mikolov & Bengio, On the Difficulty of Training Recurrent Neural Networks, ICML 2013.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ArgumentError(f"KERAS_BACKEND is {keras.backend.backend()}: gradient_flow needs tensorflow")
    import tensorflow as tf

    network, x, y, usual = _given(model, batch)
    seen: dict[str, list[Any]] = {}
    with tf.GradientTape() as tape, _watched(network, tape, seen):
        output = network(x, training=False)
        output = output[0] if isinstance(output, (list, tuple)) else output
        each = (loss or usual)(y, output)
        each = tf.reduce_mean(tf.reshape(each, (tf.shape(each)[0], -1)), 1)
        total = tf.reduce_sum(each)
    if not seen:
        raise ArgumentError(f"{network.name} has no recurrent layer that runs step by step (SimpleRNN, LSTM, GRU)")
    gradients = tape.gradient(total, seen, unconnected_gradients="zero")
    norms = {name: np.array([_norm(gradient) for gradient in steps]) for name, steps in gradients.items()}
    return GradientFlow(norms, float(tf.reduce_mean(each)))


def _norm(gradient: Any) -> float:
    """Give the norm of `gradient (batch, units)`, averaged over the batch, in float64: squares of small ones vanish."""
    return float(np.linalg.norm(gradient.numpy().astype(np.float64), axis=-1).mean())


def _given(model: Any, batch: Any) -> tuple["keras.Model", Any, Any, Callable[[Any, Any], Any]]:
    """Return the network, its inputs and targets, and its usual loss."""
    if isinstance(model, Model):
        network = model.network
        x, y = model.codec.encode(batch)
        return network, [x, *model.engine.initial_state(len(x))], y, _loss_of_task(model)
    try:
        x, y = batch
    except (TypeError, ValueError) as error:
        raise ArgumentError("batch: give the two arrays (x, y)") from error
    return model, x, y, _loss(model)


def _loss_of_task(model: Model) -> Callable[[Any, Any], Any]:
    from zoo.training.losses import CrossEntropy

    loss = (find(model.card.task).loss or CrossEntropy)()

    def weighted(y: Any, output: Any) -> Any:
        targets, weights = loss.targets(y, np)
        return loss.call(targets, output) * weights

    return weighted


def _loss(network: "keras.Model") -> Callable[[Any, Any], Any]:
    import keras
    from keras import ops

    if getattr(network, "compiled", False) and network.loss is not None:
        function = keras.losses.get(network.loss)
        return lambda y, output: function.call(y, output) if hasattr(function, "call") else function(y, output)

    def cross_entropy(y: Any, logits: Any) -> Any:
        nats = keras.losses.sparse_categorical_crossentropy(ops.maximum(y, 0), logits, from_logits=True)
        return nats * ops.cast(ops.greater_equal(y, 0), nats.dtype)

    return cross_entropy


@contextlib.contextmanager
def _watched(network: "keras.Model", tape: Any, seen: dict[str, list[Any]]) -> Iterator[None]:
    """Let the recurrent layers run step by step inside the block, and note the hidden state of each step."""
    import keras

    layers = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.RNN)]
    with contextlib.ExitStack() as undo:
        for layer in layers:
            object.__setattr__(layer, "inner_loop", _stepwise(layer, tape, seen))  # hides the method
            undo.callback(layer.__dict__.pop, "inner_loop", None)
        yield


def _stepwise(layer: Any, tape: Any, seen: dict[str, list[Any]]) -> Callable:
    """Return an `inner_loop` in Python, whose hidden states a tape watches."""
    import tensorflow as tf

    def inner_loop(sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> tuple:  # noqa: ARG001
        import keras

        if not isinstance(layer.cell, (keras.layers.SimpleRNNCell, keras.layers.LSTMCell, keras.layers.GRUCell)):
            kind = type(layer.cell).__name__
            raise ArgumentError(f"layer {layer.name} has a {kind}: the flow is taken of SimpleRNN, LSTM and GRU")
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        steps = range(sequences.shape[1])
        state, outputs, hidden = list(initial_state), [], []
        begun = tf.zeros(tf.shape(sequences)[:1], tf.bool)
        for t in reversed(steps) if layer.go_backwards else steps:
            _, new = layer.cell(sequences[:, t], state)
            new = list(new) if isinstance(new, (list, tuple)) else [new]
            if mask is not None:
                new = [tf.where(mask[:, t, None], a, b) for a, b in zip(new, state, strict=True)]
            new[0] = tf.identity(new[0])
            tape.watch(new[0])
            hidden.append(new[0])
            outputs.append(new[0])
            if mask is not None:  # as in Keras: zeros until the first step that counts
                begun |= mask[:, t]
                shown = mask[:, t] if layer.zero_output_for_mask else begun
                outputs[-1] = tf.where(shown[:, None], new[0], tf.zeros_like(new[0]))
            state = new
        seen[layer.name if layer.name not in seen else f"{layer.name} ({len(seen)})"] = hidden
        return outputs[-1], tf.stack(outputs, 1), state

    return inner_loop
