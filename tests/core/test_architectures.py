"""The rows of the recurrent architectures, and the states that follow from them."""

import pytest

from zoo.core.architectures import ARCHITECTURES, Architecture, state_names
from zoo.core.states import STATES, is_state
from zoo.errors import ArgumentError


def test_names_are_those_of_models():
    for name in ("lstm", "deep_lstm", "2gru"):
        assert Architecture(name, "lstm", 1, "").name == name
    for name in ("", "my-lstm", "LSTM", "lstm.v2", "my lstm", "lstm_", "_lstm", "lstm\n"):
        with pytest.raises(ArgumentError, match="a-z, 0-9 and _"):
            Architecture(name, "lstm", 1, "")


@pytest.mark.parametrize(
    ("cell", "layers", "message"),
    [
        ("lstmm", 1, "architecture 'new': cell 'lstmm': give one of rnn, lstm, gru"),
        ("", 1, "architecture 'new': cell '': give one of rnn, lstm, gru"),
        ("gru", 0, "layers=0: give a whole number of at least 1"),
        ("gru", 1.5, "layers=1.5: give a whole number of at least 1"),
    ],
)
def test_what_cannot_be_built_is_refused(cell, layers, message):
    with pytest.raises(ArgumentError) as caught:
        Architecture("new", cell, layers, "")
    assert str(caught.value) == message


def test_rows_are_found_by_their_names():
    assert all(ARCHITECTURES[name].name == name for name in ARCHITECTURES)
    assert [*ARCHITECTURES][:5] == ["rnn", "lstm", "gru", "bilstm", "stacked_lstm"]  # those of the package come first
    with pytest.raises(KeyError):
        ARCHITECTURES["transformer"]


@pytest.mark.parametrize("row", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_state_names_are_counted_layer_by_layer(row):
    names = state_names(row, 2)
    assert names == (() if row.bidirectional else tuple(f"{k}0_{i}" for i in range(2) for k in STATES[row.cell]))
    assert len(state_names(row)) == (0 if row.bidirectional else row.layers * len(STATES[row.cell]))
    assert all(map(is_state, names))


def test_a_recipe_may_have_another_number_of_layers():
    assert state_names(ARCHITECTURES["lstm"], 2) == ("h0_0", "c0_0", "h0_1", "c0_1")
    assert state_names(ARCHITECTURES["stacked_lstm"]) == ("h0_0", "c0_0", "h0_1", "c0_1", "h0_2", "c0_2")
    assert state_names(ARCHITECTURES["bilstm"], 3) == ()
