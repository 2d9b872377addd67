"""Text → words in any script, with nothing lost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.core.splitting import MOST_WORD, spaced, stretches, words

SCRIPTS = "it’s I don't, naïve café\n\n  x_1=3.14\tहिन्दी में नहीं ไทยก็ 吾輩は猫である。 한국어 العربية‌ها 👩‍👩‍👧 e\u0301 \u3000\u2028"


@given(st.text(st.sampled_from(SCRIPTS) | st.characters(exclude_categories=["Cs"])))
def test_words_are_the_text(text):
    assert "".join(words(text)) == "".join(spaced(text)) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don't  go.\n", ["Don't", " ", " go", ".", "\n"]),
        ("'tis the dogs' (end)", ["'", "tis", " the", " dogs", "'", " (", "end", ")"]),
        ("हिन्दी नहीं", ["हिन्दी", " नहीं"]),
        ("猫である x", ["猫", "で", "あ", "る", " x"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("می‌خواهم e\u0301a", ["می‌خواهم", " e\u0301a"]),
        ("", []),
    ],
)
def test_words_of_scripts(text, found):
    assert words(text) == found


@given(st.text(st.sampled_from("ab' \n.é")), st.lists(st.integers(0, 30)))
def test_blocks_are_cut_as_the_whole(text, cuts):
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    blocks = [text[a:b] for a, b in pairwise(edges)]
    for split in (words, spaced):
        assert [word for found in stretches(blocks, split) for word in found] == split(text)


def test_long_words_are_several():
    assert max(map(len, words("a" * 10_000 + " " + "\u0301" * 10_000))) <= MOST_WORD + 1
    assert "".join(words("é" * 999)) == "é" * 999
