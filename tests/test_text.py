"""Text: codec, files read from disk, and training on them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zoo
from tests.conftest import RECIPE
from zoo.core.codec import Context, MaskedPiece
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.networks.build import network
from zoo.networks.transfer import set_weights
from zoo.tasks.text import datasets
from zoo.tasks.text.codec import Text, TextCodec
from zoo.tasks.text.datasets import read_text, segments
from zoo.tasks.text.task import TASK, cold, make_codec
from zoo.tasks.text.user_data import read_folder

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
    codec = TextCodec("abc", masked=True)
    gapped = [MaskedPiece("abc", np.array([True, False, True])), MaskedPiece("cc", np.array([False, True]))]
    x, y = codec.encode(gapped)
    assert x[..., 0].tolist() == [[3, 1, 3], [2, 3, 3]]
    assert y.tolist() == [[0, -1, 2], [-1, 2, -1]]
    ids, hidden = codec.gaps("a__c", spans=[(4, 2), (0, 1)])
    assert ids[~hidden].tolist() == [0, 2]
    assert hidden.tolist() == [True, False, True, True, False, True, True]


def test_training_hides_every_share_singly_and_in_spans():
    codec, rng = TextCodec("abc", masked=True), np.random.default_rng(0)
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
    monkeypatch.setattr(datasets, "READ", read)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    content = "Zwölf 🎵 Boxkämpfer\r\njagen"
    path = tmp_path / "a.txt"
    path.write_bytes(content.encode())
    text = read_text(path)
    assert text.ids.dtype == "uint8"
    assert "".join(text.vocabulary[i] for i in np.asarray(text.ids)) == content
    codec = make_codec([text])
    assert codec.decode(codec.tokens(text)) == content
    monkeypatch.setattr(datasets, "_blocks", lambda path: pytest.fail("read again"))
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

    splits = TASK.splits_of()
    assert sum(map(len, splits["train"])) + sum(map(len, splits["valid"])) == 1_003_854
    assert abs(sum(map(len, splits["valid"])) - 0.03 * 1_115_394) < 2
    assert sum(map(len, splits["test"])) == 111_540
    assert {len(piece) for piece in cold(splits["test"])} == {256, 111_540 % 4096 % 256}
    assert len(make_codec(splits["train"]).vocabulary) == 65
    codec = make_codec(splits["train"])
    train, valid, test = ("".join(codec.decode(codec.tokens(piece)) for piece in splits[name]) for name in splits)
    assert "PETRUCHIO" in train
    assert "PETRUCHIO" in test
    assert "PETRUCHIO" not in valid
    assert "DUKE VINCENTIO" in train
    assert "DUKE VINCENTIO" in valid


def test_it_trains_and_writes(tmp_path):
    path = tmp_path / "rhyme.txt"
    path.write_text("the cat sat on the mat. " * 60)
    out = tmp_path / "run"
    card = zoo.train("gru_text", out=out, data=path, units=24, embedding=8, window=24, batch=4, carry=True, epochs=12,
                     learning_rate=0.03, warmup=5, dropout_out=0, dropout_recurrent=0, ema=0, verbose=False)  # fmt: skip
    assert card.metrics["valid"]["nats_per_character"] < 0.5
    model = zoo.load(out / "preset")
    assert model.generate(prompt="the cat", length=12, temperature=0) == "the cat sat on the "
    assert "".join(model.stream(prompt="the cat", length=12, temperature=0)) == "the cat sat on the "
    with pytest.raises(CodecError, match="'x' at position 0"):
        model.generate(prompt="x")
    assert model.generate(prompt="x", length=3, replace="t", temperature=0) == "the "
    for bad in ({"length": 0}, {"length": 10**400}):
        with pytest.raises(ArgumentError, match="at least 1"):
            model.generate(**bad)
    for bad in ({"prompt": 5}, {"stop": 5}):
        with pytest.raises(CodecError, match="give a string"):
            model.generate(length=3, **bad)
    with pytest.raises(ArgumentError, match="not empty"):
        model.measure([""])
    assert model.generate(prompt="the", length=50, temperature=0, stop="sat") == "the cat sat"
    assert "".join(model.stream(prompt="the", length=50, temperature=0, stop="sat")) == "the cat sat"
    found = model.measure(["the cat sat on the mat. " * 30])
    assert found["nats_per_character"] > found["stateful_nats_per_character"]
    surprise = model.score("the cat hat")
    assert surprise.labels[8:] == ("h", "a", "t")
    assert surprise.nats[:8].max() < 1 < surprise.nats[8]
    assert surprise.plot(tmp_path / "surprise.png").stat().st_size > 1000

    other = tmp_path / "other.txt"
    other.write_text("the dog, the log. " * 60)
    tuned = zoo.train("gru_text", out=tmp_path / "tuned", data=other, start=out / "preset", window=24, batch=4, epochs=6,
                      learning_rate=0.01, warmup=2, dropout_out=0, dropout_recurrent=0, verbose=False)  # fmt: skip
    grown = zoo.load(tmp_path / "tuned/preset")
    assert grown.codec.vocabulary == " .acehmnost,dgl"
    assert tuned.metrics["valid"]["nats_per_character"] < 1.5
    assert grown.generate(prompt="the ", length=4, temperature=0) in ("the dog,", "the log.")


def test_what_was_learned_is_kept_when_the_vocabulary_grows():
    from zoo.networks.transfer import resize_vocabulary, weights

    codec = TextCodec("ab")
    larger, *kept = codec.extended([Text(np.array([0]), "z")])
    nets = [network(zoo.ARCHITECTURES["lstm"], one, RECIPE) for one in (codec, larger)]
    set_weights(nets[1], resize_vocabulary(weights(nets[0], "float32"), weights(nets[1], "float32"), *kept))
    x = np.array([[[2], [0], [1], [1]]], np.int32)  # the beginning of a text, a, b, b
    state = [np.zeros((1, 12), np.float32)] * 2
    before, after = (
        net([np.where(x == 2, one.blank, x), *state])[0].numpy() for net, one in zip(nets, (codec, larger), strict=True)
    )
    np.testing.assert_allclose(after[..., :2], before, atol=1e-6)
    rare = int(weights(nets[0])["y/bias"].argmin())
    np.testing.assert_allclose(after[..., 2], before[..., rare], atol=1e-6)
