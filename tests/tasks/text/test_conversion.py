"""Pieces of tokens: no word is cut at the border of two segments, and what was converted once is read from the disk."""

import numpy as np
import pytest

from zoo.core.storage import OnDisk
from zoo.tasks.text import conversion
from zoo.tasks.text.conversion import converted
from zoo.tasks.text.datasets import read_text
from zoo.tasks.text.pieces import as_text, segments
from zoo.tasks.text.words import of_pieces

TEXT = "one two three four five six seven.\n" * 200
UNITS = of_pieces([as_text(TEXT)], 100)


def test_words_are_whole_in_every_cut(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text(TEXT)
    text = read_text(tmp_path / "a.txt")
    found = converted(segments(text, 0, len(text), 333), UNITS)
    assert {type(piece.ids) for piece in found} == {OnDisk}
    assert UNITS.text(np.concatenate([np.asarray(piece.ids) for piece in found])) == TEXT
    assert [piece.before for piece in found] == [None, *(int(np.asarray(piece.ids)[-1]) for piece in found[:-1])]
    assert converted(found, UNITS) is found
    monkeypatch.setattr(type(UNITS), "stream", lambda *_: pytest.fail("read again"))
    assert converted(segments(text, 0, len(text), 333), UNITS) == found
    monkeypatch.undo()
    more = UNITS.more([as_text("new new")])
    assert np.asarray(converted([text], more)[0].ids).tolist() == UNITS.ids(TEXT).tolist()


def test_pieces_for_validation_have_few_logits(monkeypatch):
    monkeypatch.setattr(conversion, "LOGITS", len(UNITS) * 600)
    assert {len(piece) for piece in converted([TEXT[:4096]], UNITS)} == {512, UNITS.ids(TEXT[:4096]).size % 512}
    [whole] = converted([TEXT], UNITS)  # one for training
    assert len(whole) == len(UNITS.ids(TEXT))


def test_strings_and_empty_ones_are_pieces():
    found = converted(["one", "", "two"], UNITS)
    assert [piece.ids.tolist() for piece in found] == [UNITS.ids("one").tolist(), UNITS.ids("two").tolist()]
