import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.core.codec import Context, MaskedPiece
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.text.codec import Text, TextCodec, TextInfillCodec, read_codec

CODEC = TextCodec("abc é\n🎵")


@given(st.text("abc é\n🎵"))
def test_text_comes_back(text):
    assert CODEC.decode(CODEC.tokens(text)) == text


def test_inputs_are_the_characters_before():
    x, y = CODEC.encode(["ab", "cab"])
    assert y.tolist() == [[0, 1, -1], [2, 0, 1]]
    assert x[..., 0].tolist() == [[7, 0, 1], [7, 2, 0]]
    context = Context(CODEC, 1)
    for i in range(3):
        assert context.x().tolist() == x[1:, i : i + 1].tolist()
        context.push(y[1:, i])


def test_masked_inputs_are_the_characters_but_for_the_gaps():
    codec = TextInfillCodec("abc")
    gapped = [MaskedPiece("abc", np.array([True, False, True])), MaskedPiece("cc", np.array([False, True]))]
    x, y = codec.encode(gapped)
    assert x[..., 0].tolist() == [[3, 1, 3], [2, 3, 3]]
    assert y.tolist() == [[0, -1, 2], [-1, 2, -1]]
    ids, hidden = codec.gaps("a__c", spans=[(4, 2), (0, 1)])
    assert ids[~hidden].tolist() == [0, 2]
    assert hidden.tolist() == [True, False, True, True, False, True, True]


def test_training_hides_every_share_singly_and_in_spans():
    codec, rng = TextInfillCodec("abc"), np.random.default_rng(0)
    hidden = codec.hide("a" * 256 * 400, rng).hidden.reshape(400, 256)
    shares = hidden.mean(1)
    assert np.histogram(shares, 4, (0, 1))[0].min() > 60
    runs = [np.diff(np.flatnonzero(np.diff(np.pad(row.astype(int), 1)))).max(initial=0) for row in hidden[shares < 0.3]]
    assert min(runs) <= 3
    assert max(runs) >= 16


def test_vocabulary_grows_at_its_end():
    pieces = [Text(np.array([0, 1]), "az"), Text(np.array([0]), "b!")]
    codec, symbols, classes, features = TextCodec("ba").extended(pieces)
    assert codec.vocabulary == "ba!z"
    assert symbols.tolist() == [0, 1, -1, -1, 2]
    assert classes.tolist() == [0, 1, -1, -1]
    assert features.tolist() == [0]


def test_unknown_characters_are_named_with_their_place():
    with pytest.raises(CodecError, match="'x' at position 2.*'abc é"):
        CODEC.tokens("abxc")
    with pytest.raises(CodecError, match="ids 0 to 9"):
        CODEC.decode([0, 9])
    assert CODEC.script("abxc", 1, replace=" ").tolist() == [*CODEC.tokens("ab c"), -1]
    with pytest.raises(ArgumentError, match="replace='x'"):
        CODEC.script("abxc", 1, replace="x")
    for bad in ("", "aa"):
        with pytest.raises(ArgumentError, match="vocabulary has .*give"):
            TextCodec(bad)


def test_description_goes_round():
    again = read_codec(json.loads(json.dumps(CODEC.to_json())))
    assert again.vocabulary == CODEC.vocabulary
    for bad in ({}, {"type": "music"}, {"type": "text", "vocabulary": ""}):
        with pytest.raises(CodecError):
            read_codec(bad)
