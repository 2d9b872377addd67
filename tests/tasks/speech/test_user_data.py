import os
import re

import pytest

from tests.media.sounds import encoded, sound, written
from tests.tasks.speech.recognizers import own_folder
from zoo.errors import DataError
from zoo.media import RATE_HZ
from zoo.tasks.speech import codec as speech_codec
from zoo.tasks.speech import user_data
from zoo.tasks.speech.recordings import Recording


def test_own_recordings_and_their_bad_rows(tmp_path):
    good = [f"{i}.wav\tyes, no {'ab'[i % 2]}\tspeaker{(i + 3) // 5}" for i in range(12)]
    bad = [
        "only one column",
        "gone.wav\tyes",
        "0.wav\tyes",
        "1.wav\t...",
        "short.wav\tmuch too long for it",
        "broken.wav\tno",
        "a\tb\tc\td",
    ]
    folder = own_folder(tmp_path / "own", ["file\ttext\tspeaker", *good, *bad])
    for _ in range(2):  # the second time from the cache
        with pytest.warns(UserWarning, match="left out") as told:
            splits = user_data.read_folder(folder)
        lines = "\n".join(str(one.message) for one in told)
        for number, reason in zip(
            range(14, 21),
            (
                "1 columns",
                "does not exist",
                "listed before",
                "listed before|no text",
                "too short",
                "cannot be read as a sound file",
                "4 columns",
            ),
            strict=True,
        ):
            assert any(
                f"{user_data.LIST}:{number}: " in line and any(r in line for r in reason.split("|"))
                for line in lines.splitlines()
            ), reason
    assert [p.text for p in splits["train"]][:2] == ["YES NO A", "YES NO B"]
    assert {p.speaker for p in splits["valid"]} == {"speaker0"}
    assert {p.speaker for p in splits["train"]} == {"speaker1", "speaker2"}
    codec = speech_codec.make_codec(splits["train"] + splits["valid"])
    assert codec.vocabulary == " ABENOSY"


def test_librispeech_layout(tmp_path):
    for speaker in ("84", "174"):
        folder = tmp_path / speaker / "1"
        folder.mkdir(parents=True)
        for i in range(2):
            written(folder / f"{speaker}-1-000{i}.flac", sound(1.0, seed=i))
        (folder / f"{speaker}-1.trans.txt").write_text(f"{speaker}-1-0000 GO ON\n{speaker}-1-0001 STOP\n")
    splits = user_data.read_folder(tmp_path)
    assert [(p.speaker, p.text) for p in splits["train"]] == [("174", "STOP"), ("84", "GO ON"), ("84", "STOP")]
    assert [(p.speaker, p.text) for p in splits["valid"]] == [("174", "GO ON")]


def test_files_of_any_kind_and_damage_are_told_by_their_rows(tmp_path):
    """What cannot be read is left out; of what is cut off the rest counts."""
    rows = [f"{i}.wav\tyes" for i in range(3)] + ["4.m4a\tyes", "5.mp4\tyes", "cut.wav\tyes", "pipe.wav\tno", "empty.mp3\tno", "rate.aiff\tno", "zero.wav\tno"]  # fmt: skip
    folder = own_folder(tmp_path / "own", rows)
    for name in ("4.m4a", "5.mp4"):
        encoded(folder / name, "aac", 1.0)
    data = (folder / "3.wav").read_bytes()
    (folder / "cut.wav").write_bytes(data[: len(data) // 2])
    os.mkfifo(folder / "pipe.wav")
    (folder / "zero.wav").symlink_to("/dev/zero")
    (folder / "empty.mp3").touch()
    aiff = bytearray(written(folder / "rate.aiff", sound()).read_bytes())
    at = aiff.index(b"COMM") + 16
    aiff[at : at + 10] = b"\x7f\xff" + b"\xff" * 8
    (folder / "rate.aiff").write_bytes(aiff)
    for _ in range(2):  # the second time from the cache
        with pytest.warns(UserWarning, match="left out") as told:
            splits = user_data.read_folder(folder)
        lines = "\n".join(str(one.message) for one in told)
        assert sorted(one.name for found in splits.values() for one in found) == [
            "0.wav",
            "1.wav",
            "2.wav",
            "4.m4a",
            "5.mp4",
            "cut.wav",
        ]
        for number, reason in (
            (7, "no regular file"),
            (8, "empty.mp3 is empty"),
            (9, "rate.aiff cannot be read as a sound"),
            (10, "no regular"),
        ):
            assert re.search(rf"left out: .*{user_data.LIST}:{number}: .*{reason}", lines), reason
        assert re.search(
            rf"^{folder}/{user_data.LIST}:6: .*cut.wav is cut off: .* 0.5 s are missing$", lines, re.MULTILINE
        )
    m4a = next(one for found in splits.values() for one in found if one.name == "4.m4a")
    assert len(m4a.wave) == pytest.approx(RATE_HZ, abs=2000)


@pytest.mark.parametrize(("counts", "held"), [
    ({"a": 990, "b": 10}, {"b"}), ({"a": 40, "b": 8, "c": 7, "d": 60}, {"c", "b"}), ({"": 99, "a": 1}, None), ({"a": 5, "b": 5}, None), ({"a": 30}, None),
])  # fmt: skip
def test_validation_is_a_tenth_or_somewhat_more(counts, held):
    good = [Recording(None, "A", speaker) for speaker, count in counts.items() for _ in range(count)]
    splits = user_data._divided(good)
    assert 0 < len(splits["valid"]) <= 0.25 * len(good)
    if held:
        assert {one.speaker for one in splits["valid"]} == held
        assert not held & {one.speaker for one in splits["train"]}


def test_folders_without_recordings_are_told(tmp_path):
    for folder, message in ((tmp_path / "none", "not a folder"), (tmp_path, "has no transcripts.tsv")):
        with pytest.raises(DataError, match=message):
            user_data.read_folder(folder)
    (tmp_path / user_data.LIST).write_text("a.wav\tyes\n")
    with (
        pytest.warns(UserWarning, match="a.wav does not exist"),
        pytest.raises(DataError, match="0 good recordings, 1 bad"),
    ):
        user_data.read_folder(tmp_path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_lists_that_are_no_files_are_refused(tmp_path, make):
    make(tmp_path / "transcripts.tsv")
    with pytest.raises(DataError, match=r"transcripts\.tsv .*a pipe or a device"):
        user_data.read_folder(tmp_path)
