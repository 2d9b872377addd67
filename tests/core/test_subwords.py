"""Subwords: as the library that learns them cuts them, and without it."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.core.splitting import words
from zoo.core.subwords import Subwords, _letters, learn
from zoo.errors import ArgumentError, MissingExtra

TEXT = "the other weather, together with the father of the feather; 吾輩は猫である 吾輩は犬である naïve naïveté\n" * 3
UNITS = Subwords(learn([words(TEXT)], 330))


@given(st.text(st.sampled_from(TEXT + "xyzé🎵")))
def test_any_text_comes_back(text):
    ids = UNITS.encode(text)
    assert UNITS.text(ids) == text
    assert UNITS.characters(ids) == len(text)
    decode = UNITS.decoder()
    assert "".join(map(decode, ids)) == text


def test_text_is_cut_as_the_library_does():
    from tokenizers import Tokenizer, models, pre_tokenizers

    letters = _letters()
    names = ["".join(letters[byte] for byte in token) for token in UNITS.vocabulary]
    pairs = [tuple(names[int(i)] for i in merge.split()) for merge in UNITS.merges]
    theirs = Tokenizer(models.BPE({name: i for i, name in enumerate(names)}, pairs))
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    assert 300 < len(UNITS) <= 330
    for text in (TEXT, "thethe otherother feathered weathers 猫猫 🎵"):
        assert UNITS.encode(text) == theirs.encode(words(text), is_pretokenized=True).ids
    assert letters == sorted(letters, key=letters.index)
    assert {*letters} == {*pre_tokenizers.ByteLevel.alphabet()}


def test_dropped_merges_give_the_same_text_in_smaller_parts():
    whole = UNITS.encode(TEXT)
    rows = [UNITS.encode(TEXT, 0.5, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2]
    assert len(rows[0]) > len(whole)
    assert UNITS.text(rows[0]) == UNITS.text(rows[2]) == TEXT
    assert UNITS.encode(TEXT, 1.0, np.random.default_rng(0)) == list(TEXT.encode())
    with pytest.raises(ArgumentError, match="give rng"):
        UNITS.encode(TEXT, 0.5)


def test_bytes_that_are_no_text_are_replaced():
    assert UNITS.text([0xE7, 0x41, 0x1B]) == "\ufffdA\ufffd"
    assert UNITS.labels([0x41]) == ["A"]


@pytest.mark.parametrize(
    ("merges", "reason"),
    [(["256 0"], "there are 256 tokens"), (["97 97", *(f"{i} {i}" for i in range(256, 263))], "128 bytes"),
     (["a b"], "like"), ([5], "give a text"), (["1 2"] * 70_000, "at most 65,280")],
)  # fmt: skip
def test_bad_merges_are_refused(merges, reason):
    with pytest.raises(ArgumentError, match=reason):
        Subwords(merges)


def test_only_learning_needs_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert Subwords(UNITS.merges).encode(TEXT) == UNITS.encode(TEXT)
    with pytest.raises(MissingExtra, match=r"rnn-zoo\[subwords\]"):
        learn([words(TEXT)], 300)
