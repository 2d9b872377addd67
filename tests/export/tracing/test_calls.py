"""The states of one forward pass: which enter, under what names, and what leaves."""

import keras
import numpy as np
import pytest
from keras import layers

from export.tracing.calls import Call, Slot, States
from export.tracing.cells import Track, cells_of
from tests.conftest import FEATURES

X = np.zeros((3, 5, FEATURES), np.float32)


def entered(states, layer, path, initial=None):
    if not layer.built:
        layer.build(X.shape)
    return states.enter(layer, path, X, initial, cells_of(layer, path))


def numbered(*sizes):
    """A state of 1, one of 2, and so on, for three rows."""
    return [np.full((3, size), 1.0 + i, np.float32) for i, size in enumerate(sizes)]


def test_a_layer_without_a_state_of_its_own_starts_from_zeros():
    states = States()
    start, at = entered(states, layers.LSTM(2), "lstm")
    assert at is None
    assert [(array.shape, np.any(array)) for array in start] == [((3, 2), False)] * 2
    states.leave(at, numbered(2, 2))
    assert (states.slots, states.new) == ([], [])


@pytest.mark.parametrize("every", [True, False])
def test_a_state_that_the_model_gives_is_flat_and_float32_and_no_slot(every):
    states, stack = States(every), layers.RNN([layers.LSTMCell(2), layers.GRUCell(4)])
    h, c, other = (keras.ops.cast(array, "bfloat16") for array in numbered(2, 2, 4))
    start, at = entered(states, stack, "stack", [[h, c], [other]])
    assert at is None
    assert [array.dtype.name for array in start] == ["float32"] * 3
    assert [float(array[0, 0]) for array in start] == [1, 2, 3]
    assert states.slots == []


def test_slots_are_counted_by_cells_in_the_order_of_the_calls():
    states = States(every=True)
    assert entered(states, layers.GRU(4), "gru")[1] == 0
    assert entered(states, layers.RNN([layers.LSTMCell(2), layers.SimpleRNNCell(1)]), "stack")[1] == 1
    assert entered(states, layers.LSTM(3), "lstm")[1] == 4
    assert states.slots == [
        Slot("gru", "h0_0", (4,)),
        Slot("stack", "h0_1", (2,)), Slot("stack", "c0_1", (2,)), Slot("stack", "h0_2", (1,)),
        Slot("lstm", "h0_3", (3,)), Slot("lstm", "c0_3", (3,)),
    ]  # fmt: skip
    assert len(states.new) == 6


def test_each_layer_starts_from_its_own_of_the_states_given():
    given = numbered(4, 2, 2)
    states = States(every=True, given=given)
    (gru,), first = entered(states, layers.GRU(4), "gru")
    lstm, second = entered(states, layers.LSTM(2), "lstm")
    assert [gru is given[0], lstm[0] is given[1], lstm[1] is given[2]] == [True] * 3
    states.leave(second, numbered(2, 2))
    states.leave(first, [np.full((3, 4), 9, np.float32)])
    assert [float(array[0, 0]) for array in states.new] == [9, 1, 2]


def test_a_stateful_layer_goes_on_from_its_first_call():
    layer, states = layers.LSTM(2, stateful=True), States()
    layer.build(X.shape)
    start, at = entered(states, layer, "lstm")
    states.leave(at, numbered(2, 2))
    again, same = entered(states, layer, "lstm")
    assert same == at == 0
    assert not any(np.any(array) for array in start)
    assert [float(array[0, 0]) for array in again] == [1, 2]
    assert [slot.name for slot in states.slots] == ["h0_0", "c0_0"]


def test_other_layers_that_are_called_twice_have_a_state_for_each_call():
    layer, states = layers.GRU(2), States(every=True)
    places = []
    for value in (5, 6):
        start, at = entered(states, layer, "gru")
        assert not np.any(start[0])
        states.leave(at, [np.full((3, 2), value)])
        places.append(at)
    assert places == [0, 1]
    assert [slot.name for slot in states.slots] == ["h0_0", "h0_1"]
    assert [array[0, 0] for array in states.new] == [5, 6]


def test_cells_that_an_output_depends_on():
    tracks = (Track(None, False, []), Track(None, True, []))
    assert Call("both", tracks).used == [*tracks]
    assert Call("both", tracks, live=(False, True)).used == [tracks[1]]
