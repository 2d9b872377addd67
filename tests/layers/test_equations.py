"""One step of each cell and back, compared with NumPy in float64."""

import numpy as np
import pytest

from tests import cells
from zoo.layers.equations import STEPS

BATCH, UNITS = 3, 5
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
STATES = {"rnn": 1, "lstm": 2, "gru": 1}


def expected(cell, a, r, state):
    """The new state of NumPy's cell: with these inputs and recurrent products whatever the weights that gave them."""
    identity, empty = np.eye(a.shape[-1]), np.zeros((UNITS, a.shape[-1]))
    if cell == "gru":
        # The state goes into the update only; a bias of one row each gives the products of that row.
        rows = [cells.gru(a[i : i + 1], identity, empty, [0, r[i]], state[0][i : i + 1])[0] for i in range(len(a))]
        return [np.concatenate(rows)]
    return cells.CELLS[cell](a + r, identity, empty, 0, *state)[1]


def given(cell, scale=1.0):
    rng = np.random.default_rng(7)
    gates = GATES[cell] * UNITS
    a, r = (scale * rng.normal(size=(BATCH, gates)) for _ in range(2))
    return a, r, [rng.normal(size=(BATCH, UNITS)) for _ in range(STATES[cell])]


def run(cell, a, r, state):
    """Run a step forward in float32; give the new state and what is kept."""
    new, kept = STEPS[cell].forward(*(np.float32(array) for array in (a, r)), [np.float32(s) for s in state])
    return [np.asarray(tensor) for tensor in new], [np.asarray(tensor) for tensor in kept]


@pytest.mark.parametrize("cell", STEPS)
def test_a_step_is_numpy_s(cell):
    a, r, state = given(cell)
    new, kept = run(cell, a, r, state)
    for found, wanted in zip(new, expected(cell, a, r, state), strict=True):
        np.testing.assert_allclose(found, wanted, atol=2e-6)
    assert [tensor.shape for tensor in kept] == [(BATCH, width * UNITS) for width in STEPS[cell].kept]


@pytest.mark.parametrize("cell", STEPS)
def test_gates_that_are_wide_open_or_shut_stay_finite(cell):
    """Where exp(-z) would overflow in float32; the state is that of the hard limits."""
    a, r, state = given(cell, scale=1e4)
    new, _ = run(cell, a, r, state)
    with np.errstate(over="ignore"):
        wanted = expected(cell, a, r, state)
    for found, limit in zip(new, wanted, strict=True):
        np.testing.assert_allclose(found, limit, atol=1e-5)


@pytest.mark.parametrize("cell", STEPS)
def test_a_step_back_is_the_slope(cell):
    """Gradients of `sum(d * new state)` by central differences in float64."""
    step, (a, r, state) = STEPS[cell], given(cell)
    rng = np.random.default_rng(8)
    d = [rng.normal(size=(BATCH, UNITS)) for _ in state]
    new, kept = run(cell, a, r, state)
    dz, direct = step.backward(kept, [np.float32(s) for s in state], new, [np.float32(one) for one in d])
    dz = [np.asarray(part) for part in dz]
    assert [part.shape for part in dz] == [(BATCH, width * UNITS) for width in step.dz]
    found = [np.concatenate([dz[i] for i in parts], -1) for parts in (step.da, step.dr)]
    found += [np.zeros((BATCH, UNITS)) if part is None else np.asarray(part) for part in direct]

    def slope(which):
        arrays, slopes = [a, r, *state], np.zeros_like([a, r, *state][which])
        for at in np.ndindex(slopes.shape):
            sums = []
            for shift in (1e-6, -1e-6):
                moved = [array.copy() for array in arrays]
                moved[which][at] += shift
                after = expected(cell, moved[0], moved[1], moved[2:])
                sums.append(sum((one * s).sum() for one, s in zip(d, after, strict=True)))
            slopes[at] = (sums[0] - sums[1]) / 2e-6
        return slopes

    for which, gradient in enumerate(found):  # of a, of r, of each state but through the recurrent product
        np.testing.assert_allclose(gradient, slope(which), atol=2e-5, err_msg=str(which))
