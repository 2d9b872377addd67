from dataclasses import replace
from types import SimpleNamespace

import keras
import pytest

from zoo.core.architectures import ARCHITECTURES
from zoo.core.recipe import Recipe
from zoo.core.shapes import check_shapes, shapes
from zoo.core.task import find
from zoo.errors import ArgumentError
from zoo.networks.build import network


def stored(network):
    return {variable.path: tuple(variable.shape) for variable in network.weights}


@pytest.mark.parametrize("task", ["music", "text", "speech", "video", "keyword"])
@pytest.mark.parametrize("architecture", ["rnn", "gru", "bilstm"])
def test_shapes_are_known_without_building(architecture, task):
    """As Keras builds them, with front ends, heads, several layers and both directions."""
    row, kind = ARCHITECTURES[architecture], find(task)
    recipe = replace(kind.recipe(architecture), units=3, embedding=2, layers=2, head=4 if row.bidirectional else 0)
    codec = kind.default_codec(row.bidirectional)
    built = stored(network(row, codec, recipe))
    front = codec.frontend()
    assert shapes(row, codec, recipe, {}, front) == built
    check_shapes(row, codec, recipe, built, front)
    check_shapes(row, codec, recipe, built)  # as where Keras is not installed
    for changed in (replace(recipe, units=4), replace(recipe, layers=1), replace(recipe, embedding=3)):
        with pytest.raises(ArgumentError, match="the weights are those of another network: "):
            check_shapes(row, codec, changed, built, front)


class Projected(SimpleNamespace):
    """A front end that does not tell its shapes."""

    def sizes(self, recipe):
        return {}

    def below(self, x, recipe, states):
        return keras.layers.Dense(recipe.embedding + 5, name="wide")(x), []


def test_a_front_end_that_does_not_tell_its_shapes_is_taken_from_the_file():
    codec = SimpleNamespace(shape=(3,), dtype="float32", classes=2, features=3, symbols=0, frontend=Projected)
    row, recipe = ARCHITECTURES["lstm"], Recipe(units=4, embedding=2)
    built = stored(network(row, codec, recipe))
    assert built["recurrent_0/lstm_cell/kernel"] == (7, 16)
    check_shapes(row, codec, recipe, built)
    with pytest.raises(ArgumentError, match="recurrent_0"):
        check_shapes(row, codec, replace(recipe, units=2000), built)
