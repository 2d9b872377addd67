"""Pieces of text and of tokens: their parts, their blocks, and those that follow each other in a file."""

import numpy as np
import pytest

from zoo.errors import CodecError
from zoo.tasks.text import pieces
from zoo.tasks.text.datasets import read_text
from zoo.tasks.text.pieces import Text, Tokens, as_text, joined, segments


def test_blocks_are_the_characters(monkeypatch):
    monkeypatch.setattr(pieces, "BLOCK", 4)
    text = "Zwölf 🎵 Boxkämpfer\n"
    assert [len(block) for block in as_text(text).blocks()] == [4, 4, 4, 4, 3]
    assert "".join(as_text(text).blocks()) == text
    assert list(as_text("").blocks()) == []
    with pytest.raises(CodecError, match="is no text"):
        as_text(5)


def test_parts_remember_what_is_before_them():
    assert as_text("abc").part(1, 2) == Text(as_text("abc").ids[1:2], "abc", "a")
    parts = segments(Tokens(np.arange(5), name="x"), 0, 5, 2)
    assert [(part.ids.tolist(), part.before) for part in parts] == [([0, 1], None), ([2, 3], 1), ([4], 3)]


def test_segments_that_follow_each_other_are_joined(tmp_path):
    paths = [tmp_path / f"{name}.txt" for name in "ab"]
    for path in paths:
        path.write_text("abcdefgh")
        path.write_text(path.stem + "bcdefgh")
    one, two = map(read_text, paths)
    found = list(joined([*segments(one, 1, 6, 2), *segments(one, 7, 8, 2), *segments(two, 0, 8, 5), "x", "yz"]))
    assert ["".join(text.blocks()) for text, _ in found] == ["bcdef", "h", "bbcdefgh", "x", "yz"]
    assert [longest for _, longest in found] == [2, 1, 5, 1, 2]
    assert [text.before for text, _ in found] == ["a", "g", "", "", ""]
