"""The NumPy cells that a reading is checked with, against those of the tests."""

import numpy as np
import pytest

from export.legacy import cells
from tests.cells import CELLS

RNG = np.random.default_rng(0)
X, H, C = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 5)), RNG.normal(size=(3, 5))
SIGMOID = {"activation": "tanh", "recurrent_activation": "sigmoid"}


def arrays_of(gates, biases=1):
    bias = RNG.normal(size=(5 * gates,) if biases == 1 else (biases, 5 * gates))
    return [RNG.normal(size=(4, 5 * gates)), RNG.normal(size=(5, 5 * gates)), bias]


@pytest.mark.parametrize(
    ("name", "kind", "config", "arrays", "state"),
    [
        ("SimpleRNN", "rnn", {}, arrays_of(1), [H]),
        ("LSTMCell", "lstm", SIGMOID, arrays_of(4), [H, C]),
        ("GRUV2", "gru", {**SIGMOID, "reset_after": True}, arrays_of(3, 2), [H]),
        ("GRU", "gru_before", SIGMOID, arrays_of(3), [H]),
    ],
)
def test_steps(name, kind, config, arrays, state):
    found = cells.step(name, config, arrays, X, state)
    for one, other in zip(found, CELLS[kind](X, *arrays, *state)[1], strict=True):
        np.testing.assert_allclose(one, other)
    arrays[0][0, -1] += 1  # a wrong weight shows
    assert not np.allclose(found[0], cells.step(name, config, arrays, X, state)[0])


@pytest.mark.parametrize(("name", "order", "before"), [("LSTM", "ifco", "icfo"), ("GRU", "zrh", "zrh")])
def test_single_gates_of_keras_1(name, order, before):
    joined = arrays_of(len(order))
    parts = {gate: [a[..., i * 5 : i * 5 + 5] for a in joined] for i, gate in enumerate(order)}
    single = [array for gate in before for array in parts[gate]]
    state = [H, C][: 2 if name == "LSTM" else 1]
    for config in ({}, {"inner_activation": "sigmoid", "activation": "relu"}):
        expected = cells.step(name, {k.replace("inner", "recurrent"): v for k, v in config.items()}, joined, X, state)
        np.testing.assert_allclose(cells.step(name, config, single, X, state), expected)


@pytest.mark.parametrize(("name", "gates"), [("LSTM", 4), ("GRU", 3)])
def test_cudnn(name, gates):
    """The matrices of the gates are `(units, features)` there, and both products have a bias."""
    kernel, recurrent, bias = arrays_of(gates, 2)
    turned = [np.concatenate([part.T.reshape(part.shape) for part in np.split(m, gates, 1)], 1)
              for m in (kernel, recurrent)]  # fmt: skip
    state = [H, C][: 2 if name == "LSTM" else 1]
    plain = bias if name == "GRU" else bias.sum(0)
    expected = cells.step(name, {**SIGMOID, "reset_after": True}, [kernel, recurrent, plain], X, state)
    np.testing.assert_allclose(cells.step(f"CuDNN{name}", {}, [*turned, bias.ravel()], X, state), expected)


def test_what_can_be_compared():
    assert cells.kind_of("CuDNNGRU") == "GRU"
    assert cells.kind_of("SimpleRNNCell") == "SimpleRNN"
    assert cells.kind_of("ConvLSTM2D") == ""
    assert cells.checkable("LSTM", {"activation": "relu", "inner_activation": "hard_sigmoid"})
    assert not cells.checkable("LSTM", {"activation": "snake"})
    assert not cells.checkable("Dense", {})
