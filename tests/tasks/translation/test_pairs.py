import pytest

from zoo.core.sentences import padded_references
from zoo.errors import CodecError
from zoo.tasks.translation.pairs import MOST_BYTES, Pair, checked, fits, references, tidy


@pytest.mark.parametrize(("text", "tidied"), [
    ("  Ça\u00a0va\u202f?\n", "Ça va ?"), ("l\u2019été", "l'été"), ("\u201ca\u201d", '"a"'),
    ("e\u0301", "é"), ("\ufeffa", "a"), ("שלום 🎵", "שלום 🎵"), ("a\r\nb", "a b"),
])  # fmt: skip
def test_sentences_are_tidied(text, tidied):
    assert checked(text) == tidied == tidy(tidied)


@pytest.mark.parametrize(("text", "message"), [
    ("", "the text is empty"), (" \n\u00a0", "empty"), (None, "NoneType given"), (b"a", "bytes given"), (5, "int given"),
    ("a\0b", "U\\+0000 at position 1"), ("\ud800", "U\\+D800"), ("é" * MOST_BYTES, "2,000 bytes in UTF-8, at most 1,000"),
])  # fmt: skip
def test_what_is_no_sentence_is_refused(text, message):
    with pytest.raises(CodecError, match=message):
        checked(text)


def test_the_size_of_a_sentence():
    assert [fits(text) for text in ("", "a", "a" * MOST_BYTES, "a" * (MOST_BYTES + 1))] == [False, True, True, False]
    assert [len(Pair(*texts)) for texts in (("", ""), ("ab", "a"), ("a", "abc"))] == [1, 2, 3]


def test_all_references_of_a_sentence_count():
    found = references([Pair("a", "1"), Pair("b", "2"), Pair("a", "3")])
    assert found == {"a": ["1", "3"], "b": ["2"]}
    assert padded_references(list(found.values())) == [["1", "2"], ["3", None]]
