import numpy as np
import pytest

from tests.tasks.translation.translators import SENTENCES, codec
from zoo.core.pairs import BEGIN, END, PAD
from zoo.errors import CodecError
from zoo.tasks.translation.codec import SPECIAL, TranslationCodec, default_codec, make_codec
from zoo.tasks.translation.pairs import Pair

PAIRS = [Pair("the cat", "a"), Pair("a", "the cat at the mat"), Pair("", "é")]


def test_source_inputs_and_targets():
    """Side by side; what is to be predicted is the next input, and the last step is padding."""
    one = codec()
    x, y = one.encode(PAIRS)
    source, given = one.split(np, x)
    assert x.dtype == y.dtype == np.int32
    assert (x[:, -1] == PAD).all()
    for row, pair in enumerate(PAIRS):
        length = (y[row] >= 0).sum()
        assert given[row, 0] == BEGIN
        assert y[row, length - 1] == END
        np.testing.assert_array_equal(given[row, 1:length], y[row, : length - 1])
        assert one.decode(y[row, : length - 1]) == pair.target
        own = source[row][one.mask(np, source)[row]]
        assert own[-1] == END
        assert one.decode(own) == pair.source
        np.testing.assert_array_equal(one.sources([pair.source, "the cat at the mat"])[0][: len(own)], own)


def test_merges_are_left_out_piece_by_piece():
    one, text = codec(), "the cat the cat the cat"
    pieces = [
        Pair(text, text, dropout, seed) for dropout, seed in ((0.0, 0), (0.5, 1), (0.5, 1), (0.5, 2), (0.99999, 1))
    ]
    x, _ = one.encode(pieces)
    lengths = (x != PAD).sum(1)[:, 0]
    assert lengths[0] < lengths[1] < lengths[4] == len(text) + 1
    np.testing.assert_array_equal(x[1], x[2])
    assert (x[1] != x[3]).any()


@pytest.mark.parametrize("one", [codec(), default_codec(), make_codec(PAIRS * 9, vocabulary=300)])
def test_a_codec_is_stored_as_what_it_is(one):
    again = TranslationCodec.from_json(one.to_json())
    x = one.example(np.random.default_rng(0), 4, 9)
    assert again.to_json() == one.to_json()
    assert again.symbols == one.symbols == again.classes
    assert x.shape == (4, 9, 2)
    assert x.max() < one.symbols
    np.testing.assert_array_equal(again.sources(list(SENTENCES)), one.sources(list(SENTENCES)))
    assert one.extended(PAIRS)[0] is one


def test_names_of_subwords():
    assert codec().words(codec().sources(["the cat"])[0]) == ["the", " cat", SPECIAL[END]]
    with pytest.raises(CodecError, match="this codec has 0 to 263"):
        codec().decode(np.array([264]))


@pytest.mark.parametrize("merges", [
    "97 116", ["97 116", 5], ["97  116"], ["257 104"], [""], ["97"], ["97 97", *(f"{i} {i}" for i in range(256, 263))], None,
    {"97": "116"}, ["a t"],
])  # fmt: skip
def test_wrong_descriptions_are_refused(merges):
    with pytest.raises(CodecError):
        TranslationCodec.from_json({"type": "translation", "merges": merges})
