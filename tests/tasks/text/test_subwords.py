"""Subwords as tokens of text."""

import pytest

from zoo.errors import ArgumentError
from zoo.tasks.text.pieces import as_text
from zoo.tasks.text.subwords import of_pieces

TEXT = "the other weather, together with the father of the feather\n" * 3
UNITS = of_pieces([as_text(TEXT)], 300)


def test_long_texts_are_cut_as_short_ones(monkeypatch):
    monkeypatch.setattr("zoo.tasks.text.pieces.BLOCK", 7)
    assert UNITS.ids(TEXT).tolist() == UNITS.encode(TEXT)


def test_there_is_nothing_unknown():
    assert UNITS.more([as_text("x")]) is UNITS
    with pytest.raises(ArgumentError, match="subwords make any text"):
        UNITS.replaced("a", "b")
