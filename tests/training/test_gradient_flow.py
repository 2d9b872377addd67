from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.conftest import random_score, randomized
from zoo.errors import ArgumentError
from zoo.layers import recurrent as fast
from zoo.training import gradient_flow

LAYERS = {"rnn": fast.SimpleRNN, "lstm": keras.layers.LSTM, "gru": fast.GRU}


def network(*layers):
    return randomized(keras.Sequential([keras.Input((None, 3)), *layers, keras.layers.Dense(4)]))


def batch(time=6, rows=2):
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, time, 3)).astype("f"), rng.integers(0, 4, (rows, time))


def test_vanilla_rnn_by_hand():
    """∂L/∂h_t = W_y^T ∂L/∂y_t + R (1 - h_{t+1}²) ∂L/∂h_{t+1}, from the last step back."""
    net = network(fast.SimpleRNN(5, return_sequences=True, name="cell"))
    x, y = batch()
    kernel, recurrent, bias, dense, shift = (w.astype(float) for w in net.get_weights())
    h, states = np.zeros((2, 5)), []
    for t in range(6):
        h = np.tanh(x[:, t] @ kernel + h @ recurrent + bias)
        states.append(h)
    d, norms = np.zeros((2, 5)), []
    for t in reversed(range(6)):
        logits = states[t] @ dense + shift
        p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        after = (1 - states[t + 1] ** 2) * d @ recurrent.T if t < 5 else 0
        d = (p - np.eye(4)[y[:, t]]) @ dense.T / 6 + after
        norms.insert(0, np.linalg.norm(d, axis=-1).mean())
    flow = zoo.gradient_flow(net, (x, y))
    np.testing.assert_allclose(flow.norms["cell"], norms, rtol=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_every_layer_is_seen_and_the_model_left_as_it_was(kind, tmp_path):
    layer = LAYERS[kind]
    net = network(
        layer(4, return_sequences=True, name="below"), keras.layers.Bidirectional(layer(3, return_sequences=True))
    )
    x, y = batch()
    before = net(x).numpy()
    flow = zoo.gradient_flow(net, (x, y))
    assert len(flow.norms) == 3
    assert all(values.shape == (6,) and (values > 0).all() for values in flow.norms.values())
    logits = tf.constant(before)
    expected = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True).numpy().mean()
    assert flow.loss == pytest.approx(expected, rel=1e-5)
    np.testing.assert_array_equal(net(x), before)
    assert flow.plot(tmp_path / "flow.png").stat().st_size > 5000


def test_loss_of_the_last_step_alone_vanishes_in_a_contracting_rnn():
    net = network(fast.SimpleRNN(5, return_sequences=True, name="cell"))
    cell = net.layers[0].cell
    cell.recurrent_kernel.assign(0.3 * np.eye(5))
    x, _ = batch(30)
    flow = zoo.gradient_flow(net, (x, np.zeros(2)), loss=lambda y, output: tf.reduce_sum(output[:, -1], -1))
    assert flow.norms["cell"][0] < 1e-12 < 1e-2 < flow.norms["cell"][-1]


def test_compiled_loss_and_models_of_the_zoo(tiny):
    net = network(keras.layers.GRU(4, return_sequences=True, name="cell"))
    net.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = batch()
    assert zoo.gradient_flow(net, (x, y)).loss == pytest.approx(net.evaluate(x, y, verbose=0), rel=1e-4)
    flow = zoo.gradient_flow(tiny, [random_score(1, 5), random_score(2, 4)])
    assert {name: len(values) for name, values in flow.norms.items()} == {"recurrent_0": 15}


@pytest.mark.parametrize("zeros", [False, True])
def test_masked_both_ways(zeros):
    """The loss is that of the model, whose outputs are zero before the first step that counts."""
    keras.utils.set_random_seed(1)
    ways = keras.layers.Bidirectional(fast.GRU(3, return_sequences=True, zero_output_for_mask=zeros))
    net = keras.Sequential([keras.Input((6, 3)), keras.layers.Masking(), ways, keras.layers.Dense(4)])
    x, y = batch()
    x[0, :2] = x[1, 3:] = 0
    flow = zoo.gradient_flow(net, (x, y))
    logits = tf.constant(net(x).numpy())
    expected = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True).numpy().mean()
    assert flow.loss == pytest.approx(expected, rel=1e-5)
    assert len(flow.norms) == 2


def test_what_has_no_steps_is_refused(monkeypatch):
    cells = keras.layers.RNN([keras.layers.GRUCell(2), keras.layers.GRUCell(2)], name="two")
    with pytest.raises(ArgumentError, match="layer two has a StackedRNNCells"):
        zoo.gradient_flow(keras.Sequential([keras.Input((4, 3)), cells]), (np.zeros((1, 4, 3)), np.zeros(1, int)))
    dense = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(ArgumentError, match="no recurrent layer"):
        zoo.gradient_flow(dense, (np.zeros((1, 3)), np.zeros(1, int)))
    with pytest.raises(ArgumentError, match="the two arrays"):
        zoo.gradient_flow(dense, 3)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ArgumentError, match="needs tensorflow"):
        zoo.gradient_flow(dense, batch())


def test_models_of_the_zoo_have_the_loss_of_their_task(tiny, monkeypatch):
    class Doubled(keras.losses.Loss):
        targets = staticmethod(lambda y, _xp: (y, 2.0))

        def call(self, y, prediction):
            return keras.losses.sparse_categorical_crossentropy(y, prediction, from_logits=True)

    pieces = [random_score(1, 5), random_score(2, 5)]
    usual = zoo.gradient_flow(tiny, pieces)
    monkeypatch.setattr(gradient_flow, "find", lambda _name: SimpleNamespace(loss=Doubled))
    doubled = zoo.gradient_flow(tiny, pieces)
    assert doubled.loss == pytest.approx(2 * usual.loss, rel=1e-5)
    np.testing.assert_allclose(doubled.norms["recurrent_0"], 2 * usual.norms["recurrent_0"], rtol=1e-4)
