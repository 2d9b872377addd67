"""Text: codec, files read from disk, and training on them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zoo
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.tasks import text as module
from zoo.tasks.text import TASK, TextCodec, make_codec, read_folder, read_text, segments

CODEC = TextCodec("abc é\n🎵")


@given(st.text("abc é\n🎵"))
def test_text_comes_back(text):
    assert CODEC.decode(CODEC.tokens(text)) == text


def test_inputs_are_the_characters_before():
    x, y = CODEC.encode(["ab", "cab"])
    assert y.tolist() == [[0, 1, -1], [2, 0, 1]]
    assert x[..., 0].tolist() == [[7, 0, 1], [7, 2, 0]]
    context = CODEC.context(1)
    for i in range(3):
        assert context.x().tolist() == x[1:, i : i + 1].tolist()
        context.push(y[1:, i])


def test_unknown_characters_are_named_with_their_place():
    with pytest.raises(CodecError, match="'x' at position 2.*'abc é"):
        CODEC.tokens("abxc")
    with pytest.raises(CodecError, match="ids 0 to 9"):
        CODEC.decode([0, 9])
    for bad in ("", "aa"):
        with pytest.raises(ArgumentError, match="every character once"):
            TextCodec(bad)


def test_description_goes_round():
    again = TextCodec.from_json(json.loads(json.dumps(CODEC.to_json())))
    assert again.vocabulary == CODEC.vocabulary
    for bad in ({}, {"type": "music"}, {"type": "text", "vocabulary": ""}):
        with pytest.raises(CodecError):
            TextCodec.from_json(bad)


@pytest.mark.parametrize("read", [1, 3, 1 << 20])
def test_a_file_is_mapped_character_by_character(read, tmp_path, monkeypatch):
    """Whatever the bytes at which a block ends."""
    monkeypatch.setattr(module, "READ", read)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    content = "Zwölf 🎵 Boxkämpfer\r\njagen"
    path = tmp_path / "a.txt"
    path.write_bytes(content.encode())
    text = read_text(path)
    assert text.ids.dtype == "uint8"
    assert "".join(text.vocabulary[i] for i in np.asarray(text.ids)) == content
    codec = make_codec([text])
    assert codec.decode(codec.tokens(text)) == content
    monkeypatch.setattr(module, "_blocks", lambda path: pytest.fail("read again"))
    assert read_text(path) == text


def test_segments_remember_the_character_before(tmp_path):
    (tmp_path / "a.txt").write_text("abcab")
    pieces = segments(read_text(tmp_path / "a.txt"), 1, 5, 3)
    assert [(len(p), p.before) for p in pieces] == [(3, "a"), (1, "a")]
    x, _ = TextCodec("abc").encode(pieces)
    assert x[:, 0, 0].tolist() == [0, 0]


def test_splits_of_a_folder_and_what_is_no_text(tmp_path):
    (tmp_path / "one.txt").write_text("ab" * 50)
    (tmp_path / "two.txt").write_text("cd" * 100)
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty.txt").write_text("")
    with pytest.warns(UserWarning, match="bad.txt is no UTF-8|empty.txt is empty"):
        splits = read_folder(tmp_path)
    assert [sum(map(len, splits[name])) for name in ("train", "valid")] == [270, 30]
    assert make_codec(splits["train"]).vocabulary == "abcd"
    assert sum(map(len, read_folder(tmp_path / "one.txt")["valid"])) == 10
    with pytest.raises(DataError, match="does not exist"):
        read_folder(tmp_path / "nowhere")
    (tmp_path / "short.txt").write_text("ab")
    with pytest.raises(DataError, match="too little text"):
        read_folder(tmp_path / "short.txt")


def test_shakespeare_is_split_as_usual(data):
    from zoo import datasets

    splits = TASK.prepare(datasets.load(TASK.dataset))
    assert sum(map(len, splits["train"])) == 1_003_854
    assert sum(map(len, splits["valid"])) == 111_540
    assert len(make_codec(splits["train"]).vocabulary) == 65


def test_it_trains_and_writes(tmp_path):
    path = tmp_path / "rhyme.txt"
    path.write_text("the cat sat on the mat. " * 60)
    out = tmp_path / "run"
    card = zoo.train("gru_text", out=out, data=path, units=24, embedding=8, window=24, batch=4, carry=True, epochs=12,
                     learning_rate=0.03, warmup=5, verbose=False)  # fmt: skip
    assert card.metrics["valid"]["nats_per_character"] < 0.5
    model = zoo.load(out / "preset")
    assert model.generate(prompt="the cat", length=12, temperature=0) == "the cat sat on the "
    assert "".join(model.stream(prompt="the cat", length=12, temperature=0)) == "the cat sat on the "
    with pytest.raises(CodecError, match="'x' at position 0"):
        model.generate(prompt="x")
