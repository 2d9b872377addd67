import numpy as np
import pytest

from zoo.core import text_files
from zoo.tasks.text import datasets
from zoo.tasks.text.codec import TextCodec, make_codec
from zoo.tasks.text.datasets import cold, read_text, segments
from zoo.tasks.text.task import TASK


@pytest.mark.parametrize("read", [1, 3, 1 << 20])
def test_a_file_is_mapped_character_by_character(read, tmp_path, monkeypatch):
    """Whatever the bytes at which a block ends."""
    monkeypatch.setattr(text_files, "READ", read)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    path, content = tmp_path / "a.txt", "Zwölf 🎵 Boxkämpfer\njagen"
    path.write_bytes(content.replace("\n", "\r\n").encode("utf-8-sig"))
    text = read_text(path)
    assert text.ids.dtype == "uint8"
    assert "".join(text.vocabulary[i] for i in np.asarray(text.ids)) == content
    codec = make_codec([text])
    assert codec.decode(codec.tokens(text)) == content
    monkeypatch.setattr(datasets, "_blocks", lambda *_: pytest.fail("read again"))
    assert read_text(path) == text


def test_segments_remember_the_character_before(tmp_path):
    (tmp_path / "a.txt").write_text("abcab")
    pieces = segments(read_text(tmp_path / "a.txt"), 1, 5, 3)
    assert [(len(p), p.before) for p in pieces] == [(3, "a"), (1, "a")]
    x, _ = TextCodec("abc").encode(pieces)
    assert x[:, 0, 0].tolist() == [0, 0]


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
