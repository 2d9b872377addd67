"""Which sizes a model runs at, and what is said of others."""

import keras
import numpy as np
import pytest
from keras import layers

from export.tracing.probing import failing, freed, probe
from export.tracing.source import Source
from tests.conftest import FEATURES
from zoo.errors import ArgumentError, UnsupportedLayer
from zoo.runtime.signature import Tensor

NETWORK = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="one"), layers.Dense(3, name="two")], name="net")
INPUTS = [Tensor("x", (None, 5, 3), "float32"), Tensor("s", (None, 2), "float32")]


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ("Exception encountered when calling Dense.call().\n\nno", "one"),
        ('Input 0 of layer "two" is incompatible with the layer', "two"),
        ("Graph execution error:\n\nDetected at node net_1/two_3/MatMul defined at", "two"),
        ("Detected at node net_1/add defined at", "net"),
        ("no", "net"),
    ],
)
def test_the_layer_that_an_error_names(message, path):
    assert failing(NETWORK, ValueError(message)) == path


def test_lengths_are_freed_or_stay_with_the_reason():
    tried = []
    found, why = freed(NETWORK, INPUTS, [5, None], lambda *given: tried.append(given))
    assert (found, why) == (tried[0][0], "")
    assert [size for _, *size in tried] == [[2, 4], [3, 25]]
    assert [tensor.shape for tensor in found] == [(None, None, 3), (None, 2)]

    def look(_inputs, _batch, time):
        if time < 25:  # a length that fits once shows nothing
            return
        raise ValueError("Exception encountered when calling Dense.call().\n\nshapes\n\nArguments")

    found, why = freed(NETWORK, INPUTS, [5, None], look)
    assert found == INPUTS
    assert why == "x: fixed to 5 steps: one takes no other number (ValueError: Dense.call(): shapes)"


def runs_from(least):
    def look(_batch, time):
        if time < least:
            raise ValueError("too short")
        return None, []

    return look


def test_the_shortest_sizes_that_run():
    look = runs_from(200)
    sizes, looks = probe(NETWORK, INPUTS, look, look)
    assert (sizes, looks) == (((2, 700), (3, 2000)), [(None, [])] * 2)


def test_a_model_that_runs_nowhere_or_not_when_traced():
    with pytest.raises(
        ArgumentError, match=r"'net' does not run on x float32.*\(ValueError: too short\): give inputs="
    ):
        probe(NETWORK, INPUTS, runs_from(9999), runs_from(9999))
    with pytest.raises(UnsupportedLayer, match=r"^net runs, but cannot be traced \(ValueError: too short\)"):
        probe(NETWORK, INPUTS, runs_from(9999), runs_from(1))


def called(*stack):
    model = keras.Sequential(stack)
    model(np.zeros((2, 5, FEATURES), np.float32))
    return Source(model)


def test_a_sequential_model_built_by_a_call_takes_any_length_if_its_layers_do():
    source = called(layers.LSTM(4, return_sequences=True), layers.Dense(2))
    assert (source.inputs[0].shape, source.fixed) == ((None, None, FEATURES), "")
    source = called(layers.LSTM(4, return_sequences=True), layers.Flatten(), layers.Dense(2, name="last"))
    assert source.inputs[0].shape == (None, 5, FEATURES)
    assert source.fixed.startswith("x: fixed to 5 steps: last takes no other number (InvalidArgumentError: ")


def test_an_example_as_long_as_the_first_size_that_is_tried():
    """A length that fits once shows nothing."""
    model = keras.Sequential([layers.GRU(2, return_sequences=True), layers.Flatten(), layers.Dense(2)])
    model(np.zeros((2, 4, FEATURES), np.float32))
    assert Source(model).inputs[0].shape == (None, 4, FEATURES)
