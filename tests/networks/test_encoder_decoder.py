import numpy as np
import pytest

from tests.cells import over_time
from tests.tasks.translation.translators import RECIPE, SENTENCES, tiny
from zoo.core.architectures import ARCHITECTURES, encodes
from zoo.core.pairs import PAD
from zoo.core.shapes import shapes
from zoo.core.states import STATES
from zoo.networks.encoder_decoder import parts
from zoo.networks.transfer import weights
from zoo.tasks.translation.pairs import Pair

PAIRS = [Pair(a, b) for a, b in zip(SENTENCES, reversed(SENTENCES), strict=True)]


def written_out(model, source, ids):
    """The network in float64 NumPy, one sentence without padding: from source and inputs of the decoder to logits."""
    arrays = {path: a.astype(float) for path, a in weights(model.network, "float32").items()}
    cell = ARCHITECTURES[model.card.architecture].cell
    name, units = {"rnn": "simple_rnn_cell", "lstm": "lstm_cell", "gru": "gru_cell"}[cell], model.card.recipe.units
    table, dense = arrays["embedding/embeddings"], lambda at, x: x @ arrays[f"{at}/kernel"] + arrays[f"{at}/bias"]

    def layer(at, x, state):
        return over_time(
            cell, x, [arrays[f"{at}/{name}/{one}"] for one in ("kernel", "recurrent_kernel", "bias")], state
        )

    zeros = [np.zeros((1, units))] * len(STATES[cell])
    hidden = table[source][None]
    for i in range(model.card.recipe.layers):
        ways = [layer(f"encoder_{i}", hidden, zeros)[0]]
        if ARCHITECTURES[model.card.architecture].bidirectional:
            ways.append(layer(f"encoder_back_{i}", hidden[:, ::-1], zeros)[0][:, ::-1])
        hidden = np.concatenate(ways, -1)
    memory = dense("memory_of", hidden)
    states = np.split(np.tanh(dense("bridge", memory.mean(1))), model.card.recipe.layers * len(zeros), -1)
    hidden = context = table[ids][None]
    for i in range(model.card.recipe.layers):
        seen = np.concatenate([hidden, context], -1) if i else hidden
        hidden, _ = layer(f"recurrent_{i}", seen, states[i * len(zeros) : (i + 1) * len(zeros)])
        if i == 0:
            scores = hidden @ arrays["query/kernel"] @ memory.transpose(0, 2, 1) / np.sqrt(units)
            likeness = np.exp(scores - scores.max(-1, keepdims=True))
            context = likeness / likeness.sum(-1, keepdims=True) @ memory
    return np.tanh(dense("head", np.concatenate([hidden, context], -1))) @ table.T + arrays["y/bias"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_networks_compute_what_is_written_down(architecture):
    """In training, where several sentences stand side by side, and step by step."""
    model = tiny(architecture)
    codec, engine = model.codec, model.engine
    x, y = codec.encode(PAIRS)
    logits = np.asarray(model.network([x]))
    source, ids = codec.split(np, x)
    state = engine.encode(source)
    for row, pair in enumerate(PAIRS):
        length = (y[row] >= 0).sum()
        expected = written_out(model, codec.sources([pair.source])[0], ids[row, :length])[0]
        np.testing.assert_allclose(logits[row, :length], expected, atol=1e-4, rtol=1e-4)
    for t in range(3):
        found, state = engine.step(ids[:, t : t + 1], state)
        np.testing.assert_allclose(found[:, 0], logits[:, t], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_shapes_are_known_before_a_network_is_built(architecture):
    model = tiny(architecture)
    found = {path: array.shape for path, array in weights(model.network).items()}
    assert shapes(ARCHITECTURES[architecture], model.codec, RECIPE, {}) == found
    encoder, decoder = parts(model.network)
    assert {encodes(path) for path in found if "encoder" in path or path.startswith("embedding")} == {True}
    assert {encodes(path) for path in ("y/bias", "head/kernel", "query/kernel", "recurrent_1/x")} == {False}
    assert encoder.get_layer("embedding") is decoder.get_layer("embedding")


@pytest.mark.parametrize("architecture", ["gru", "bilstm"])
def test_attention_is_on_what_has_not_ended(architecture):
    model = tiny(architecture)
    source = np.pad(model.codec.sources(SENTENCES), ((0, 0), (0, 3)), constant_values=PAD)
    weights = model.engine.attention(np.ones((len(SENTENCES), 4), np.int32), model.engine.encode(source))
    assert weights.shape == (len(SENTENCES), 4, source.shape[1])
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
    assert (weights[np.repeat((source == PAD)[:, None], 4, 1)] == 0).all()


def test_vectors_have_length_1_before_training():
    from zoo.networks.build import network

    table = weights(network(ARCHITECTURES["gru"], tiny().codec, RECIPE))["embedding/embeddings"].astype(float)
    assert np.linalg.norm(table, axis=-1).mean() == pytest.approx(1, abs=0.1)
