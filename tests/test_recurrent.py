import keras
import numpy as np
import pytest

from export.recurrent import describe, layers, lowered
from tests.conftest import tiny_model
from zoo.architectures import ARCHITECTURES
from zoo.errors import UnsupportedLayer


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_description_has_the_weights_of_the_layer(architecture):
    network = tiny_model(architecture).engine.network
    row = ARCHITECTURES[architecture]
    found = layers(network)
    assert len(found) == row.layers
    for layer in found:
        spec = describe(layer)
        assert (spec.cell, spec.units, spec.name) == (row.cell, layer.units, layer.name)
        np.testing.assert_array_equal(spec.recurrent_kernel, layer.get_weights()[1])
        assert spec.reset_after == (row.cell == "gru")


def built(kind=keras.layers.LSTM, **options):
    layer = kind(3, **{"return_sequences": True, "return_state": True, **options})
    layer.build((None, None, 2))
    return layer


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu"},
        {"recurrent_activation": "hard_sigmoid"},
        {"go_backwards": True},
        {"return_sequences": False},
    ],
)
def test_other_options_are_refused_by_name(options):
    with pytest.raises(UnsupportedLayer, match=next(iter(options))):
        describe(built(**options))


def test_no_bias_is_a_bias_of_zeros():
    assert describe(built(use_bias=False)).bias.tolist() == [0] * 12
    assert describe(built(keras.layers.GRU, use_bias=False)).bias.shape == (2, 9)


def test_network_is_left_as_it_was():
    model = tiny_model()
    network = model.engine.network
    x = model.codec.example(np.random.default_rng(0), 1, 3)
    before = model.engine.step(x, model.engine.initial_state(1))[0]
    calls = []

    def lower(spec, x, state):
        calls.append(spec.name)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"), lowered(network, lower):
        network([x, *model.engine.initial_state(1)])
    assert calls == ["recurrent_0"]
    assert "call" not in vars(layers(network)[0])
    np.testing.assert_array_equal(KerasStep(network)(x, model), before)


class KerasStep:
    """A fresh trace of the network, so that nothing compiled earlier can answer."""

    def __init__(self, network):
        from zoo.networks import KerasEngine

        self.engine = KerasEngine(network)

    def __call__(self, x, model):
        return self.engine.step(x, model.engine.initial_state(len(x)))[0]


def test_masks_and_missing_states_are_refused():
    layer = built()
    x = np.zeros((1, 2, 2), np.float32)
    inputs = keras.Input((None, 2))
    network = keras.Model(inputs, layer(inputs)[0])
    with pytest.raises(UnsupportedLayer, match="initial state"), lowered(network, lambda *_: None):
        network(x)
