"""Codecs of words and subwords, in both directions: what models ask of them."""

import json

import pytest

from zoo.core.codec import Context, StreamedCodec, UnitCodec
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.text.codec import make_codec, read_codec
from zoo.tasks.text.fitting import fit
from zoo.tasks.text.pieces import Tokens, as_text

TEXT = "the cat sees the dog, and the dog sees the cat.\n" * 4
CODECS = {
    "word": make_codec([as_text(TEXT)], unit="word"),
    "tokenized": make_codec([as_text(TEXT)], unit="word", tokenized=True),
    "subword": make_codec([as_text(TEXT)], unit="subword", vocabulary_size=270),
}


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_inputs_are_the_tokens_before(codec):
    ids = codec.tokens(TEXT)
    x, y = codec.encode([TEXT, Tokens(ids[3:5], int(ids[2]))])
    assert y[0].tolist() == ids.tolist()
    assert x[0, :, 0].tolist() == [codec.blank, *ids[:-1]]
    assert x[1, :2, 0].tolist() == ids[2:4].tolist()
    context = Context(codec, 1)
    assert context.follow(ids[None]).tolist() == x[:1].tolist()
    assert "".join(map(codec.decoder(), ids[:, None])) == codec.decode(ids) == TEXT
    assert isinstance(codec, UnitCodec)
    assert isinstance(codec, StreamedCodec)
    assert codec.extent(TEXT) == len(TEXT)
    assert len(codec.labels(TEXT)) == len(ids)
    assert codec.columns() == [{"name": f"{codec.unit} before", "offset": 0, "size": codec.symbols}]
    assert "".join(fit("never seen", codec).blocks()) == "never seen"
    with pytest.raises(ArgumentError, match="leave it out"):
        codec.script("x", replace="y")


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_description_goes_round(codec, bidirectional):
    codec = codec.for_direction(bidirectional)
    again = read_codec(json.loads(json.dumps(codec.to_json())))
    assert type(again) is type(codec)
    assert again.to_json() == codec.to_json()
    assert again.tokens(TEXT).tolist() == codec.tokens(TEXT).tolist()
    more, symbols, classes, features = again.extended([as_text("new new\n")])
    assert len(symbols) == len(classes) + 1 == more.symbols
    assert features.tolist() == [0]


@pytest.mark.parametrize(
    "bad",
    [
        {"unit": "word"},
        {"unit": "word", "vocabulary": "ab"},
        {"unit": "word", "vocabulary": ["a", "b"]},
        {"unit": "subword", "merges": ["300 1"]},
        {"unit": "subword", "merges": [], "vocabulary": "a"},
        {"unit": "sentence", "vocabulary": "ab"},
        {"vocabulary": ["a"]},
    ],
)
def test_bad_descriptions_are_refused(bad):
    with pytest.raises(CodecError, match="no description of such a codec"):
        read_codec({"type": "text", **bad})
