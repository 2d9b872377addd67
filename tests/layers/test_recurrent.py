"""The fast layers are Keras's: outputs, states and all gradients, over the options, against Keras and against NumPy."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import cells
from tests.layers.comparison import (
    BATCH,
    FEATURES,
    NAMES,
    OPTIONS,
    TIME,
    UNITS,
    close,
    compare,
    flat,
    gradients,
    inputs,
    pair,
)
from zoo.layers import bptt, equations
from zoo.layers import recurrent as fast


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_it_is_keras_s_layer(name, options):
    compare(name, OPTIONS[options])


@pytest.mark.parametrize(
    ("name", "options"), zip(NAMES, ["any mask, backwards", "both dropouts, masked", "padded"], strict=True)
)
def test_compiled_by_xla(name, options):
    compare(name, OPTIONS[options], jit=True)


@pytest.mark.parametrize("name", NAMES[1:])
def test_gradients_of_gradients(name):
    compare(name, OPTIONS["padded"] | {"go_backwards": True}, second=True)


@pytest.mark.parametrize("name", NAMES)
def test_without_training_and_with_less_memory(name):
    """Gates that were not kept are computed again."""
    compare(name, OPTIONS["padded"], training=False)
    compare(name, OPTIONS["both dropouts, masked"], saving="full")


@pytest.mark.parametrize("name", NAMES)
def test_numpy_agrees_in_float64(name):
    """An independent truth: back-propagation through time written from the equations."""
    _, ours = pair(name, return_sequences=True, return_state=True)
    x, state = inputs(name, state=True)
    found = gradients(ours, x, state)
    expected = cells.bptt(name, x.numpy(), [s.numpy() for s in state], ours.get_weights())
    close(found, expected, 5e-6)


def test_any_shape_in_one_trace():
    name = "LSTM"
    theirs, ours = pair(name, return_sequences=True)
    form = [tf.TensorSpec((None, None, FEATURES)), []]
    for batch, time in ((1, 1), (2, 9)):
        x, _ = inputs(name, False, batch, time)
        close(gradients(ours, x, [], signature=form), gradients(theirs, x, []))


@settings(max_examples=4, deadline=None)
@given(
    name=st.sampled_from(NAMES), batch=st.integers(1, 4), time=st.integers(1, 6), features=st.integers(1, 5),
    units=st.integers(1, 6), flags=st.lists(st.booleans(), min_size=5, max_size=5), seed=st.integers(0, 99),
)  # fmt: skip
def test_random_shapes_and_options(name, batch, time, features, units, flags, seed):
    keys = ("return_sequences", "return_state", "go_backwards", "use_bias")
    theirs, ours = pair(name, units=units, features=features, **dict(zip(keys, flags, strict=False)))
    x, state = inputs(name, flags[4], batch, time, features, units)
    mask = tf.constant(np.random.default_rng(seed).random((batch, time)) < 0.7) if seed % 2 else None
    close(gradients(ours, x, state, mask), gradients(theirs, x, state, mask))


@pytest.mark.parametrize(("name", "dtype"), itertools.product(NAMES, ("mixed_bfloat16", "mixed_float16")))
def test_mixed_precision_is_at_least_as_exact_as_keras_s(name, dtype):
    options = {"return_sequences": True, "return_state": True}
    arguments = inputs(name, state=True)
    truth = gradients(pair(name, **options)[1], *arguments)
    theirs, ours = (gradients(layer, *arguments) for layer in pair(name, dtype, **options))
    assert pair(name, dtype, **options)[1](arguments[0])[0].dtype == dtype.removeprefix("mixed_")

    def error(found):
        return np.sqrt(np.mean([np.mean((f - t) ** 2) / np.mean(t**2) for f, t in zip(found, truth, strict=True)]))

    assert error(ours) < 1.2 * error(theirs) < 0.2


def test_both_directions_stacked_and_trained():
    def model(module):
        keras.utils.set_random_seed(3)
        net = keras.Sequential([
            keras.Input((None,)), keras.layers.Embedding(9, 4, mask_zero=True),
            keras.layers.Bidirectional(module.GRU(5, return_sequences=True)), module.GRU(6), keras.layers.Dense(2),
        ])  # fmt: skip
        net.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)
        return net

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 9, (16, 6)), rng.normal(size=(16, 2))
    losses = [
        model(m).fit(x, y, epochs=2, batch_size=8, verbose=0, shuffle=False).history["loss"]
        for m in (keras.layers, fast)
    ]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)


def test_stateful_layers_go_on():
    made = []
    for module in (keras.layers, fast):
        keras.utils.set_random_seed(1)
        net = keras.Sequential([keras.Input((TIME, FEATURES), batch_size=BATCH), module.GRU(UNITS, stateful=True)])
        x = inputs("GRU", False)[0]
        made.append([net(x).numpy(), net(x).numpy()])
    np.testing.assert_allclose(made[1], made[0], rtol=1e-5, atol=1e-6)
    assert np.abs(made[1][0] - made[1][1]).max() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_under_a_distribution_strategy(name):
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        theirs, ours = pair(name, return_sequences=True)
    x, _ = inputs(name, False)

    @tf.function(autograph=False)
    def run(layer):
        def step():
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(layer(x, training=True) ** 2)
            return tape.gradient(loss, [v.value for v in layer.trainable_variables])

        return strategy.run(step)

    close([g.numpy() for g in run(ours)], [g.numpy() for g in run(theirs)])


@pytest.mark.parametrize("name", NAMES)
def test_constructor_config_weights_and_file_are_keras_s(name, tmp_path):
    theirs, ours = pair(name, return_sequences=True, dropout=0.2, kernel_regularizer="l2", name="same")
    assert ours.get_config() == theirs.get_config()
    assert [(w.path, tuple(w.shape)) for w in ours.weights] == [(w.path, tuple(w.shape)) for w in theirs.weights]
    again = type(ours).from_config(theirs.get_config())
    assert isinstance(again, type(ours))
    net = keras.Sequential([keras.Input((None, FEATURES)), ours])
    net.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    assert type(loaded.layers[-1]) is type(ours)
    x = inputs(name, False)[0]
    np.testing.assert_array_equal(loaded(x), net(x))


SLOW = {
    "activation": ({"activation": "relu"}, "activations"),
    "no activation": ({"activation": None}, "activations"),
    "unrolled": ({"unroll": True}, "unroll"),
    "float64": ({"dtype": "float64"}, "float64"),
}


@pytest.mark.parametrize("options", [*SLOW, "reset before", "gates", "two alike"])
def test_everything_else_is_left_to_keras(options, monkeypatch):
    more = {
        "reset before": ({"reset_after": False}, "reset_after"),
        "gates": ({"recurrent_activation": "hard_sigmoid"}, "activations"),
        "two alike": ({"activation": "sigmoid", "recurrent_activation": "sigmoid"}, "activations"),
    }
    kwargs, reason = (SLOW | more)[options]
    monkeypatch.setattr("zoo.layers.bptt.through_time", lambda *_: pytest.fail("took the fast path"))
    for name in NAMES if options in SLOW else ("GRU",):
        theirs, ours = pair(name, **kwargs)
        assert reason in fast.slow_because(ours)
        x, state = inputs(name, True)
        close(flat(ours(x, initial_state=state)), flat(theirs(x, initial_state=state)), 1e-6)


def test_a_gpu_is_left_to_cudnn(monkeypatch):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: ["GPU:0"] if kind == "GPU" else [])
    assert fast.slow_because(fast.LSTM(2)) == "there is a GPU"
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert fast.slow_because(fast.LSTM(2)) == "the backend is jax"


def test_use_cudnn_true_is_refused_as_keras_refuses_it():
    for module in (keras.layers, fast):
        with pytest.raises(ValueError, match="use_cudnn=True"):
            module.LSTM(2, use_cudnn=True)(np.zeros((1, 2, 3), "f"))


def test_the_fast_path_is_taken(monkeypatch):
    taken, through_time = [], bptt.through_time
    monkeypatch.setattr("zoo.layers.bptt.through_time", lambda *a: taken.append(a[0].cell) or through_time(*a))
    for name in NAMES:
        keras.layers.Bidirectional(getattr(fast, name)(2))(np.zeros((1, 2, 3), "f"))
    assert taken == [cell for cell in equations.STEPS for _ in range(2)]
