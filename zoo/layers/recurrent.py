"""`SimpleRNN`, `LSTM` and `GRU`: Keras's layers, faster to train on a CPU.

Drop-in subclasses: the same constructor, weights, config and results, also within `Bidirectional`. They compute by
`bptt` on TensorFlow without a GPU, with the usual activations and options; everywhere else (a GPU, which has cuDNN;
JAX and PyTorch; other activations; `unroll`; `GRU(reset_after=False)`) Keras's own computation runs.

`keras.RematScope` around the construction is Keras's way to ask for less memory: the backward pass then computes the
gates again instead of keeping them.
"""

from typing import Any

import keras
from keras import ops

from zoo.layers.streaming import PACKAGE

KINDS = {"SimpleRNNCell": "rnn", "LSTMCell": "lstm", "GRUCell": "gru"}


def slow_because(layer: Any) -> str:
    """Say why a layer is left to Keras's own computation; empty if it takes the fast path.

    Args:
        layer: `SimpleRNN`, `LSTM` or `GRU` of this module.

    Example:
        >>> slow_because(GRU(4, reset_after=False))
        'reset_after=False'
    """
    if keras.backend.backend() != "tensorflow":
        return f"the backend is {keras.backend.backend()}"
    import tensorflow as tf

    reasons = {
        "there is a GPU": bool(tf.config.list_logical_devices("GPU")),
        "the activations are not tanh and sigmoid": not usual(layer.cell),
        "it computes in float64": layer.compute_dtype == "float64",
        "unroll=True": layer.unroll,
        "use_cudnn=True": getattr(layer, "use_cudnn", "auto") is True,
        "reset_after=False": not getattr(layer.cell, "reset_after", True),
    }
    return next((reason for reason, applies in reasons.items() if applies), "")


def usual(cell: Any) -> bool:
    """Tell whether the activations of a cell are tanh and, of its gates, sigmoid."""
    gates = getattr(cell, "recurrent_activation", keras.activations.sigmoid)
    return cell.activation is keras.activations.tanh and gates is keras.activations.sigmoid


class _Fast:
    """The fast path, for a class that stands before a recurrent layer of Keras."""

    def inner_loop(self: Any, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Take the cell through time; see `keras.layers.RNN.inner_loop`."""
        if slow_because(self) or len(sequences.shape) != 3:
            return super().inner_loop(sequences, initial_state, mask=mask, training=training)  # type: ignore[misc]
        return _fast(self, sequences, initial_state, mask, training)

    inner_loop.same_as_keras = True  # type: ignore[attr-defined]  # the exporter may take the layer for Keras's

    def rematerialized_call(self: Any, layer_call: Any, *args: Any, **kwargs: Any) -> Any:
        """Leave it to the fast path to save memory, where it is taken."""
        if slow_because(self):
            return super().rematerialized_call(layer_call, *args, **kwargs)  # type: ignore[misc]
        return layer_call


@keras.saving.register_keras_serializable(PACKAGE)
class SimpleRNN(_Fast, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, faster: `(batch, time, features)` → `(batch, [time,] units)`.

    h' = tanh(x W + h R + b)

    Reference: Elman, Finding Structure in Time, Cognitive Science 14, 1990.
    """


@keras.saving.register_keras_serializable(PACKAGE)
class LSTM(_Fast, keras.layers.LSTM):
    """`keras.layers.LSTM`, faster: `(batch, time, features)` → `(batch, [time,] units)`.

    i, f, g, o = σ, σ, tanh, σ of x W + h R + b;  c' = f c + i g;  h' = o tanh(c')

    Reference: Hochreiter & Schmidhuber, Long Short-Term Memory, Neural Computation 9, 1997; Gers, Schmidhuber &
    Cummins, Learning to Forget, Neural Computation 12, 2000 (forget gate).
    """


@keras.saving.register_keras_serializable(PACKAGE)
class GRU(_Fast, keras.layers.GRU):
    """`keras.layers.GRU`, faster: `(batch, time, features)` → `(batch, [time,] units)`.

    z, r = σ of x W + h R + b;  g = tanh(x W_g + b_g + r (h R_g + b'_g));  h' = z h + (1 - z) g

    Reference: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014; with the reset after
    the product as in cuDNN.
    """


def _fast(layer: Any, sequences: Any, initial_state: Any, mask: Any, training: bool) -> tuple[Any, Any, list[Any]]:
    """Return `(last output, outputs (batch, time, units), last state)`, as `RNN.inner_loop` does."""
    import tensorflow as tf

    from zoo.layers.bptt import Run, through_time

    cell, nested = layer.cell, keras.tree.is_nested
    dtype = sequences.dtype
    kernel, recurrent = (tf.cast(ops.convert_to_tensor(w), dtype) for w in (cell.kernel, cell.recurrent_kernel))
    bias = tf.cast(ops.convert_to_tensor(cell.bias), dtype) if cell.use_bias else tf.zeros(kernel.shape[1:], dtype)
    x, mask = _in_time(sequences, mask[0] if nested(mask) else mask, layer.go_backwards)
    state = list(initial_state) if nested(initial_state) else [initial_state]
    drop_x, drop = _masks(cell, sequences, state[0]) if training else (None, None)
    learns = bool(training)
    run = Run(KINDS[type(cell).__name__], learns and not _saves_memory(layer), learns, learns, mask, drop, drop_x)
    bias = bias if len(bias.shape) == 2 else bias[None]
    h, state = through_time(run, x, kernel, recurrent, bias, [tf.cast(value, dtype) for value in state])
    if mask is not None:  # Keras gives zeros until the first step that counts, and after it the last output there was
        shown = mask if layer.zero_output_for_mask else tf.cumsum(tf.cast(mask, tf.int32)) > 0
        h = tf.where(shown[..., None], h, tf.zeros((), h.dtype))
    return h[-1], tf.transpose(h, (1, 0, 2)), state


def _in_time(sequences: Any, mask: Any, backwards: bool) -> tuple[Any, Any]:
    """Put time first, in the order of the steps: `(time, batch, features)` and the mask `(time, batch)`."""
    import tensorflow as tf

    x = tf.transpose(sequences, (1, 0, 2))
    if mask is not None:
        mask = tf.transpose(tf.reshape(tf.cast(mask, tf.bool), tf.shape(sequences)[:2]))
    if backwards:
        return tf.reverse(x, [0]), None if mask is None else tf.reverse(mask, [0])
    return x, mask


def _masks(cell: Any, sequences: Any, h: Any) -> tuple[Any, Any]:
    """Give the dropout masks of the input and of the state, gate by gate, or None: the same for all steps."""
    found = []
    for rate, mask in (
        (cell.dropout, cell.get_dropout_mask(sequences[:, 0, :])),
        (cell.recurrent_dropout, cell.get_recurrent_dropout_mask(h)),
    ):
        one = None if mask is None or not 0 < rate < 1 else mask
        found.append(one if one is None or isinstance(one, (list, tuple)) else [one])
    return found[0], found[1]


def _saves_memory(layer: Any) -> bool:
    mode = layer._remat_mode
    if mode is None or mode.mode is None:
        return False
    return mode.mode != "list_of_layers" or layer.name in mode.layer_names
