"""Words as tokens: what comes back, what is unknown, what a vocabulary has."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.core.splitting import words
from zoo.errors import ArgumentError
from zoo.tasks.text.pieces import as_text
from zoo.tasks.text.words import FIRST, Words, of_pieces

TEXT = "The cat, the dog. The cat!\nthe cat's 猫 dog. 猫\n"
UNITS = of_pieces([as_text(TEXT * 2)], 100)


@given(st.lists(st.sampled_from([*UNITS.vocabulary[2:], "?", " zebra"])))
def test_text_comes_back_but_for_unknown_words(parts):
    text = "".join(parts)
    known = {*UNITS.vocabulary}
    shown = [word if word in known else " <unk>" if word[0] == " " else "<unk>" for word in words(text)]
    assert UNITS.text(UNITS.ids(text)) == "".join(shown)


def test_unknown_words_keep_their_space():
    ids = UNITS.ids("The zebra,zebra the\t")
    assert UNITS.text(ids) == "The <unk>,<unk> the<unk>"
    assert UNITS.characters(ids) is None
    assert UNITS.characters(UNITS.ids(TEXT)) == len(TEXT)
    assert UNITS.text(UNITS.ids("")) == ""
    with pytest.raises(ArgumentError, match="unknown words are read as <unk>"):
        UNITS.replaced("a", "b")


def test_the_most_frequent_words_are_known():
    units = of_pieces([as_text("a a a b b c c c c d\n")], 6)
    assert units.vocabulary == (*FIRST[False], " c", " a")
    assert of_pieces([as_text("once upon a time")], 9).vocabulary == FIRST[False]  # each word once: none is learned
    more = units.more([as_text("c c e e e a f f g\n")])
    assert more.vocabulary == (*units.vocabulary, " e", " f")
    assert len(Words(FIRST[False]).more([as_text(TEXT * 2)])) == 8  # as many as there are, at most


def test_tokenized_text_is_cut_at_spaces():
    units = of_pieces([as_text(" no <unk> <unk> N \r\n it was n't \n")], 100, True)
    assert units.vocabulary == ("<unk>", "<eos>", "N", "it", "n't", "no", "was")
    ids = units.ids("no  x N\nit <unk>\n")
    assert ids.tolist() == [5, 0, 2, 1, 3, 0, 1]
    assert units.text(ids) == "no <unk> N\nit <unk>\n"
    assert units.characters(units.ids("no N\nit was\n")) == len("no N\nit was\n")
    decode = units.decoder()
    assert "".join(map(decode, ids)) == units.text(ids)


@pytest.mark.parametrize(
    ("vocabulary", "reason"),
    [(("a", "b"), "give '<unk>', ' <unk>', ' ', '.n' first"), ((*FIRST[False], "a", "a"), "twice"), ((), "at least 2"),
     ((*FIRST[False], "a" * 2000), "1,0"), ((*FIRST[False], 5), "give a text")],
)  # fmt: skip
def test_bad_vocabularies_are_refused(vocabulary, reason):
    with pytest.raises(ArgumentError, match=reason):
        Words(vocabulary)


def test_ids_fit_an_embedding():
    assert UNITS.ids(TEXT).dtype == np.int32
