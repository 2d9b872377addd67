import numpy as np
import pytest

from zoo.core.pairs import BEGIN, END
from zoo.core.sentences import SPECIAL, SentenceCodec, given, learned, padded_references, subwords_of, wanted
from zoo.core.subwords import Subwords, SubwordsDescription
from zoo.errors import CodecError

CODEC = SentenceCodec(Subwords(("97 116", "116 104")))


def test_ids_follow_the_special_ones():
    assert CODEC.symbols == CODEC.classes == len(SPECIAL) + 258
    assert CODEC.ids("at") == [len(SPECIAL) + 256]
    assert CODEC.decode(np.array([BEGIN, *CODEC.ids("the at"), END])) == "the at"
    assert CODEC.words(np.array([*CODEC.ids("at"), END])) == ["at", SPECIAL[END]]
    with pytest.raises(CodecError, match="0 to 260"):
        CODEC.decode(np.array([261]))


def test_what_the_decoder_is_given_and_has_to_predict():
    rows = [[5, 6], []]
    assert [row.tolist() for row in given(rows)] == [[BEGIN, 5, 6], [BEGIN]]
    assert wanted(rows, 4).tolist() == [[5, 6, END, -1], [END, -1, -1, -1]]


def test_subwords_are_learned_from_sentences():
    found = learned(["now and then and now"] * 9, 300)
    assert len(found) + len(SPECIAL) <= 300
    assert len(found.encode(" and")) == 1
    with pytest.raises(CodecError):
        subwords_of(SubwordsDescription(("300 1",)))


def test_references_of_different_numbers():
    assert padded_references([["a", "b"], ["c"]]) == [["a", "c"], ["b", None]]
