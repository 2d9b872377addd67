"""Training on files of one's own."""

import pytest

import zoo
from zoo.errors import ArgumentError, CodecError


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
