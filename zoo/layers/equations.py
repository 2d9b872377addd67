"""The equations of the recurrent cells, one step forward and one step back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

Tensors = list[Any]


@dataclass(frozen=True)
class Step:
    """The equations of one cell, elementwise part; with U units and G gates.

    Attributes:
        forward: `(a, r, state) → (new state, kept)`: input product `a (batch, G * U)`, recurrent product
            `r (batch, G * U)`, both with their biases; `kept`, of the widths below, is what the backward pass needs of
            it, apart from the states.
        backward: `(kept, before, after, d) → (dz, direct)`: from the states before and after the step and the
            gradient `d` of the state after it, `dz`, parts of the gradients of `a` and `r`, and what reaches the state
            before the step other than through the recurrent product.
        kept: Widths of what is kept, in units.
        dz: Widths of the parts, in units.
        da: Which parts make the gradient of `a`.
        dr: Which parts make the gradient of `r`.
    """

    forward: Callable[[Any, Any, Tensors], tuple[Tensors, Tensors]]
    backward: Callable[[Tensors, Tensors, Tensors, Tensors], tuple[Tensors, Tensors]]
    kept: tuple[int, ...]
    dz: tuple[int, ...]
    da: tuple[int, ...]
    dr: tuple[int, ...]


def _rnn(a: Any, r: Any, _state: Tensors) -> tuple[Tensors, Tensors]:
    """Compute h' = tanh(a + r)."""
    return [tf.tanh(a + r)], []


def _rnn_back(_kept: Tensors, _before: Tensors, after: Tensors, d: Tensors) -> tuple[Tensors, Tensors]:
    return [_tanh_grad(after[0], d[0])], [None]


def _lstm(a: Any, r: Any, state: Tensors) -> tuple[Tensors, Tensors]:
    """Compute gates i f g o = σ σ tanh σ of a + r; c' = f c + i g; h' = o tanh(c')."""
    gates = _squashed(a + r, np.repeat(np.array([0.5, 0.5, 1, 0.5], np.float32), r.shape[-1] // 4))
    i, f, g, o = _split(gates, 1, 1, 1, 1)
    c = f * state[1] + i * g
    return [o * tf.tanh(c), c], [gates]


def _lstm_back(kept: Tensors, before: Tensors, after: Tensors, d: Tensors) -> tuple[Tensors, Tensors]:
    i, f, g, o = _split(kept[0], 1, 1, 1, 1)
    tanh_c = tf.tanh(after[1])
    dc = d[1] + _tanh_grad(tanh_c, d[0] * o)
    dz = [
        _sigmoid_grad(i, dc * g), _sigmoid_grad(f, dc * before[1]),
        _tanh_grad(g, dc * i), _sigmoid_grad(o, d[0] * tanh_c),
    ]  # fmt: skip
    return [tf.concat(dz, -1)], [None, dc * f]


def _gru(a: Any, r: Any, state: Tensors) -> tuple[Tensors, Tensors]:
    """Compute gates z s = σ of a + r; g = tanh(a_g + s r_g); h' = z h + (1 - z) g: the reset acts after the product."""
    (a_zs, a_g), (r_zs, r_g) = _split(a, 2, 1), _split(r, 2, 1)
    zs = _squashed(a_zs + r_zs, 0.5)
    z, s = _split(zs, 1, 1)
    g = tf.tanh(a_g + s * r_g)
    return [g + z * (state[0] - g)], [zs, g, r_g]


def _gru_back(kept: Tensors, before: Tensors, _after: Tensors, d: Tensors) -> tuple[Tensors, Tensors]:
    zs, g, r_g = kept
    z, s = _split(zs, 1, 1)
    da_g = _tanh_grad(g, d[0] * (1 - z))
    dz_s = tf.concat([_sigmoid_grad(z, d[0] * (before[0] - g)), _sigmoid_grad(s, da_g * r_g)], -1)
    return [dz_s, da_g, da_g * s], [d[0] * z]


STEPS = {
    "rnn": Step(_rnn, _rnn_back, kept=(), dz=(1,), da=(0,), dr=(0,)),
    "lstm": Step(_lstm, _lstm_back, kept=(4,), dz=(4,), da=(0,), dr=(0,)),
    "gru": Step(_gru, _gru_back, kept=(2, 1, 1), dz=(2, 1, 1), da=(0, 1), dr=(0, 2)),
}
"""Cell → equations, gates in Keras's order: LSTM i f c o, GRU z r h with `reset_after`."""


def _split(tensor: Any, *sizes: int) -> Any:
    """Split the last axis in parts of so many units each."""
    units = tensor.shape[-1] // sum(sizes)
    return tf.split(tensor, [size * units for size in sizes], -1)


def _squashed(z: Any, s: Any) -> Any:
    """Compute s tanh(s z) + 1 - s: the logistic function where s is ½, tanh where s is 1; one pass for all gates."""
    return s * tf.tanh(s * z) + (1 - s)


def _sigmoid_grad(y: Any, dy: Any) -> Any:
    return dy * y * (1 - y)


def _tanh_grad(y: Any, dy: Any) -> Any:
    return dy * (1 - y * y)
