"""Recurrent cells through time in TensorFlow, with a hand-written backward pass.

Automatic differentiation of a loop keeps every intermediate value of every step and multiplies small matrices. Here:

- the input products of all steps are one matrix product before the loop;
- the loop keeps the states and the gates (or the states alone: then the backward pass computes the gates again);
- the backward loop only takes the gradient from step to step, one matrix product each;
- the gradients of the weights are one matrix product each, after the loop.

Time is the first axis in this module: `(time, batch, features)`. Products are computed in the dtype of the input,
everything between them in float32. Gradients of gradients are right too: they are taken through the plain loop.

References:
    Werbos, Backpropagation Through Time: What It Does and How to Do It, Proc. IEEE 78, 1990.
    Appleyard, Kočiský & Blunsom, Optimizing Performance of Recurrent Neural Networks on GPUs, 2016 (hoisted products).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

Tensors = list[Any]


@dataclass(frozen=True)
class Step:
    """The equations of one cell, elementwise part; with U units and G gates.

    Attributes:
        forward: `(a, r, state) → (new state, kept)`: input product `a (batch, G * U)`, recurrent product
            `r (batch, G * U)`, both with their biases; `kept (batch, K * U)` is what the backward pass needs of it.
        backward: `(kept, before, after, d) → (dz, direct)`: from the states before and after the step and the
            gradient `d` of the state after it, `dz (batch, Z * U)`, in which the gradients of `a` and `r` are, and
            what reaches the state before the step other than through the recurrent product.
        kept: K.
        da: Which blocks of U columns of `dz` make the gradient of `a`.
        dr: The same of `r`.
    """

    forward: Callable[[Any, Any, Tensors], tuple[Tensors, Any]]
    backward: Callable[[Any, Tensors, Tensors, Tensors], tuple[Any, Tensors]]
    kept: int
    da: tuple[int, ...]
    dr: tuple[int, ...]


def _rnn(a: Any, r: Any, _state: Tensors) -> tuple[Tensors, Any]:
    """Compute h' = tanh(a + r)."""
    h = tf.tanh(a + r)
    return [h], h[:, :0]


def _rnn_back(_kept: Any, _before: Tensors, after: Tensors, d: Tensors) -> tuple[Any, Tensors]:
    return _tanh_grad(after[0], d[0]), [None]


def _lstm(a: Any, r: Any, state: Tensors) -> tuple[Tensors, Any]:
    """Compute gates i f g o = σ σ tanh σ of a + r; c' = f c + i g; h' = o tanh(c')."""
    z_if, z_g, z_o = _split(a + r, 2, 1, 1)
    i_f, g, o = tf.sigmoid(z_if), tf.tanh(z_g), tf.sigmoid(z_o)
    i, f = _split(i_f, 1, 1)
    c = f * state[1] + i * g
    return [o * tf.tanh(c), c], tf.concat([i_f, g, o], -1)


def _lstm_back(kept: Any, before: Tensors, after: Tensors, d: Tensors) -> tuple[Any, Tensors]:
    i, f, g, o = _split(kept, 1, 1, 1, 1)
    tanh_c = tf.tanh(after[1])
    dc = d[1] + _tanh_grad(tanh_c, d[0] * o)
    dz = [
        _sigmoid_grad(i, dc * g), _sigmoid_grad(f, dc * before[1]),
        _tanh_grad(g, dc * i), _sigmoid_grad(o, d[0] * tanh_c),
    ]  # fmt: skip
    return tf.concat(dz, -1), [None, dc * f]


def _gru(a: Any, r: Any, state: Tensors) -> tuple[Tensors, Any]:
    """Compute gates z s = σ of a + r; g = tanh(a_g + s r_g); h' = z h + (1 - z) g: the reset acts after the product."""
    (a_zs, a_g), (r_zs, r_g) = _split(a, 2, 1), _split(r, 2, 1)
    zs = tf.sigmoid(a_zs + r_zs)
    z, s = _split(zs, 1, 1)
    g = tf.tanh(a_g + s * r_g)
    return [g + z * (state[0] - g)], tf.concat([zs, g, r_g], -1)


def _gru_back(kept: Any, before: Tensors, _after: Tensors, d: Tensors) -> tuple[Any, Tensors]:
    z, s, g, r_g = _split(kept, 1, 1, 1, 1)
    da_g = _tanh_grad(g, d[0] * (1 - z))
    dz = [_sigmoid_grad(z, d[0] * (before[0] - g)), _sigmoid_grad(s, da_g * r_g), da_g, da_g * s]
    return tf.concat(dz, -1), [d[0] * z]


STEPS = {
    "rnn": Step(_rnn, _rnn_back, 0, (0,), (0,)),
    "lstm": Step(_lstm, _lstm_back, 4, (0, 1, 2, 3), (0, 1, 2, 3)),
    "gru": Step(_gru, _gru_back, 4, (0, 1, 2), (0, 1, 3)),
}
"""Cell → equations, gates in Keras's order: LSTM i f c o, GRU z r h with `reset_after`."""


@dataclass(frozen=True)
class Run:
    """One run of a cell through time: all that is not differentiated.

    Attributes:
        cell: Row of `STEPS`.
        keep: Keep the gates; otherwise the backward pass computes them again: less memory, more time.
        mask: `(time, batch)` bool, or None: a masked step leaves the state as it is.
        drop: Recurrent dropout, gate by gate what the state is multiplied by, `(batch, U)` each, or None.
        drop_x: The same of the input, `(batch, D)` each, or None.
    """

    cell: str
    keep: bool = True
    mask: Any = None
    drop: Tensors | None = None
    drop_x: Tensors | None = None

    @property
    def step(self) -> Step:
        """Return the equations."""
        return STEPS[self.cell]


def through_time(run: Run, x: Any, kernel: Any, recurrent: Any, bias: Any, state: Sequence[Any]) -> tuple[Any, Tensors]:
    """Take a cell through time.

    With D features, U units and G gates (rnn 1, lstm 4, gru 3), all in the dtype of `x`:

    Args:
        run: Cell, mask, dropout.
        x: `(time, batch, D)`.
        kernel: `(D, G * U)`.
        recurrent: `(U, G * U)`.
        bias: `(1, G * U)`, or `(2, G * U)` with one of the recurrent product.
        state: The state before the first step, `(batch, U)` each.

    Returns:
        `h (time, batch, U)` after every step, and the state after the last.
    """
    given = [x, kernel, recurrent, bias, *state]

    @tf.custom_gradient
    def differentiable(*given: Any) -> Any:
        states, kept = _forward(run, given, run.keep)

        def gradient(*d: Any) -> Tensors:
            return _backward(run, list(given), list(d), states, kept)

        return _results(states, x.dtype), gradient

    h, *last = differentiable(*given)
    return h, last


def _results(states: Tensors, dtype: Any) -> Tensors:
    """Give `h` of all steps and the last state, from the arrays of all states."""
    return [tf.cast(states[0][1:], dtype), *(tf.cast(array[-1], dtype) for array in states)]


def _forward(run: Run, given: Sequence[Any], keep: bool) -> tuple[Tensors, Any]:
    """Run all steps; return the states, `(time + 1, batch, U)` each, and what was kept, `(time, batch, K * U)`."""
    x, kernel, recurrent, bias, *state = given
    a, time = _product(x, kernel, run.drop_x) + bias[0], tf.shape(x)[0]
    arrays = [_array(time + 1, value).write(0, value) for value in _stored(state, x.dtype)]
    kept = tf.TensorArray(x.dtype, time if keep else 0, element_shape=(x.shape[1], run.step.kept * recurrent.shape[0]))

    def body(t: Any, state: Tensors, arrays: Tensors, kept: Any) -> tuple:
        new, part = _step(run, t, a[t], state, recurrent, bias)
        arrays = [array.write(t + 1, value) for array, value in zip(arrays, _stored(new, x.dtype), strict=True)]
        return t + 1, new, arrays, kept.write(t, tf.cast(part, x.dtype)) if keep else kept

    start = [tf.cast(value, tf.float32) for value in state]
    *_, arrays, kept = tf.while_loop(lambda t, *_: t < time, body, (0, start, arrays, kept), maximum_iterations=time)
    return [array.stack() for array in arrays], kept.stack() if keep else None


def _step(run: Run, t: Any, a: Any, state: Tensors, recurrent: Any, bias: Any) -> tuple[Tensors, Any]:
    """Run step `t` from its input product; return the new state and what a backward pass needs, in float32."""
    r = tf.cast(_product(tf.cast(state[0], recurrent.dtype), recurrent, run.drop), tf.float32)
    if bias.shape[0] == 2:
        r += tf.cast(bias[1], tf.float32)
    new, kept = run.step.forward(tf.cast(a, tf.float32), r, state)
    if run.mask is not None:
        new = [tf.where(run.mask[t][:, None], value, old) for value, old in zip(new, state, strict=True)]
    return new, kept


def _backward(run: Run, given: Tensors, d: Tensors, states: Tensors, kept: Any) -> Any:
    """Return the gradients of `given` from those of the results; differentiable in its turn."""

    @tf.custom_gradient
    def differentiable(*_both: Any) -> Any:
        def gradient(*dd: Any) -> Any:
            return _second(run, given, d, list(dd))

        return _through_back(run, given, d, states, kept), gradient

    return differentiable(*given, *d)


def _through_back(run: Run, given: Tensors, d: Tensors, states: Tensors, kept: Any) -> Tensors:
    """Run all steps backwards; return the gradients of `given`."""
    x, kernel, recurrent, bias, *_ = given
    a = None if kept is not None else _product(x, kernel, run.drop_x) + bias[0]
    turned, time = tf.transpose(recurrent), tf.shape(x)[0]
    step, units = run.step, recurrent.shape[0]
    dz = tf.TensorArray(x.dtype, time, element_shape=(x.shape[1], (max(step.dr) + 1) * units))

    def body(t: Any, d_state: Tensors, dz: Any) -> tuple:
        before = [tf.cast(array[t], tf.float32) for array in states]
        after = [tf.cast(array[t + 1], tf.float32) for array in states]
        part = kept[t] if a is None else _step(run, t, a[t], before, recurrent, bias)[1]
        total = [d_state[0] + tf.cast(d[0][t], tf.float32), *d_state[1:]]
        dz_t, direct = step.backward(tf.cast(part, tf.float32), before, after, total)
        dz_t = tf.cast(dz_t if run.mask is None else tf.where(run.mask[t][:, None], dz_t, 0.0), x.dtype)
        flow = tf.cast(_product_back(_blocks(dz_t, step.dr, units), turned, run.drop), tf.float32)
        earlier = [flow if direct[0] is None else flow + direct[0], *direct[1:]]
        if run.mask is not None:
            earlier = [tf.where(run.mask[t][:, None], new, old) for new, old in zip(earlier, total, strict=True)]
        return t - 1, earlier, dz.write(t, dz_t)

    last = [tf.cast(value, tf.float32) for value in d[1:]]
    _, d_state, dz = tf.while_loop(lambda t, *_: t >= 0, body, (time - 1, last, dz), maximum_iterations=time)
    return _sums(run, given, states, dz.stack(), d_state)


def _sums(run: Run, given: Tensors, states: Tensors, dz: Any, d_state: Tensors) -> Tensors:
    """Gather the gradients of `given` from those of all steps, one matrix product each."""
    x, kernel, recurrent, bias, *state = given
    units = recurrent.shape[0]
    da, dr = _blocks(dz, run.step.da, units), _blocks(dz, run.step.dr, units)
    d_bias = [_total(da), _total(dr)][: bias.shape[0]]
    return [
        _product_back(da, tf.transpose(kernel), run.drop_x),
        _weights_back(x, da, run.drop_x),
        _weights_back(tf.cast(states[0][:-1], x.dtype), dr, run.drop),
        tf.cast(tf.stack(d_bias), bias.dtype),
        *(tf.cast(value, old.dtype) for value, old in zip(d_state, state, strict=True)),
    ]


def _second(run: Run, given: Tensors, d: Tensors, dd: Tensors) -> Tensors:
    """Return the gradients of the backward pass, by automatic differentiation of the plain loop."""
    with tf.GradientTape() as outer:
        outer.watch(given + d)
        with tf.GradientTape() as inner:
            inner.watch(given)
            results = _results(_forward(run, given, keep=False)[0], given[0].dtype)
        gradients = inner.gradient(results, given, d, unconnected_gradients="zero")
    return outer.gradient(gradients, given + d, dd, unconnected_gradients="zero")


def _stored(state: Sequence[Any], dtype: Any) -> Tensors:
    """Give a state as it is kept: `h` in the dtype of the products, others in float32."""
    return [tf.cast(value, dtype if i == 0 else tf.float32) for i, value in enumerate(state)]


def _array(size: Any, like: Any) -> Any:
    return tf.TensorArray(like.dtype, size, element_shape=like.shape, clear_after_read=False)


def _product(x: Any, weights: Any, drop: Tensors | None) -> Any:
    """Multiply `x (…, D)` with `weights (D, G * U)`; with dropout each gate sees another part of `x`."""
    if drop is None:
        return _flat(x, weights)
    gates = zip(drop, tf.split(weights, len(drop), 1), strict=True)
    return tf.concat([_flat(x * mask, part) for mask, part in gates], -1)


def _product_back(d: Any, turned: Any, drop: Tensors | None) -> Any:
    """Return the gradient of `_product`'s `x` from that of its result; `turned (G * U, D)` are the weights."""
    if drop is None:
        return _flat(d, turned)
    gates = zip(drop, tf.split(d, len(drop), -1), tf.split(turned, len(drop), 0), strict=True)
    return tf.add_n([_flat(part, weights) * mask for mask, part, weights in gates])


def _weights_back(x: Any, d: Any, drop: Tensors | None) -> Any:
    """Return the gradient of `_product`'s weights from that of its results at all steps."""
    if drop is None:
        return tf.matmul(_rows(x), _rows(d), transpose_a=True)
    gates = zip(drop, tf.split(d, len(drop), -1), strict=True)
    return tf.concat([tf.matmul(_rows(x * mask), _rows(part), transpose_a=True) for mask, part in gates], -1)


def _flat(x: Any, weights: Any) -> Any:
    """Multiply the last axis with a matrix: one product for all rows, whatever the other axes."""
    if len(x.shape) == 2:
        return tf.matmul(x, weights)
    return tf.reshape(tf.matmul(_rows(x), weights), tf.concat([tf.shape(x)[:-1], [weights.shape[1]]], 0))


def _rows(x: Any) -> Any:
    return tf.reshape(x, (-1, x.shape[-1]))


def _blocks(dz: Any, wanted: tuple[int, ...], units: int) -> Any:
    """Take blocks of so many columns."""
    count = dz.shape[-1] // units
    if wanted == tuple(range(count)):
        return dz
    parts = tf.split(dz, count, -1)
    return tf.concat([parts[i] for i in wanted], -1)


def _total(d: Any) -> Any:
    return tf.reduce_sum(tf.cast(d, tf.float32), (0, 1))


def _split(tensor: Any, *sizes: int) -> Any:
    """Split the last axis in parts of so many units each."""
    units = tensor.shape[-1] // sum(sizes)
    return tf.split(tensor, [size * units for size in sizes], -1)


def _sigmoid_grad(y: Any, dy: Any) -> Any:
    return dy * y * (1 - y)


def _tanh_grad(y: Any, dy: Any) -> Any:
    return dy * (1 - y * y)
