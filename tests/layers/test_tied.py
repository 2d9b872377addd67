"""Logits from the vectors of the embedding: built, stored, exported to every format, trained further."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import export
from tests.conftest import NAMES, text_model
from zoo.core.architectures import ARCHITECTURES
from zoo.core.recipe import Recipe
from zoo.core.shapes import check_shapes, shapes
from zoo.core.task import find
from zoo.errors import ArgumentError
from zoo.networks.build import network
from zoo.networks.transfer import resize_vocabulary, set_weights, weights
from zoo.tasks.text.codec import Text, TextCodec

CODEC = TextCodec("abcde")
SIZES = [("lstm", 6, 6), ("gru", 5, 3), ("bilstm", 4, 3)]


def tied(architecture, units, embedding, codec=CODEC):
    return text_model(architecture, codec, units=units, embedding=embedding, tied=True)


@pytest.mark.parametrize(("architecture", "units", "embedding"), SIZES)
def test_logits_are_products_with_the_vectors(architecture, units, embedding):
    model = tied(architecture, units, embedding)
    net, arrays = model.network, weights(model.network, "float32")
    assert "y/kernel" not in arrays
    assert {path: array.shape for path, array in arrays.items()} == shapes(
        ARCHITECTURES[architecture], model.codec, model.card.recipe, {}
    )
    check_shapes(ARCHITECTURES[architecture], model.codec, model.card.recipe, {p: a.shape for p, a in arrays.items()})
    below = net.get_layer("embedding")._inbound_nodes[1].arguments.args[0]
    x = model.codec.example(np.random.default_rng(0), 2, 5)
    states = model.engine.initial_state(2)
    hidden = keras.Model(net.inputs, below)([x, *states]).numpy()
    expected = hidden @ arrays["embedding/embeddings"][: CODEC.classes].T + arrays["y/bias"]
    np.testing.assert_allclose(model.engine.step(x, states)[0], expected, atol=1e-6)


@pytest.mark.parametrize(("name", "quantize"), [*((name, None) for name in NAMES), ("onnx", "int8")])
def test_artifacts_compute_the_same(name, quantize, tmp_path, quick):
    model = tied("lstm", 5, 3)
    path = tmp_path / NAMES[name]
    export.save(model, path, **({"quantize": quantize} if quantize else {}))
    x = model.codec.example(np.random.default_rng(0), 2, 5)
    found, expected = (one.engine.step(x, one.engine.initial_state(2))[0] for one in (export.load(path), model))
    np.testing.assert_allclose(found, expected, atol=0.05 if quantize else 1e-5)


def test_a_network_is_read_again(tmp_path):
    net = tied("lstm", 5, 3).network
    net.save(tmp_path / "net.keras")
    again = keras.models.load_model(tmp_path / "net.keras")
    x, states = np.array([[[0], [3]]], np.int32), [np.ones((1, 5), np.float32)] * 2
    np.testing.assert_array_equal(again([x, *states])[0], net([x, *states])[0])
    assert len(again.weights) == len(net.weights)


def test_new_classes_have_vectors_of_their_own():
    codec, *kept = CODEC.extended([Text(np.array([0]), "z")])
    model = tied("lstm", 5, 3)
    larger, old = network(ARCHITECTURES["lstm"], codec, model.card.recipe), weights(model.network, "float32")
    set_weights(larger, resize_vocabulary(old, weights(larger, "float32"), *kept))
    states = [np.zeros((1, 5), np.float32)] * 2
    before, after = (net([np.array([[[0], [3]]]), *states])[0].numpy() for net in (model.network, larger))
    np.testing.assert_allclose(after[..., :5], before, atol=1e-6)
    assert after.shape[-1] == 6


@pytest.mark.parametrize("task", ["music", "speech"])
def test_models_without_vectors_of_classes_are_refused(task):
    kind = find(task)
    with pytest.raises(ArgumentError, match="tied=true: this model has no embedding of its classes"):
        network(ARCHITECTURES["lstm"], kind.default_codec(False), replace(kind.recipe("lstm"), tied=True))
    assert not Recipe(units=1, embedding=1).tied
