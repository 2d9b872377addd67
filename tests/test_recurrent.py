"""What recurrent layers are and mean: as data, and in every format against NumPy cells (Keras is not the only witness)."""

import functools
import itertools

import keras
import numpy as np
import pytest
from keras import layers

from export.formats import Options, formats
from export.signature import Face
from export.tracing.cells import ConvCell, cells_of, is_recurrent, name_of, walk
from export.tracing.lowering import States, lowered
from export.tracing.source import Source
from tests import cells
from tests.conftest import FEATURES, UNITS, randomized, tiny_model
from zoo.core.architectures import ARCHITECTURES
from zoo.errors import UnsupportedLayer

LAYERS = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
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


def test_network_is_left_as_it_was():
    model = tiny_model()
    network = model.engine.network
    x = model.codec.example(np.random.default_rng(0), 1, 3)
    inputs = [x, *model.engine.initial_state(1)]
    before = [np.asarray(t) for t in network(inputs)]
    calls = []

    def through(tracks, *_):
        calls.append([track.cell.kind for track in tracks])
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"), lowered(network, through, States(), {}):
        network(inputs)
    assert calls == [["lstm"]]
    assert "call" not in vars(network.get_layer("recurrent_0"))
    for a, b in zip(network(inputs), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("every", [False, True])
def test_missing_states_are_zeros_or_shown(every):
    model = keras.Sequential([keras.Input((None, FEATURES)), layers.Masking(), layers.LSTM(UNITS), layers.Reshape((1, -1)),
                              layers.GRU(2)])  # fmt: skip
    seen = []

    def through(tracks, x, mask):
        seen.append((tracks, mask))
        return [(None, track.state) for track in tracks]

    states = States(every)
    with lowered(model, through, states, {}):
        model(np.ones((2, 5, FEATURES), np.float32))
    [([lstm], mask), ([gru], no_mask)] = seen
    assert mask.shape == (2, 5)
    assert no_mask is None
    assert [tuple(s.shape) for s in (*lstm.state, *gru.state)] == [(2, UNITS)] * 2 + [(2, 2)]
    assert not any(np.any(s) for s in lstm.state)
    assert [slot.name for slot in states.slots] == (["h0_0", "c0_0", "h0_1"] if every else [])
    assert [slot.path.rstrip("_0123456789") for slot in states.slots] == (["lstm", "lstm", "gru"] if every else [])


def test_what_a_format_is_told_of_directions():
    x = keras.Input((None, FEATURES))
    hidden = layers.Bidirectional(layers.GRU(2, return_sequences=True))(x)
    hidden = layers.LSTM(2, go_backwards=True, return_sequences=True)(hidden)
    model = keras.Model(x, layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)])(hidden))
    told = []

    def through(tracks, x, mask):
        told.append([(track.cell.kind, track.reverse, track.sequences) for track in tracks])
        hidden = keras.ops.zeros((*x.shape[:2], 2))
        return [(hidden, track.state) for track in tracks]

    with lowered(model, through, States(), {}):
        model(np.ones((1, 4, FEATURES), np.float32))
    assert told == [
        [("gru", False, True), ("gru", True, True)],
        [("lstm", True, True)],
        [("lstm", False, True)],
        [("gru", False, False)],
    ]


# The meaning of a layer in every format, against NumPy.

OPTIONS = {
    "forward": {},
    "forward masked": {},
    "forward masked zeros": {"zero_output_for_mask": True},
    "backwards masked": {"go_backwards": True},
    "both masked": {},
}
HEADS = [
    *itertools.product(["lstm"], ["forward", "forward masked zeros", "backwards masked", "both masked"]),
    *itertools.product(["gru"], ["forward masked", "both masked"]),
    *itertools.product(["rnn"], ["forward", "both masked"]),
    *itertools.product(["gru_before"], ["both masked"]),
]


def layer_of(kind, **options):
    more = {"reset_after": False} if kind == "gru_before" else {}
    return LAYERS[kind.removesuffix("_before")](UNITS, return_sequences=True, return_state=True, **more, **options)


@functools.cache
def many_heads(cell):
    """Return the source of a model with one head for every direction and use of masks, and the layers of the heads."""
    x, mask = keras.Input((None, FEATURES), name="x"), keras.Input((None,), dtype="bool", name="mask")
    names = ("h", "c") if cell == "lstm" else ("h",)
    given = [keras.Input((UNITS,), name=f"{name}_{i}") for i in range(2) for name in names]
    heads, outputs = {}, {}
    for kind, head in [pair for pair in HEADS if pair[0].startswith(cell)]:
        layer, states = layer_of(kind, **OPTIONS[head]), given[: len(names)]
        if head.startswith("both"):
            layer, states = layers.Bidirectional(layer), given
        hidden, *last = layer(x, mask=mask if "masked" in head else None, initial_state=states)
        heads[kind, head] = layer
        outputs |= {f"{kind}_{head}_{i}".replace(" ", "_"): t for i, t in enumerate((hidden, *last))}
    return Source(randomized(keras.Model([x, mask, *given], outputs), seed=7)), heads


@pytest.fixture(scope="session")
def opened(tmp_path_factory):
    """Cell → format → the converted model, opened; unverified, since Keras shall not be asked."""
    folder = tmp_path_factory.mktemp("heads")

    @functools.cache
    def convert(cell, name):
        source, row = many_heads(cell)[0], formats()[name]
        face = Face(source, source.signature("sequence"))
        path = folder / f"{cell}_{name}{row.suffix}"
        row.convert([face], path, Options(recurrence=next(iter(row.recurrence), None)))
        return row.open(path, face.signature)

    return convert


def example(batch, time, count, seed=3):
    """Inputs, a mask of any pattern with a row that is all padding, and states that are not zero."""
    rng = np.random.default_rng(seed)
    mask = rng.random((batch, time)) < 0.6
    mask[0] = False
    if time > 2:
        mask[1:, 0] = np.arange(batch - 1) % 2
    x = rng.normal(0, 1, (batch, time, FEATURES)).astype(np.float32)
    return x, mask, [rng.uniform(-1, 1, (batch, UNITS)).astype(np.float32) for _ in range(count)]


def truth(kind, head, layer, x, mask, states):
    direction, _, use = head.partition(" ")
    mask = mask if use else None
    if direction == "both":  # Keras forces zeros for masked steps there
        half = len(states) // 2
        forward = cells.over_time(kind, x, layer.forward_layer.get_weights(), states[:half], mask, False, True)
        backward = cells.over_time(kind, x, layer.backward_layer.get_weights(), states[half:], mask, True, True)
        return [np.concatenate([forward[0], backward[0][:, ::-1]], -1), *forward[1], *backward[1]]
    count = 2 if kind == "lstm" else 1
    hidden, last = cells.over_time(
        kind, x, layer.get_weights(), states[:count], mask, direction == "backwards", use.endswith("zeros")
    )
    return [hidden, *last]


@pytest.mark.parametrize("name", formats())
@pytest.mark.parametrize(("kind", "head"), HEADS)
def test_every_format_computes_the_equations(opened, name, kind, head):
    cell = kind.removesuffix("_before")
    run = opened(cell, name)
    for batch, time in ((5, 9), (3, 2), (2, 1), (3, 40)):
        x, mask, states = example(batch, time, 4 if cell == "lstm" else 2)
        found = run(x, mask, *states)
        expected = truth(kind, head, many_heads(cell)[1][kind, head], x, mask, states)
        for i, array in enumerate(expected):
            got = found[f"{kind}_{head}_{i}".replace(" ", "_")]
            np.testing.assert_allclose(got, array, atol=2e-6, err_msg=f"{kind} {head} {i} at {batch}, {time}")


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("name", formats())
def test_masked_steps_are_not_seen(opened, name, kind):
    """Other numbers in the padding change nothing."""
    run = opened(kind, name)
    x, mask, states = example(4, 8, 4 if kind == "lstm" else 2)
    found, other = run(x, mask, *states), run(np.where(mask[..., None], x, 5), mask, *states)
    for key in found:
        if "masked" in key:
            np.testing.assert_array_equal(found[key], other[key])
