"""Gaps in words and subwords."""

import numpy as np
import pytest

from zoo.errors import ArgumentError
from zoo.tasks.text.codec import make_codec
from zoo.tasks.text.pieces import as_text

TEXT = "the cat sees the dog, and the dog sees the cat.\n" * 4
WORDS = make_codec([as_text(TEXT)], True, "word")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("the _ sees", "the? sees"), ("the __, and _ dog", "the??, and? dog"), ("_", "?"), ("_ cat _\n", "? cat?\n")],
)
def test_a_gap_is_a_word_with_the_space_before_it(text, shown):
    ids, hidden = WORDS.gaps(text)
    words = ["?" if gap else WORDS.decode([token]) for token, gap in zip(ids, hidden, strict=True)]
    assert "".join(words) == shown


def test_spans_are_counted_in_tokens():
    ids, hidden = WORDS.gaps("the cat sees", mark="", spans=[(1, 2)])
    assert hidden.tolist() == [False, True, True, False, False]
    assert WORDS.decode(ids[~hidden]) == "the cat sees"
    with pytest.raises(ArgumentError, match="place of a span"):
        WORDS.gaps("the cat", spans=[(3, 1)])
    with pytest.raises(ArgumentError, match="has no gap: mark words by '_'"):
        WORDS.gaps("the cat")


def test_hidden_tokens_are_those_of_the_text():
    rng = np.random.default_rng(0)
    for piece in (TEXT, WORDS.counted([TEXT])[0]):
        masked = WORDS.hide(piece, rng)
        assert masked.hidden.shape == WORDS.tokens(TEXT).shape
    x, y = WORDS.encode([masked])
    assert ((x[..., 0] == WORDS.blank) == masked.hidden).all()
    assert (y[masked.hidden[None]] == WORDS.tokens(TEXT)[masked.hidden]).all()
    assert WORDS.hidden_unit == "word"
