from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import export
import zoo
from tests import cells
from tests.conftest import NAMES, RECIPE, tiny_model
from zoo.core.architectures import ARCHITECTURES, state_names
from zoo.core.recipe import Recipe
from zoo.core.task import find
from zoo.errors import ArgumentError
from zoo.networks.build import check_shapes, network, shapes


def example(model, batch=2, time=9):
    rng = np.random.default_rng(3)
    state = [rng.uniform(-1, 1, s.shape).astype(np.float32) for s in model.engine.initial_state(batch)]
    return model.codec.example(rng, batch, time), state


def close(found, expected, tolerance=2e-5):
    for a, b in zip([found[0], *found[1]], [expected[0], *expected[1]], strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance, rtol=tolerance)


def test_network_is_the_equations(model):
    x, state = example(model)
    close(model.engine.step(x, state), cells.forward(model, x, state))


def test_inputs_are_named_and_ordered(model):
    row = ARCHITECTURES[model.card.architecture]
    names = tuple(t.name for t in model.engine.network.inputs)
    assert names == ("x", *state_names(row))
    assert all(s.shape == (3, RECIPE.units) and not s.any() for s in model.engine.initial_state(3))


@pytest.mark.parametrize("architecture", [name for name, row in ARCHITECTURES.items() if not row.bidirectional])
def test_steps_chain_to_one_call(architecture):
    model = tiny_model(architecture)
    x, state = example(model, time=6)
    whole = model.engine.step(x, state)
    parts = []
    for i in range(6):
        y, state = model.engine.step(x[:, i : i + 1], state)
        parts.append(y)
    close((np.concatenate(parts, 1), state), whole, 1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_architecture_exports_and_is_the_equations(model, name, tmp_path, quick):
    if name != "onnx" and model.card.architecture == "stacked_lstm":
        return  # the cell is that of lstm, and what stacks it is Keras
    if name == "saved_model" and "lstm" not in model.card.architecture:
        return  # TFLite files are made from SavedModels
    from dataclasses import replace

    from zoo.core.card import codec_json
    from zoo.core.files import sha256
    from zoo.models.model import make

    card = replace(model.card, codec_sha256=sha256(codec_json(model.codec).encode()))
    export.save(make(card, model.codec, model.engine), tmp_path / NAMES[name])
    opened = export.load(tmp_path / NAMES[name])
    x, state = example(model)
    close(opened.engine.step(x, state), cells.forward(model, x, state))
    assert opened.trial(20, seed=4) == model.trial(20, seed=4)


@pytest.mark.parametrize("name", zoo.list_models())
def test_build_gives_an_untrained_network(name):
    network = zoo.build(name, units=6, embedding=2)
    row = ARCHITECTURES[name.rpartition("_")[0]]
    task = find(name.rpartition("_")[2])
    state = [np.zeros((2, *tensor.shape[1:]), np.float32) for tensor in network.inputs[1:]]
    recurrent = state_names(row, task.recipe(row.name).layers)
    assert tuple(t.name for t in network.inputs[len(network.inputs) - len(recurrent) :]) == recurrent
    assert all(s.shape == (2, 6) for s in state[len(state) - len(recurrent) :])
    codec = task.default_codec(row.bidirectional)
    y, *new = keras.tree.flatten(network([codec.example(np.random.default_rng(0), 2, 3), *state]))
    assert y.shape == (2, 3, codec.classes)
    assert [tuple(n.shape) for n in new] == [s.shape for s in state]
    with pytest.raises(ArgumentError, match="units"):
        zoo.build(name, units=0)


def stored(network):
    return {variable.path: tuple(variable.shape) for variable in network.weights}


@pytest.mark.parametrize("task", ["music", "text", "speech", "video"])
@pytest.mark.parametrize("architecture", ["rnn", "gru", "bilstm"])
def test_shapes_are_known_without_building(architecture, task):
    """As Keras builds them, with front ends, heads, several layers and both directions."""
    row, kind = ARCHITECTURES[architecture], find(task)
    recipe = replace(kind.recipe(architecture), units=3, embedding=2, layers=2, head=4 if row.bidirectional else 0)
    codec = kind.default_codec(row.bidirectional)
    built = stored(network(row, codec, recipe))
    assert shapes(row, codec, recipe, {}) == built
    check_shapes(row, codec, recipe, built)
    for changed in (replace(recipe, units=4), replace(recipe, layers=1), replace(recipe, embedding=3)):
        with pytest.raises(ArgumentError, match="the weights are those of another network: "):
            check_shapes(row, codec, changed, built)


class Projected(SimpleNamespace):
    """A front end that does not tell its shapes."""

    def sizes(self, recipe):
        return {}

    def below(self, x, recipe, states):
        return keras.layers.Dense(recipe.embedding + 5, name="wide")(x), []


def test_a_front_end_that_does_not_tell_its_shapes_is_taken_from_the_file():
    codec = SimpleNamespace(shape=(3,), dtype="float32", classes=2, features=3, symbols=0, frontend=lambda: Projected())
    row, recipe = ARCHITECTURES["lstm"], Recipe(units=4, embedding=2)
    built = stored(network(row, codec, recipe))
    assert built["recurrent_0/lstm_cell/kernel"] == (7, 16)
    check_shapes(row, codec, recipe, built)
    with pytest.raises(ArgumentError, match="recurrent_0"):
        check_shapes(row, codec, replace(recipe, units=2000), built)


def test_networks_too_large_or_without_filters_are_refused_before_they_are_built():
    row, codec = ARCHITECTURES["lstm"], find("text").default_codec(False)
    with pytest.raises(ArgumentError, match="a network of 1,0.*,... parameters, at most 268,435,456"):
        network(row, codec, Recipe(units=16_000, embedding=64))
    recipe = find("video").recipe("lstm")
    bare = replace(recipe, settings=replace(recipe.settings, filters=0))
    with pytest.raises(ArgumentError, match="filters=0: images go through convolutions"):
        network(row, find("video").default_codec(False), bare)
