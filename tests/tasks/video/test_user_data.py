import os
from pathlib import PurePosixPath

import numpy as np
import pytest

from tests.media.films import film, written
from tests.tasks.video.labelers import classes, moving
from zoo.errors import DataError
from zoo.media.clips import Span
from zoo.tasks.video import user_data
from zoo.tasks.video.codec import make_codec


def test_folders_of_clips_are_read(folder):
    with pytest.warns(UserWarning, match="left out") as told:
        splits = user_data.read_folder(folder, height=24)
    text = " ".join(str(w.message) for w in told)
    assert "bad.mp4 cannot be read" in text
    assert "notes.txt: no video file" in text
    assert {split: len(found) for split, found in splits.items()} == {"train": 16, "valid": 4}
    assert {clip.label for clip in splits["valid"]} == {"left", "right"}
    assert splits["train"][0].shape == (24, 24)
    assert len(splits["train"][0]) == 12


def test_lists_of_ranges_are_read(tmp_path):
    written(tmp_path / "a.mp4", np.concatenate([moving("left", 250)]), codec="h264")
    rows = ["file,label,start,end,probability", "a.mp4,wave,1,2.5,0.9", "a.mp4,nod,2.5,3,", "a.mp4,wave,2,4,", "b.mp4,x,0,1,", "a.mp4,,4,5,", "a.mp4,x,5,4,", "a.mp4,x,soon,4,"]  # fmt: skip
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    with pytest.warns(UserWarning, match="left out") as told:
        splits = user_data.read_folder(tmp_path)
    text = " ".join(str(w.message) for w in told)
    for line, reason in (
        (4, "overlaps"),
        (5, "does not exist"),
        (6, "give a label"),
        (7, "give a label"),
        (8, "give a label"),
    ):
        assert f"labels.csv:{line}: " in text
        assert reason in text
    pieces = splits["train"] + splits["valid"]
    assert [len(piece) for piece in pieces] == [200, 50]
    assert [tuple(span) for span in pieces[0].spans] == [
        ("none", 0, 25),
        ("wave", 25, 62.5),
        ("nod", 62.5, 75),
        ("none", 75, 200),
    ]
    assert make_codec(pieces).rest == "none"


def test_rows_may_be_many_and_in_any_order(tmp_path):
    """Ranges are put in the order of time; each is compared with its neighbors alone."""
    (tmp_path / "a.mp4").write_bytes(b"x")
    order = np.random.default_rng(0).permutation(8_000)
    rows = [f"a.mp4,wave,{i},{i + 1}" for i in order] + [
        "a.mp4,nod,0.5,0.7",
        "a.mp4,nod,-1,9",
        "a.mp4,nod,7999.5,50000",
        "a.mp4,nod,8000,8001",
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label,start,end", *rows]))
    [film], bad = user_data._listed(tmp_path / "labels.csv")
    assert [span.start for span in film.ranges] == list(range(8_001))
    assert [line.split(": ")[1][:8] for line in bad] == ["overlaps", "give a l", "overlaps"]


@pytest.mark.parametrize(("make", "message"), [
    (lambda p: os.mkfifo(p / "labels.csv") or p, "is a pipe or a device"),
    (lambda p: p / "missing", "not a folder"),
    (lambda p: p, "has no clips"),
    (lambda p: (p / "labels.csv").write_text("file,label\na,b") and p, "no column start, end"),
    (lambda p: np.save(p / "a.npy", np.zeros((4, 3))) or p, "no folder of clips: 1 lie in it directly"),
    (lambda p: classes(p, "one", clips=1), "1 good clips.*give 2"),
])  # fmt: skip
def test_folders_that_are_none_are_told(tmp_path, make, message):
    with pytest.raises(DataError, match=message):
        user_data.read_folder(make(tmp_path))


def test_bad_clips_are_told_and_left_out(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    np.save(folder / "0.npy", np.zeros((9, 5)))  # the first is the odd one
    for i in range(1, 4):
        np.save(folder / f"{i}.npy", np.random.default_rng(i).normal(size=(9, 4)))
    classes(tmp_path, "b")
    np.save(folder / "5.npy", np.full((9, 4), np.nan))
    np.save(folder / "6.npy", np.zeros((9, 0)))
    np.save(folder / "7.npy", np.zeros(()))
    (folder / "8.npy").write_text("x")
    with (folder / "9.npy").open("wb") as stream:
        np.savez(stream, x=np.zeros((3, 4)))
    (folder / "10.mp4").symlink_to(tmp_path / "gone.mp4")
    good = written(tmp_path / "film.mkv", film(60, (48, 64), seed=3), codec="h264").read_bytes()
    (folder / "11.mkv").write_bytes(good[: len(good) // 2])
    os.mkfifo(folder / "12.mp4")
    np.save(folder / "13.npy", np.array([[{}]]), allow_pickle=True)
    with pytest.warns(UserWarning, match="left out|damaged") as told:
        splits = user_data.read_folder(tmp_path)
    text = [str(w.message) for w in told]
    for name in ("0", "5", "6", "7", "8", "9"):
        assert sum(f"/{name}.npy" in line for line in text) == 1, (name, text)
    for reason in ("10.mp4: No such file", "12.mp4 is a pipe or a device", "13.npy cannot be read"):
        assert any("left out: " in line and reason in line for line in text), reason
    assert any("11.mkv is cut off" in line and "left out" not in line for line in text)
    assert sum(map(len, splits.values())) == 5
    assert {clip.shape for clip in splits["train"]} == {(4,)}


def test_what_was_labelled_can_be_trained_on(tmp_path, gru):
    """A timeline, as a list beside its film; at the rate that was asked for."""
    path = written(tmp_path / "film.mp4", film(450, (32, 48)))
    found = gru.label(path)
    (tmp_path / "labels.csv").write_text(found.csv())
    splits = user_data.read_folder(tmp_path, rate_hz=12.5, mirror=True)
    pieces = splits["train"] + splits["valid"]
    assert sum(map(len, pieces)) == 225
    codec = make_codec(pieces)
    assert (codec.rate_hz, codec.crop, pieces[0].mirrored) == (12.5, "fit", True)
    assert set(codec.vocabulary) == {run.label for run in found.runs}


def test_clips_are_kept_by_the_same_name_in_every_version():
    video = user_data.VideoFile(PurePosixPath("a.mp4"), "wave", (Span("wave", 0.0, 1.5),), "ff")
    assert user_data._line(video) == (
        "Film(path=PurePosixPath('a.mp4'), label='wave', ranges=(Span(label='wave', start=0.0, end=1.5),), digest='ff')\n"
    )


def test_landmarks_are_read_with_what_is_missing(tmp_path):
    classes(tmp_path, "left", "right", clips=3)
    for name, change in (
        ("gap", lambda x: x[2:4].fill(0)),
        ("lost", lambda x: x.fill(np.nan)),
        ("hand", lambda x: x[:, 2].fill(np.nan)),
    ):
        clip = np.ones((9, 4))
        change(clip)
        np.save(tmp_path / "left" / f"{name}.npy", clip)
    np.save(tmp_path / "right" / "wide.npy", np.ones((9, 6)))
    (tmp_path / "landmarks.json").write_text(
        '{"joints": ["hip", "hand"], "axes": 2, "mirrored_labels": {"left": "right"}}'
    )
    with pytest.warns(UserWarning, match="landmarks") as told:
        splits = user_data.read_folder(tmp_path, mirror=True)
    text = [str(w.message) for w in told]
    for file, reason in (
        ("gap", "2 of 9 frames have no landmarks"),
        ("hand", "hand never seen: masked"),
        ("lost", "no landmark is in any of the 9 frames"),
        ("wide", "vectors of 6 numbers, 2 landmarks of 2 axes are 4"),
    ):
        [line] = [line for line in text if f"/{file}.npy" in line]
        assert reason in line
        assert line.startswith("left out: ") == (file in ("lost", "wide"))
    pieces = splits["train"] + splits["valid"]
    assert len(pieces) == 8
    assert {piece.landmarks.joints for piece in pieces} == {("hip", "hand")}
    assert make_codec(pieces).landmarks.same(pieces[0].landmarks)
    (tmp_path / "landmarks.json").write_text(
        '{"joints": ["hip", "hand"], "axes": 2, "mirrored_labels": {"left": "up"}}'
    )
    with (
        pytest.warns(UserWarning, match="landmarks"),
        pytest.raises(DataError, match=r"landmarks\.json: mirrored_labels has up, which no"),
    ):
        user_data.read_folder(tmp_path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_lists_that_are_no_files_are_refused(tmp_path, make):
    make(tmp_path / "labels.csv")
    with pytest.raises(DataError, match=r"labels\.csv .*a pipe or a device"):
        user_data.read_folder(tmp_path)
