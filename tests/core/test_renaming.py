import warnings

import pytest

from zoo.core.renaming import earlier, renamed
from zoo.errors import ArgumentError
from zoo.tasks.speech.model import Recognizer
from zoo.tasks.speech.transcript import Transcript
from zoo.tasks.video.model import Labeler
from zoo.tasks.video.timeline import Timeline


@renamed(colour="color", weight="mass")
def paint(color="red", mass=1):
    return color, mass


def test_earlier_names_warn_once_each():
    with pytest.warns(FutureWarning) as caught:
        assert paint(colour="blue", weight=2) == ("blue", 2)
    assert [str(one.message).partition(";")[0] for one in caught] == [
        "paint(): colour= is now color=", "paint(): weight= is now mass=",
    ]  # fmt: skip
    assert {one.filename for one in caught} == {__file__}


def test_names_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert paint("green", mass=3) == ("green", 3)


def test_both_names_are_refused():
    with pytest.raises(ArgumentError, match="color="):
        paint(color="blue", colour="red")


def test_methods_have_their_earlier_names_too():
    class Radio:
        old = earlier("old", "new")

        def new(self, station, volume=1):
            return station, volume

    with pytest.warns(FutureWarning, match=r"old\(\) is now new\(\)") as caught:
        assert Radio().old("FM", volume=2) == ("FM", 2)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("kind", "name", "present"),
    [
        (Recognizer, "hear", "logits"),
        (Labeler, "see", "logits"),
        (Transcript, "told", "to_text"),
        (Timeline, "told", "to_text"),
    ],
)
def test_methods_that_were_renamed(kind, name, present, monkeypatch):
    monkeypatch.setattr(kind, present, lambda _self, *args: args)
    with pytest.warns(FutureWarning, match=present):
        assert getattr(kind, name)(object.__new__(kind), 1, 2) == (1, 2)
