import base64
import sys

import numpy as np
import pytest

import zoo
from zoo.core import display
from zoo.models.generation import Surprisal


def test_plots_are_displayed(monkeypatch):
    one = Surprisal("abc", np.array([1.0, 2.0, 0.5], np.float32))
    assert one._repr_png_().startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert one._repr_png_() is None


def test_scores_are_seen_and_heard():
    found = zoo.Score([[72], [zoo.HOLD], [74], [zoo.HOLD]])._repr_html_()
    image, sound = (part.partition("base64,")[2].partition('"')[0] for part in found.split("<br>"))
    assert base64.b64decode(image).startswith(b"\x89PNG")
    assert base64.b64decode(sound)[:2] in (b"ID", b"\xff\xfb", b"\xff\xf3")
    assert len(sound) < 60_000
    assert "<audio" not in zoo.Score(np.zeros((0, 4), int))._repr_html_()


@pytest.mark.parametrize("shown", [zoo.info("lstm_music"), zoo.list_models("*_music", pretrained=True)])
def test_cards_and_lists_are_tables(shown):
    found = shown._repr_html_()
    assert found.startswith("<table")
    assert "lstm_music" in found
    assert "&" not in found.replace("&lt;", "").replace("&amp;", "").replace("&quot;", "").replace(
        "&#x27;", ""
    ).replace("&gt;", "")


def test_text_is_escaped():
    class Result(display.Printed):
        def __str__(self):
            return "<b> & more"

    assert Result()._repr_html_() == "<pre>&lt;b&gt; &amp; more</pre>"
    assert display.table({"<a>": "<b>"}) == "<table><tr><th>&lt;a&gt;</th><td>&lt;b&gt;</td></tr></table>"
