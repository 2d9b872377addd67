import os
import sys

import numpy as np
import pytest

from tests.media.films import film, written
from zoo.errors import DataError, MissingExtra
from zoo.tasks.caption import user_data
from zoo.tasks.caption.user_data import read_folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "clips"
    place.mkdir()
    for i in range(12):
        np.save(place / f"{i}.npy", film(4 + i, (64, 64), i))
    written(place / "film.avi", film(10, (64, 64)))
    return place


def listed(folder, *rows, head="file,caption"):
    (folder / "captions.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return folder


def test_clips_and_their_captions(folder):
    listed(
        folder, *(f"{i}.npy,{text} {i}" for i in range(12) for text in ("a cat", '"a dog, a"')), "film.avi,moving light"
    )
    found = read_folder(folder)
    assert {split: len(pieces) for split, pieces in found.items()} == {"train": 12, "valid": 1}
    by_name = {os.path.basename(piece.name): piece for pieces in found.values() for piece in pieces}
    assert by_name["3.npy"].captions == ("a cat 3", "a dog, a 3")
    np.testing.assert_array_equal(by_name["3.npy"].clip.pixels, film(7, (64, 64), 3))
    assert len(by_name["film.avi"]) == 10
    assert read_folder(folder)["valid"][0].name == found["valid"][0].name
    small = read_folder(folder, 32, 16, crop="fit", mirror=True)["train"][0].clip
    assert (small.shape, small.mirrored) == ((32, 16), True)


def test_the_list_may_say_the_split(folder):
    rows = [f"{i}.npy,words {i},{split}" for i, split in enumerate(["train"] * 4 + ["valid", "Test "])]
    found = read_folder(listed(folder, *rows, head="file,caption,split"))
    assert {split: len(pieces) for split, pieces in found.items()} == {"train": 4, "valid": 1, "test": 1}


def test_vectors(folder):
    for i in range(6):
        np.save(folder / f"v{i}.npy", np.random.default_rng(i).normal(size=(5 + i, 7)))
    found = read_folder(listed(folder, *(f"v{i}.npy,some words" for i in range(6))))
    assert found["train"][0].clip.shape == (7,)
    assert found["train"][0].clip.pixels.dtype == np.float32


def test_what_is_bad_is_named_and_left_out(folder):
    (folder / "broken.mp4").write_bytes(b"no film")
    np.save(folder / "nan.npy", np.full((4, 7), np.nan))
    np.save(folder / "long.npy", np.zeros((3001, 64, 64), np.uint8))
    np.save(folder / "other.npy", np.zeros((3, 5)))
    listed(
        folder, "0.npy,fine,train", "1.npy,fine,valid", "2.npy,,train", "none.mp4,words,train", "broken.mp4,words,train",
        "nan.npy,words,train", "3.npy,words,teach", "0.npy,again,valid", "long.npy,words,train", "other.npy,words,train",
        f"4.npy,{'é' * 501},train", ",words,train", head="file,caption,split",
    )  # fmt: skip
    with pytest.warns(UserWarning, match="left out") as warned:
        found = read_folder(folder)
    assert [len(found[split]) for split in ("train", "valid")] == [1, 1]
    text = "\n".join(str(one.message) for one in warned)
    for part in (
        ":4: give a caption", ":5: ", "none.mp4 does not exist", "broken.mp4", "nan.npy has values that are no numbers",
        "split 'teach'", ":9: ", "is in the split train", "long.npy: it has more than 3,000 frames", "other.npy: frames of",
        ":12: give a caption", ":13: ",
    ):  # fmt: skip
        assert part in text, part


@pytest.mark.parametrize(("rows", "head", "message"), [
    ((), "file,caption", "has no captions"), (("0.npy,a",), "clip,text", "no column file, caption"),
    (("0.npy,a",), "file,caption", "1 good clips, none for valid"), (("x,a",), "file,caption", "0 good clips"),
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:left out")
def test_folders_that_cannot_be_used(folder, rows, head, message):
    with pytest.raises(DataError, match=message):
        read_folder(listed(folder, *rows, head=head))


def test_no_list(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"captions.csv does not exist: give a folder"):
        read_folder(tmp_path)
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MissingExtra, match="training captions needs sacreBLEU"):
        read_folder(tmp_path)
    assert user_data.VALID_EVERY == 10
