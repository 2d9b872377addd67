from dataclasses import replace

import keras
import numpy as np
import pytest

import export
import zoo
from tests import cells
from tests.conftest import NAMES, RECIPE, tiny_model
from zoo.core.architectures import ARCHITECTURES, state_names
from zoo.core.codec import PairCodec
from zoo.core.recipe import Recipe
from zoo.core.task import find
from zoo.errors import ArgumentError
from zoo.networks.build import network


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
    codec = task.default_codec(row.bidirectional)
    recurrent = () if isinstance(codec, PairCodec) else state_names(row, task.recipe(row.name).layers)
    assert tuple(t.name for t in network.inputs[len(network.inputs) - len(recurrent) :]) == recurrent
    assert all(s.shape == (2, 6) for s in state[len(state) - len(recurrent) :])
    y, *new = keras.tree.flatten(network([codec.example(np.random.default_rng(0), 2, 3), *state]))
    assert y.shape == (2, 3, codec.classes)
    assert [tuple(n.shape) for n in new] == [s.shape for s in state]
    with pytest.raises(ArgumentError, match="units"):
        zoo.build(name, units=0)


def test_a_codec_that_is_made_from_data_is_not_built():
    with pytest.raises(ArgumentError, match="unit=word: such a codec is made from data"):
        zoo.build("lstm_text", unit="word")


def test_networks_too_large_or_without_filters_are_refused_before_they_are_built():
    row, codec = ARCHITECTURES["lstm"], find("text").default_codec(False)
    with pytest.raises(ArgumentError, match="a network of 1,0.*,... parameters, at most 268,435,456"):
        network(row, codec, Recipe(units=16_000, embedding=64))
    recipe = find("video").recipe("lstm")
    bare = replace(recipe, settings=replace(recipe.settings, filters=0))
    with pytest.raises(ArgumentError, match="filters=0: images go through convolutions"):
        network(row, find("video").default_codec(False), bare)
