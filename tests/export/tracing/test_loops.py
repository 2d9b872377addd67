"""Cells as loops over time, against NumPy cells."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from export.tracing import loops
from export.tracing.cells import Cell, Track
from tests import cells

FEATURES, UNITS, BATCH = 3, 2, 3
GATES = {"rnn": 1, "lstm": 4, "gru": 3, "gru_before": 3}
tanh, sigmoid = keras.activations.tanh, keras.activations.sigmoid


def cell_of(kind, **options):
    rng, width = np.random.default_rng(3), GATES[kind] * UNITS
    shapes = (FEATURES, width), (UNITS, width), (2, width) if kind == "gru" else (width,)
    weights = [rng.normal(0.1, 0.6, shape).astype(np.float32) for shape in shapes]
    own = {"activation": tanh, "gate_activation": None if kind == "rnn" else sigmoid, **options}
    return Cell(kind.removesuffix("_before"), UNITS, *weights, **own, reset_after=kind == "gru")


def example(kind, time):
    """Inputs, states, and a mask with a row of padding alone."""
    rng = np.random.default_rng(time)
    x = rng.normal(0, 1, (BATCH, time, FEATURES)).astype(np.float32)
    states = [rng.uniform(-1, 1, (BATCH, UNITS)).astype(np.float32) for _ in range(2 if kind == "lstm" else 1)]
    mask = rng.random((BATCH, time)) < 0.6
    mask[0] = False
    return x, states, mask


def held(hidden, start, mask):
    """Outputs as a loop gives them: before the first valid step the state that it started from, not zeros."""
    seen = np.cumsum(mask, axis=1)[..., None] > 0
    return np.where(seen, hidden, start[:, None])


def check(loop, kind, time, reverse, is_masked, traced):
    """Compare a loop with the equations, run in a graph that knows the length or not."""
    cell, (x, states, mask) = cell_of(kind), example(kind, time)
    mask = mask if is_masked else np.ones_like(mask)
    weights = cell.kernel, cell.recurrent_kernel, cell.bias
    expected, last = cells.over_time(kind, x, weights, states, mask, reverse)
    expected = held(expected, states[0], mask[:, ::-1] if reverse else mask)

    def through(x, mask, *states):
        [result] = loops.by(loop)([Track(cell, reverse, list(states))], x, mask if is_masked else None)
        return result

    specs = [tf.TensorSpec((None, time if traced else None, *a.shape[2:]), a.dtype) for a in (x, mask)]
    specs += [tf.TensorSpec((None, UNITS), tf.float32)] * len(states)
    hidden, new = tf.function(through, input_signature=specs, autograph=False)(x, mask, *states)
    np.testing.assert_allclose(hidden, expected[:, ::-1] if reverse else expected, atol=2e-6)
    for a, b in zip(new, last, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize(("reverse", "is_masked"), [(False, False), (True, True)])
def test_collecting_computes_the_equations(kind, reverse, is_masked):
    check(loops.collecting, kind, 7, reverse, is_masked, traced=False)


@pytest.mark.parametrize(("reverse", "is_masked"), [(False, True), (True, False)])
def test_unrolled_computes_the_equations(reverse, is_masked):
    check(loops.unrolled, "lstm", 5, reverse, is_masked, traced=True)


@pytest.mark.parametrize("loop", [loops.collecting, loops.buffered, loops.unrolled])
def test_the_last_state_alone_has_no_outputs(loop):
    cell, (x, states, mask) = cell_of("gru"), example("gru", 6)
    [(hidden, [last])] = loops.by(loop)(
        [Track(cell, False, states, sequences=False)], tf.constant(x), tf.constant(mask)
    )
    assert hidden is None
    _, [expected] = cells.over_time("gru", x, (cell.kernel, cell.recurrent_kernel, cell.bias), states, mask)
    np.testing.assert_allclose(last, expected, atol=2e-6)
    np.testing.assert_array_equal(last[0], states[0][0])  # which no valid step has changed


def test_tracks_run_over_the_same_input_each_its_own_way():
    cell, (x, states, _) = cell_of("rnn"), example("rnn", 4)
    tracks = [Track(cell, False, states), Track(cell, True, states)]
    (there, _), (back, _) = loops.by(loops.collecting)(tracks, tf.constant(x), None)
    (turned, _), _ = loops.by(loops.collecting)(tracks, tf.constant(x[:, ::-1]), None)
    np.testing.assert_array_equal(back, turned[:, ::-1])
    assert not np.allclose(there, back)


@pytest.mark.parametrize("kind", GATES)
def test_project_is_the_input_s_part_of_the_equations(kind):
    """The recurrent bias of a GRU stays outside."""
    cell, (x, *_) = cell_of(kind), example(kind, 4)
    projected = loops.project(cell, tf.constant(x))
    assert projected.shape == (BATCH, 4, GATES[kind] * UNITS)
    bias = cell.bias[0] if kind == "gru" else cell.bias
    np.testing.assert_allclose(projected, x @ cell.kernel + bias, atol=1e-6)


def test_a_step_with_activations_of_its_own_by_hand():
    """relu for tanh, and for the sigmoid a gate that is always open or half open."""
    cell = cell_of("lstm", activation=keras.activations.relu, gate_activation=lambda z: 0 * z + 0.5)
    z, h, c = np.float32([[9, 9, 9, 9, -1, 2, 9, 9]]), np.zeros((1, 2), np.float32), np.float32([[4, -8]])
    new = loops.plain_step(cell)(z, h, c)
    np.testing.assert_allclose(new[1], [[0.5 * 4 + 0.5 * 0, 0.5 * -8 + 0.5 * 2]])
    np.testing.assert_allclose(new[0], [[0.5 * 2, 0.5 * 0]])


def test_masked_keeps_rows_of_any_rank():
    step = loops.masked(lambda x, a, b: [a + x, b + 1])
    a, b = tf.zeros((2, 3)), tf.zeros((2, 3, 1, 2))
    new = step((tf.ones((2, 3)), tf.constant([True, False])), a, b)
    np.testing.assert_array_equal(new[0], [[1, 1, 1], [0, 0, 0]])
    assert [float(tf.reduce_sum(row)) for row in new[1]] == [6, 0]


@pytest.mark.parametrize("static", [True, False])
def test_buffered_at_lengths_around_its_blocks(monkeypatch, static):
    """Blocks of 2 and 4 rows; the mask and the state go through all of them. XLA has the operator that TensorFlow lacks."""
    monkeypatch.setattr(loops, "SIZES", (2, 4))
    cell = cell_of("lstm")

    def through(x, mask, *states):
        [result] = loops.by(loops.buffered)([Track(cell, True, list(states))], x, mask)
        return result

    function = tf.function(through, jit_compile=True, autograph=False)
    for time in (1, 2, 3, 5) if static else (1, 4, 9):
        x, states, mask = example("lstm", time)
        if not static:
            function = traced(through, x, mask, *states)
        hidden, new = function(*(tf.constant(array) for array in (x, mask, *states)))
        weights = cell.kernel, cell.recurrent_kernel, cell.bias
        expected, last = cells.over_time("lstm", x, weights, states, mask, True)
        np.testing.assert_allclose(hidden, held(expected, states[0], mask[:, ::-1])[:, ::-1], atol=2e-6)
        np.testing.assert_allclose(new, last, atol=2e-6)


def traced(function, *arrays):
    specs = [
        tf.TensorSpec(
            (None, None, *array.shape[2:]) if array.ndim > 2 or array.dtype == bool else (None, UNITS), array.dtype
        )
        for array in arrays
    ]
    return tf.function(function, input_signature=specs, jit_compile=True, autograph=False)
