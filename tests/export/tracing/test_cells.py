"""What recurrent layers are, as data."""

import functools

import keras
import numpy as np
import pytest
from keras import layers

from export.tracing.cells import ConvCell, cells_of, is_recurrent, name_of, walk
from export.tracing.source import Source
from tests.conftest import FEATURES, UNITS, tiny_model
from tests.export.models import LAYERS
from zoo.core.architectures import ARCHITECTURES
from zoo.errors import UnsupportedLayer

SINGLE = {"rnn": layers.SimpleRNNCell, "lstm": layers.LSTMCell, "gru": layers.GRUCell}
GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def built(layer):
    layer.build((None, None, FEATURES))
    return layer


def described(layer):
    return cells_of(built(layer), "here")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_description_has_the_weights_of_the_layer(architecture):
    network = tiny_model(architecture).engine.network
    row = ARCHITECTURES[architecture]
    found = [(path, layer) for path, layer in walk(network) if is_recurrent(layer)]
    ways = ("/forward_recurrent_{0}", "/backward_recurrent_{0}") if row.bidirectional else ("",)
    names = [f"recurrent_{i}{way.format(i)}" for i in range(row.layers) for way in ways]
    assert [path for path, _ in found] == names
    for path, layer in found:
        [cell] = cells_of(layer, path)
        assert (cell.kind, cell.units) == (row.cell, layer.units)
        for array, weight in zip((cell.kernel, cell.recurrent_kernel, cell.bias), layer.get_weights(), strict=True):
            np.testing.assert_array_equal(array, weight)
            assert array.dtype == np.float32
        assert cell.reset_after == (row.cell == "gru")
        assert (name_of(cell.activation), name_of(cell.gate_activation)) == (
            ("tanh", "") if row.cell == "rnn" else ("tanh", "sigmoid")
        )


@pytest.mark.parametrize("kind", LAYERS)
def test_layer_and_its_cell_are_the_same(kind):
    for layer in (LAYERS[kind](UNITS), layers.RNN(SINGLE[kind](UNITS))):
        [cell] = described(layer)
        assert (cell.kind, cell.units) == (kind, UNITS)
        assert cell.kernel.shape == (FEATURES, GATES[kind] * UNITS)
        assert cell.recurrent_kernel.shape == (UNITS, GATES[kind] * UNITS)


@pytest.mark.parametrize("kind", LAYERS)
def test_no_bias_is_a_bias_of_zeros(kind):
    [cell] = described(LAYERS[kind](UNITS, use_bias=False))
    assert cell.bias.shape == ((2, 3 * UNITS) if kind == "gru" else (GATES[kind] * UNITS,))
    assert not cell.bias.any()


def test_reset_gate():
    assert described(layers.GRU(UNITS))[0].reset_after
    [before] = described(layers.GRU(UNITS, reset_after=False))
    assert not before.reset_after
    assert before.bias.shape == (3 * UNITS,)
    assert described(layers.GRU(UNITS, reset_after=False, use_bias=False))[0].bias.shape == (3 * UNITS,)


def test_stack_is_described_from_the_input_on():
    stack = [layers.SimpleRNNCell(2), layers.LSTMCell(3), layers.GRUCell(5)]
    found = described(layers.RNN(stack))
    assert [(cell.kind, cell.units) for cell in found] == [("rnn", 2), ("lstm", 3), ("gru", 5)]
    assert found[1].kernel.shape == (2, 12)


def test_convolutional_cell_computes_itself():
    layer = layers.ConvLSTM2D(2, 3)
    layer.build((None, None, 5, 4, 1))
    [cell] = cells_of(layer, "here")
    assert isinstance(cell, ConvCell)
    assert cell.layer is layer.cell


@pytest.mark.parametrize("name", ["relu", "hard_sigmoid", "linear", "elu", "softsign", "silu", "leaky_relu"])
def test_activations_have_the_names_of_keras(name):
    [cell] = described(layers.LSTM(UNITS, activation=name, recurrent_activation=name))
    assert (name_of(cell.activation), name_of(cell.gate_activation)) == (name, name)


def tanh(x):
    return 0.9 * keras.ops.tanh(x)


@pytest.mark.parametrize("function", [tanh, lambda x: x, functools.partial(keras.activations.relu, alpha=0.1), None])
def test_an_activation_of_ones_own_has_no_name(function):
    assert name_of(function) == ""


def test_weights_are_float32_whatever_they_are_stored_in():
    layer = built(layers.LSTM(UNITS, dtype="bfloat16", recurrent_initializer="uniform"))
    [cell] = cells_of(layer, "here")
    assert cell.kernel.dtype == cell.bias.dtype == np.float32
    np.testing.assert_array_equal(cell.kernel, np.asarray(layer.cell.kernel.value).astype(np.float32))


def test_paths_of_nested_models():
    inner = keras.Sequential([keras.Input((None, FEATURES)), layers.LSTM(2, name="deep")], name="inner")
    x = keras.Input((None, 4, FEATURES))
    hidden = layers.TimeDistributed(inner, name="each")(x)
    hidden = layers.Bidirectional(layers.GRU(2, name="gru", return_sequences=True), name="both")(hidden)
    hidden = layers.RNN([layers.LSTMCell(2, name="one")], name="stack")(hidden)
    model = keras.Model(x, hidden, name="outer")
    paths = [path for path, _ in walk(model)]
    assert paths[0] == ""
    assert {"each/inner/deep", "both/forward_gru", "both/backward_gru", "stack"} <= set(paths)
    assert len(paths) == len(set(paths))
    calls = [call.path for call in Source(model).calls]
    assert calls == ["each/inner/deep", "both", "stack"]


def test_a_layer_that_is_used_twice_is_walked_once():
    encoder = keras.Sequential([keras.Input((None, FEATURES)), layers.GRU(2, name="gru")], name="encoder")
    a, b = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    model = keras.Model([a, b], layers.Dot(1)([encoder(a), encoder(b)]))
    assert [path for path, _ in walk(model) if path.endswith("gru")] == ["encoder/gru"]
    assert [call.path for call in Source(model).calls] == ["encoder/gru"] * 2


class OwnCell(layers.Layer):
    state_size = output_size = 2

    def call(self, inputs, states, training=False):
        return states[0], states


class OwnStep(layers.LSTMCell):
    def call(self, inputs, states, training=False):
        return super().call(2 * inputs, states)


class OwnCall(layers.LSTM):
    def call(self, sequences, **options):
        return 2 * super().call(sequences, **options)


class OwnLoop(layers.GRU):
    def inner_loop(self, *args, **options):
        return super().inner_loop(*args, **options)


class OwnConvStep(type(layers.ConvLSTM1D(1, 1).cell)):
    def call(self, inputs, states, training=False):
        return super().call(2 * inputs, states)


REFUSED = {
    "cell of one's own": (lambda: layers.RNN(OwnCell()), "OwnCell"),
    "own step": (lambda: layers.RNN(OwnStep(UNITS)), "OwnStep"),
    "own step in a stack": (lambda: built(layers.RNN([layers.GRUCell(2), OwnStep(UNITS)])), "OwnStep"),
    "own call": (lambda: OwnCall(UNITS), r"OwnCall.*call\(\)"),
    "own loop": (lambda: OwnLoop(UNITS), r"OwnLoop.*inner_loop\(\)"),
    "own convolution": (lambda: layers.RNN(OwnConvStep(1, 2, 1)), "OwnConvStep"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_keras_is_refused_by_path(name):
    make, message = REFUSED[name]
    with pytest.raises(UnsupportedLayer, match=rf"^some/where .*{message}.*rebuild"):
        cells_of(make(), "some/where")


class Plain(layers.LSTM):
    """Changes nothing that is computed."""

    def get_config(self):
        return super().get_config()


def test_a_subclass_that_computes_the_same_is_taken():
    [cell] = described(Plain(UNITS))
    assert cell.kind == "lstm"
