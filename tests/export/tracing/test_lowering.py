import keras
import numpy as np
import pytest
from keras import layers

from export.tracing.lowering import States, lowered
from tests.conftest import FEATURES, UNITS, tiny_model


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
