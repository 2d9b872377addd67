import pytest

from tests.conftest import random_score
from zoo.errors import DataError
from zoo.tasks.music import user_data
from zoo.tasks.music.codec import MusicCodec, make_codec, read_codec
from zoo.tasks.music.score import Score
from zoo.tasks.music.user_data import read_folder


def test_own_folder(tmp_path):
    for i in range(11):
        Score(random_score(i).grid, beats_per_bar=3 + i % 2).save(tmp_path / f"{i:02}.mid")
    (tmp_path / "broken.mid").write_bytes(b"no")
    with pytest.warns(UserWarning, match=r"broken\.mid"):
        splits = read_folder(tmp_path)
    assert {k: len(v) for k, v in splits.items()} == {"train": 9, "valid": 2}
    assert {piece.beats_per_bar for piece in splits["train"]} == {3, 4}
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="at least 2"):
        read_folder(tmp_path / "none")
    with pytest.raises(DataError, match="not a folder"):
        read_folder(tmp_path / "nowhere")


def test_other_names_of_midi_files_and_other_meters(tmp_path):
    for i, name in enumerate(("a.mid", "b.MIDI", "c.kar", "d.rmi")):
        path = Score(random_score(i).grid, beats_per_bar=1.5).save(tmp_path / "x.mid")
        path.rename(tmp_path / name)
    splits = read_folder(tmp_path)
    assert sum(map(len, splits.values())) == 4
    codec = make_codec(splits["train"])
    assert (codec.beats_per_bar, codec.steps_per_bar) == (1.5, 6)
    assert read_codec(codec.to_json()).beats_per_bar == 1.5
    x, _ = codec.encode(list(splits["valid"]))
    places = x[0, ::4, 1] - codec.offsets[1]  # of the first voice at each step
    assert places[:13].tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0]


def test_folder_is_read_once_and_from_disk(tmp_path, monkeypatch):

    for i in range(3):
        random_score(i, 20 + i, MusicCodec(4)).save(tmp_path / f"{i}.mid")
    (tmp_path / "bad.mid").write_bytes(b"no music")
    with pytest.warns(UserWarning, match="left out.*bad.mid"):
        first = read_folder(tmp_path)
    expected = [Score.read(tmp_path / f"{i}.mid") for i in range(3)]
    assert list(first["valid"]) + list(first["train"]) == expected
    monkeypatch.setattr(user_data, "_store", lambda *_: pytest.fail("read again"))
    with pytest.warns(UserWarning, match="left out.*bad.mid"):
        assert list(read_folder(tmp_path)["train"]) == expected[1:]
    (tmp_path / "2.mid").unlink()
    with pytest.raises(pytest.fail.Exception, match="read again"):
        read_folder(tmp_path)
