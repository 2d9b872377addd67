import pytest

from zoo.errors import DataError
from zoo.tasks.keyword import layout
from zoo.tasks.keyword.clips import SILENCE, UNKNOWN
from zoo.tasks.keyword.layout import COMMANDS, held, placed


def test_speakers_are_divided_by_the_published_rule():
    """As the lists of Speech Commands have them: no speaker of the test set's training part is in the list of validation."""
    share = sum(held(f"{i:08x}") for i in range(2000)) / 2000
    assert 0.08 < share < 0.12
    names = [f"{word}/{i:08x}_nohash_{k}.wav" for word in ("on", "off") for i in range(60) for k in range(2)]
    found = placed([*names, "_silence_/a.wav"], {})
    for name in names:
        assert (found[name].split == "valid") == held(layout.speaker_of(name))
        assert found[name].word == name.partition("/")[0]
    assert found["_silence_/a.wav"].split == "train"


def test_clips_of_unknown_speakers_are_divided_by_file():
    found = placed([f"{word}/{i:02}.wav" for word in ("on", "off") for i in range(12)], {})
    valid = [name for name, place in found.items() if place.split == "valid"]
    assert valid == [f"{word}/{i:02}.wav" for word in ("off", "on") for i in (0, 10)]
    with pytest.raises(DataError, match="give two of each word"):
        placed(["on/a.wav", "off/a.wav"], {})


def test_lists_tell_the_splits():
    names = [f"{word}/{i}.wav" for word in ("on", "off", "cat") for i in range(5)]
    found = placed(names, {"valid": ["on/1.wav", ""], "test": ["cat/4.wav"]})
    assert [place.split for place in found.values()].count("train") == 13
    assert (found["on/1.wav"], found["cat/4.wav"]) == (("valid", "on"), ("test", "cat"))


def test_the_published_protocol_has_as_many_unknown_words_as_of_a_command():
    names = [f"{word}/{i}.wav" for word in (*COMMANDS, "cat", "dog") for i in range(20)]
    lists = {"valid": [name for name in names if name.endswith(("/1.wav", "/2.wav"))], "test": ["cat/5.wav"]}
    found = placed(names, lists)
    counts = {(split, word): [tuple(p) for p in found.values()].count((split, word)) for split in ("train", "valid")
              for word in ("yes", UNKNOWN, SILENCE)}  # fmt: skip
    assert counts["train", UNKNOWN] == counts["train", "yes"] == 18
    assert counts["valid", UNKNOWN] == counts["valid", "yes"] == 2
    assert layout.per_word(found, "train") == 18
    assert found == placed(names, lists)
