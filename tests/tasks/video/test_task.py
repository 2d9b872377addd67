from dataclasses import fields

import pytest

import zoo
from tests.tasks.video.labelers import classes
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.media import crops
from zoo.tasks.video import codec, user_data
from zoo.tasks.video.codec import make_codec
from zoo.tasks.video.task import ONWARD, VideoSettings


def test_one_class_is_nothing_to_learn(tmp_path, gru):
    pieces = user_data.read_folder(classes(tmp_path, "one"))["train"]
    with pytest.raises(DataError, match="of the class one: give clips of two"):
        make_codec(pieces)
    with pytest.raises(CodecError, match="of the class one: give clips of two"):
        gru.codec.extended(pieces)


def test_settings_of_reading_are_for_own_clips(tmp_path):
    with pytest.raises(ArgumentError, match="needs --data"):
        zoo.train("gru_video", tmp_path / "a", height=32, verbose=False)


def test_numbers_and_words_are_those_of_the_modules():
    """`task.py` imports nothing heavy, so it has copies."""
    [crop] = [field for field in fields(VideoSettings) if field.name == "crop"]
    assert crop.metadata["choices"] == codec.CROPS == tuple(crops.CROPS)
    assert f"{codec.DELAY} frames ({1000 * codec.DELAY / codec.RATE_HZ:.0f} ms)" in ONWARD
