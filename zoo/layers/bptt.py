"""Recurrent cells through time in TensorFlow, with a hand-written backward pass.

Automatic differentiation of a loop keeps every intermediate value of every step and multiplies small matrices. Here:

- the input products of all steps are one matrix product before the loop;
- the loop keeps the states and the gates (or the states alone: then the backward pass computes the gates again);
- the backward loop only takes the gradient from step to step, one matrix product each;
- the gradients of the weights are one matrix product each, after the loop.

Time is the first axis in this module: `(time, batch, features)`. Products are computed in the dtype of the input,
everything between them in float32. In training XLA compiles the loops that are long, and the sums after them where the
weights are few: TensorFlow's own products of large matrices are faster. Gradients of gradients are right too: they are
taken through the plain loop.

References:
    Werbos, Backpropagation Through Time: What It Does and How to Do It, Proc. IEEE 78, 1990.
    Appleyard, Kočiský & Blunsom, Optimizing Performance of Recurrent Neural Networks on GPUs, 2016 (hoisted products).
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from zoo.layers.equations import STEPS, Step, Tensors

WORTH_COMPILING = 1 << 23  # multiplications of a loop, for one row of a batch: a loop of less runs as it is
SMALL = 1 << 18  # elements of a matrix: TensorFlow (oneDNN) computes a product with so few on one thread, XLA on all


@dataclass(frozen=True)
class Run:
    """One run of a cell through time: all that is not differentiated.

    Attributes:
        cell: Row of `STEPS`.
        keep: Keep the gates; otherwise the backward pass computes them again: less memory, more time.
        compiled: Have XLA compile the loops that are worth it.
        learns: Gradients are to be expected. Otherwise a graph gets the plain loop, whose gradients are right too, but
            slow: TensorFlow keeps every graph with a gradient of our own until the process ends.
        mask: `(time, batch)` bool, or None: a masked step leaves the state as it is.
        drop: Recurrent dropout, gate by gate what the state is multiplied by, `(batch, U)` each, or None.
        drop_x: The same of the input, `(batch, D)` each, or None.
    """

    cell: str
    keep: bool = True
    compiled: bool = False
    learns: bool = True
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
    if not (run.learns or tf.executing_eagerly()):
        h, *last = _results(_forward(run, [x, kernel, recurrent, bias, *state])[0], x.dtype)
        return h, last

    @tf.custom_gradient
    def differentiable(*given: Any) -> Any:
        states, kept = _forward(run, given)

        def gradient(*d: Any) -> Tensors:
            return _backward(run, list(given), list(d), states, kept)

        return _results(states, x.dtype), gradient

    h, *last = differentiable(x, kernel, recurrent, bias, *state)
    return h, last


def _results(states: Tensors, dtype: Any) -> Tensors:
    """Give `h` of all steps and the last state, from the arrays of all states."""
    return [tf.cast(states[0], dtype), *(tf.cast(array[-1], dtype) for array in states)]


def _forward(run: Run, given: Sequence[Any]) -> tuple[Tensors, Tensors]:
    """Run all steps; return the states after each, `(time, batch, U)`, and what was kept, `(time, batch, …)`."""
    x, kernel, recurrent, bias, *state = given
    a = _product(x, kernel, run.drop_x) + bias[0]
    return _compiled(_steps_forward, run, a, recurrent)(run, a, recurrent, bias, state)


def _steps_forward(run: Run, a: Any, recurrent: Any, bias: Any, state: Tensors) -> tuple[Tensors, Tensors]:
    """Run all steps from their input products `a (time, batch, G * U)`."""
    time, units = _length(a), recurrent.shape[0]
    states = [_array(a, units, value.dtype) for value in _stored(state, a.dtype)]
    kept = [_array(a, width * units) for width in run.step.kept if run.keep]

    def body(t: Any, state: Tensors, states: Tensors, kept: Tensors) -> tuple:
        state, parts = _step(run, t, a[t], state, recurrent, bias)
        return t + 1, state, _write(states, t, _stored(state, a.dtype)), _write(kept, t, parts if run.keep else [])

    begin = (0, [tf.cast(value, tf.float32) for value in state], states, kept)
    *_, states, kept = tf.while_loop(lambda t, *_: t < time, body, begin, maximum_iterations=time)
    return [array.stack() for array in states], [array.stack() for array in kept]


def _step(run: Run, t: Any, a: Any, state: Tensors, recurrent: Any, bias: Any) -> tuple[Tensors, Tensors]:
    """Run step `t` from its input product; return the new state and what a backward pass needs, in float32."""
    r = tf.cast(_product(tf.cast(state[0], recurrent.dtype), recurrent, run.drop), tf.float32)
    if bias.shape[0] == 2:
        r += tf.cast(bias[1], tf.float32)
    new, kept = run.step.forward(tf.cast(a, tf.float32), r, state)
    if run.mask is not None:
        new = [tf.where(run.mask[t][:, None], value, old) for value, old in zip(new, state, strict=True)]
    return new, kept


def _backward(run: Run, given: Tensors, d: Tensors, states: Tensors, kept: Tensors) -> Any:
    """Return the gradients of `given` from those of the results; differentiable in its turn.

    Control dependencies keep what is computed from the forward pass alone from being computed, and held, from then on.
    """

    @tf.custom_gradient
    def differentiable(*_both: Any) -> Any:
        def gradient(*dd: Any) -> Any:
            return _second(run, given, d, list(dd))

        x, kernel, recurrent, bias, *state = given
        known = kept
        if not run.keep:
            with tf.control_dependencies(d):
                known = [_product(x, kernel, run.drop_x) + bias[0]]
        first = _stored(state, x.dtype)
        steps = _compiled(_steps_back, run, states[0], recurrent)
        dz, d_state = steps(run, known, recurrent, bias, first, states, d)
        with tf.control_dependencies(dz):
            h = tf.concat([first[0][None], states[0][:-1]], 0)  # before each step
        sums = _compiled(_sums, run, h, recurrent) if recurrent.shape.num_elements() <= SMALL else _sums
        return sums(run, given, h, dz, d_state), gradient

    return differentiable(*given, *d)


def _steps_back(
    run: Run, known: Tensors, recurrent: Any, bias: Any, first: Tensors, states: Tensors, d: Tensors
) -> tuple[Tensors, Tensors]:
    """Run all steps backwards, from what was kept, or from the input products if nothing was.

    Returns:
        The parts of the gradients, `(time, batch, …)` each, and the gradient of the state before the first step.
    """
    step, units, time = run.step, recurrent.shape[0], _length(states[0])
    turned, dtype = tf.transpose(recurrent), recurrent.dtype

    def body(t: Any, d_state: Tensors, dz: Tensors) -> tuple:
        before = [tf.where(t > 0, array[tf.maximum(t - 1, 0)], one) for array, one in zip(states, first, strict=True)]
        before, after = _floats(before), _floats([array[t] for array in states])
        kept = [array[t] for array in known]
        if not run.keep:
            kept = _step(run, t, kept[0], before, recurrent, bias)[1]
        total = [d_state[0] + tf.cast(d[0][t], tf.float32), *d_state[1:]]
        parts, direct = step.backward(_floats(kept), before, after, total)
        if run.mask is not None:
            parts = [tf.where(run.mask[t][:, None], part, 0.0) for part in parts]
        parts = [tf.cast(part, dtype) for part in parts]
        flow = tf.cast(_product_back([_joined([parts[i] for i in step.dr])], turned, run.drop), tf.float32)
        earlier = [flow if direct[0] is None else flow + direct[0], *direct[1:]]
        if run.mask is not None:
            earlier = [tf.where(run.mask[t][:, None], new, old) for new, old in zip(earlier, total, strict=True)]
        return t - 1, earlier, _write(dz, t, parts)

    begin = (time - 1, _floats(d[1:]), [_array(states[0], width * units) for width in step.dz])
    _, d_state, dz = tf.while_loop(lambda t, *_: t >= 0, body, begin, maximum_iterations=time)
    return [array.stack() for array in dz], d_state


def _compiled(steps: Callable[..., Any], run: Run, a: Any, recurrent: Any) -> Callable[..., Any]:
    """Have XLA compile what belongs to a loop that is worth it: in a graph, for each number of steps anew."""
    worth = (a.shape[0] or 0) * recurrent.shape.num_elements() >= WORTH_COMPILING
    if run.compiled and worth and not tf.executing_eagerly() and _has_xla():
        # without the tapes, which would have the function return what gradients of its own need
        hidden = functools.partial(tf.nest.map_structure, tf.stop_gradient)
        return lambda _, *given: _xla(steps, run.cell, run.keep)(run.mask, run.drop, run.drop_x, hidden(given))
    return steps


@functools.cache
def _xla(steps: Callable[..., Any], cell: str, keep: bool) -> Callable[..., Any]:
    """Give a function that XLA compiles once for all layers of the same sizes."""
    return tf.function(
        lambda mask, drop, drop_x, given: steps(Run(cell, keep, mask=mask, drop=drop, drop_x=drop_x), *given),
        jit_compile=True,
        autograph=False,
    )


@functools.cache
def _has_xla() -> bool:
    """Try whether this TensorFlow can compile; not every build can."""
    with tf.init_scope():
        try:
            return int(tf.function(lambda: tf.constant(1), jit_compile=True)()) == 1
        except tf.errors.OpError:
            return False


def _sums(run: Run, given: Tensors, h: Any, dz: Tensors, d_state: Tensors) -> Tensors:
    """Gather the gradients of `given` from those of all steps, one matrix product each; `h` before each step."""
    x, kernel, _, bias, *state = given
    da, dr = [dz[i] for i in run.step.da], [dz[i] for i in run.step.dr]
    d_bias = [tf.concat([_total(part) for part in parts], 0) for parts in (da, dr)[: bias.shape[0]]]
    return [
        _product_back(da, tf.transpose(kernel), run.drop_x),
        _weights_back(x, da, run.drop_x),
        _weights_back(h, dr, run.drop),
        tf.cast(tf.stack(d_bias), bias.dtype),
        *(tf.cast(value, old.dtype) for value, old in zip(d_state, state, strict=True)),
    ]


def _second(run: Run, given: Tensors, d: Tensors, dd: Tensors) -> Tensors:
    """Return the gradients of the backward pass, by automatic differentiation of the plain loop."""
    with tf.GradientTape() as outer:
        outer.watch(given + d)
        with tf.GradientTape() as inner:
            inner.watch(given)
            results = _results(_forward(replace(run, keep=False, compiled=False), given)[0], given[0].dtype)
        gradients = inner.gradient(results, given, d, unconnected_gradients="zero")
    return outer.gradient(gradients, given + d, dd, unconnected_gradients="zero")


def _length(x: Any) -> Any:
    """Give the number of time steps: as an integer, if it is known."""
    return tf.shape(x)[0] if x.shape[0] is None else x.shape[0]


def _stored(state: Sequence[Any], dtype: Any) -> Tensors:
    """Give a state as it is kept: `h` in the dtype of the products, others in float32."""
    return [tf.cast(value, dtype if i == 0 else tf.float32) for i, value in enumerate(state)]


def _floats(tensors: Sequence[Any]) -> Tensors:
    return [tf.cast(tensor, tf.float32) for tensor in tensors]


def _array(like: Any, width: int, dtype: Any = None) -> Any:
    """Make an array for a tensor `(batch, width)` a step of `like (time, batch, …)`."""
    return tf.TensorArray(dtype or like.dtype, _length(like), element_shape=(like.shape[1], width))


def _write(arrays: Tensors, t: Any, values: Tensors) -> Tensors:
    return [array.write(t, tf.cast(value, array.dtype)) for array, value in zip(arrays, values, strict=True)]


def _product(x: Any, weights: Any, drop: Tensors | None) -> Any:
    """Multiply `x (…, D)` with `weights (D, G * U)`; with dropout each gate sees another part of `x`."""
    if drop is None:
        return _flat(x, weights)
    gates = zip(drop, tf.split(weights, len(drop), 1), strict=True)
    return tf.concat([_flat(x * mask, part) for mask, part in gates], -1)


def _product_back(parts: Tensors, turned: Any, drop: Tensors | None) -> Any:
    """Return the gradient of `_product`'s `x` from parts of that of its result; `turned (G * U, D)` are the weights."""
    if drop is None:
        rows = tf.split(turned, [part.shape[-1] for part in parts], 0)
        return _added([_flat(part, weights) for part, weights in zip(parts, rows, strict=True)])
    gates = zip(drop, tf.split(_joined(parts), len(drop), -1), tf.split(turned, len(drop), 0), strict=True)
    return _added([_flat(part, weights) * mask for mask, part, weights in gates])


def _weights_back(x: Any, parts: Tensors, drop: Tensors | None) -> Any:
    """Return the gradient of `_product`'s weights from that of its results at all steps."""
    seen = [x] * len(parts)
    if drop is not None:
        seen, parts = [x * mask for mask in drop], tf.split(_joined(parts), len(drop), -1)
    return _joined([tf.matmul(_rows(x), _rows(part), transpose_a=True) for x, part in zip(seen, parts, strict=True)])


def _joined(parts: Tensors) -> Any:
    return tf.concat(parts, -1) if len(parts) > 1 else parts[0]


def _added(parts: Tensors) -> Any:
    return tf.add_n(parts) if len(parts) > 1 else parts[0]


def _flat(x: Any, weights: Any) -> Any:
    """Multiply the last axis with a matrix: one product for all rows, whatever the other axes."""
    if len(x.shape) == 2:
        return tf.matmul(x, weights)
    return tf.reshape(tf.matmul(_rows(x), weights), tf.concat([tf.shape(x)[:-1], [weights.shape[1]]], 0))


def _rows(x: Any) -> Any:
    return tf.reshape(x, (-1, x.shape[-1]))


def _total(d: Any) -> Any:
    """Sum over steps and batch: as a product, which is far faster than `reduce_sum`."""
    rows = _rows(tf.cast(d, tf.float32))
    return tf.matmul(tf.ones((1, tf.shape(rows)[0])), rows)[0]
