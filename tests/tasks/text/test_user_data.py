import pytest

from zoo.errors import DataError
from zoo.tasks.text.codec import make_codec
from zoo.tasks.text.user_data import read_folder


def test_splits_of_a_folder_and_what_is_no_text(tmp_path):
    (tmp_path / "one.txt").write_text("ab" * 50)
    (tmp_path / "two.txt").write_text("cd" * 100)
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty.txt").write_text("")
    with pytest.warns(UserWarning, match="bad.txt is no UTF-16-LE text|empty.txt is empty"):
        splits = read_folder(tmp_path)
    assert [sum(map(len, splits[name])) for name in ("train", "valid")] == [270, 30]
    assert make_codec(splits["train"]).vocabulary == "abcd"
    assert sum(map(len, read_folder(tmp_path / "one.txt")["valid"])) == 10
    with pytest.raises(DataError, match="does not exist"):
        read_folder(tmp_path / "nowhere")
    (tmp_path / "short.txt").write_text("ab")
    with pytest.raises(DataError, match="too little text"):
        read_folder(tmp_path / "short.txt")
