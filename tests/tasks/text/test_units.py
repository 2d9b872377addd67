"""Characters as tokens."""

import pytest

from zoo.errors import ArgumentError
from zoo.tasks.text.pieces import as_text
from zoo.tasks.text.units import Characters, of_pieces


def test_characters_are_those_of_the_texts():
    units = of_pieces([as_text("cab"), as_text("b🎵")])
    assert units.vocabulary == "abc🎵"
    assert units.more([as_text("zd")]).vocabulary == "abc🎵dz"
    assert units.ids("b🎵").tolist() == [1, 3]
    assert [row.tolist() for row in units.stream(as_text("ab"))] == [[0, 1]]
    assert "".join(map(units.decoder(), [1, 3])) == units.text([1, 3]) == "b🎵"
    assert units.characters([0, 0]) == 2
    assert units.replaced("axb", "c") == "acb"
    with pytest.raises(ArgumentError, match="replace='x'"):
        Characters("ab").replaced("a", "x")
