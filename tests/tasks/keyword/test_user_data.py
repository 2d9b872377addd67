import tarfile

import numpy as np
import pytest

from tests.media.sounds import sound, written
from tests.tasks.keyword.spotters import own_folder
from zoo.errors import DataError, DownloadError
from zoo.tasks.keyword import user_data
from zoo.tasks.keyword.clips import CLIP, SILENCE
from zoo.tasks.keyword.layout import COMMANDS
from zoo.tasks.keyword.user_data import read_folder


def words(pieces):
    return sorted(piece.word for piece in pieces)


def test_a_folder_of_words_is_read(tmp_path):
    folder = own_folder(tmp_path / "own", noise=True)
    written(folder / "left/long.flac", sound(2.5))
    (folder / "left/broken.wav").write_bytes(b"RIFF")
    with pytest.warns(UserWarning, match=r"left out: .*own/left/broken\.wav: "):
        splits = read_folder(folder)
    assert words(splits["train"]) == [SILENCE] * 3 + ["left"] * 3 + ["right"] * 2
    assert words(splits["valid"]) == [SILENCE, "left", "right"]
    assert all(len(piece.samples) == CLIP for pieces in splits.values() for piece in pieces)
    assert {piece.name for piece in splits["valid"]} > {"left/0.wav", "right/0.wav"}
    with pytest.warns(UserWarning, match="broken"):  # from the cache too
        assert words(read_folder(folder)["train"]) == words(splits["train"])


def test_speakers_of_validation_are_heard_nowhere_else(tmp_path):
    names = [f"{i:08x}" for i in range(30)]
    for number, word in enumerate(("on", "off")):
        (tmp_path / "own" / word).mkdir(parents=True)
        for i, name in enumerate(names):
            written(tmp_path / f"own/{word}/{name}_nohash_0.wav", sound(0.2, seed=100 * number + i))
    splits = read_folder(tmp_path / "own")
    speakers = {split: {piece.speaker for piece in pieces} for split, pieces in splits.items()}
    assert not speakers["train"] & speakers["valid"]
    assert speakers["train"] | speakers["valid"] == set(names)


def test_the_whole_data_set_is_read_by_its_lists(tmp_path, monkeypatch):
    """From the archive, which is downloaded where no folder has its name."""
    folder = own_folder(tmp_path / "made", (*COMMANDS, "cat"), 4)
    (folder / "_background_noise_").mkdir()
    written(folder / "_background_noise_/a.wav", 0.1 * sound(20.0))
    lists = {"validation": 1, "testing": 2}
    for name, i in lists.items():
        (folder / f"{name}_list.txt").write_text("\n".join(f"{word}/{i}.wav" for word in (*COMMANDS, "cat")))
    path = tmp_path / "speech.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, ".")
    monkeypatch.setattr(user_data, "fetch", lambda source: path if source is user_data.WHOLE else None)
    splits = read_folder(tmp_path / user_data.CORPUS)
    assert {split: len(pieces) for split, pieces in splits.items()} == {"train": 24, "valid": 12, "test": 12}
    assert words(splits["valid"]) == sorted([*COMMANDS, "_unknown_", SILENCE])
    silent = {split: [p.wave for p in pieces if p.word == SILENCE] for split, pieces in splits.items()}
    assert not any(np.array_equal(a, b) for a in silent["train"] for b in silent["valid"] + silent["test"])
    assert words(read_folder(path)["test"]) == words(splits["test"])


def test_what_is_no_folder_of_words_is_refused(tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no clips: give a folder for each word"):
        read_folder(tmp_path / "empty")
    with pytest.raises(DataError, match="is not a folder"):
        read_folder(tmp_path / "none")
    monkeypatch.setattr(user_data, "fetch", lambda _source: (_ for _ in ()).throw(DownloadError("no network")))
    with pytest.raises(DownloadError):
        read_folder(tmp_path / user_data.CORPUS)
