"""Layers of a model described as those of a file."""

import keras

from export.legacy.parts import leaves, looks_up, part_of

L = keras.layers


def test_leaves_are_what_has_weights_of_its_own():
    shared = L.Dense(2)
    nested = keras.Sequential(
        [keras.Input((5, 3)), L.TimeDistributed(shared), L.TimeDistributed(shared)], name="nested"
    )
    model = keras.Sequential([keras.Input((5, 3)), L.Bidirectional(L.LSTM(2, return_sequences=True)),
                              L.RNN([L.GRUCell(2), L.LSTMCell(3)], return_sequences=True), L.Dense(3), nested])  # fmt: skip
    found = [type(part.layer).__name__ for part in leaves(part_of(model))]
    assert found == ["LSTM", "LSTM", "GRUCell", "LSTMCell", "Dense", "Dense"]


def test_lookups_are_found_inside():
    words = L.StringLookup(vocabulary=["a"])
    assert looks_up(part_of(words))
    assert not looks_up(part_of(L.Dense(2)))
