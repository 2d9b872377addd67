"""Whatever a label is, a line of output stays one line, a cell a text, and a terminal has nothing to obey."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.core.escaping import caption, cell, escaped, from_cell, on_screen, to_json, unescaped

CONTROLS = "\x00\x07\x08\x0b\x0c\r\x1b\x1c\x7f\x85\x9b\u2028\u2029\u202e\u2066\u061c\u200e\u200f\ufeff\ud800"
ODD = st.text(st.sampled_from(f"=+-@'\"<>{{}}\\x0a1, ;\u200b\n\t＝é{CONTROLS}"), max_size=12)


@pytest.mark.parametrize("sign", CONTROLS)
def test_no_control_character_is_left(sign):
    text = f"a{sign}b"
    for found in (escaped(text), on_screen(text), cell(text), caption(text), to_json(text)):
        assert sign not in found
        found.encode("utf-8")
    assert len(escaped(f"{text}\n\t").splitlines()) == 1
    assert on_screen("a\n\tb") == "a\n\tb"


@settings(max_examples=200)
@given(ODD)
def test_what_is_written_comes_back(text):
    assert unescaped(escaped(text)) == text
    assert from_cell(cell(text)) == text
    assert json.loads(to_json({text: [text, 1.5]})) == {text: [text, 1.5]}
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow((cell(text), 0.5))
    assert stream.getvalue().count("\n") == 1
    assert next(csv.reader(stream.getvalue().splitlines())) == [cell(text), "0.5"]


@pytest.mark.parametrize("text", [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "'=1", "''-2", "\u200b=1", "\u2060=1", "\xad@a",
    "\ufeff=1", "﹦1", "－1", "﹣1", "＋1", "⁺1", "\u3164=1", '"=1', "\u0301=1"])  # fmt: skip
def test_no_cell_is_a_formula(text):
    assert cell(text)[0] in "'\\"
    assert not cell(text).lstrip("'").startswith(("\t", "\r", "\n"))
    assert from_cell(cell(text)) == text


@pytest.mark.parametrize("text", ["up", "1.5", "it's", "'quoted'", "a=b", "C:\\new\\up", "a-b", "héé 🎵"])
def test_plain_texts_are_as_they_are(text):
    assert escaped(text) == on_screen(text) == cell(text) == caption(text) == text
    assert from_cell(text) == text


@pytest.mark.parametrize("text", ["a;=1+1", "a; =1;-2", "a;'=1", 'a;"=1"', "\\;=1", "a\\x3b=1", ";=1"])
def test_a_cell_that_is_divided_is_no_formula(text):
    """A semicolon divides cells where numbers are written with a comma."""
    assert ";" not in cell(text)
    assert from_cell(cell(text)) == text
    assert cell("a;b; c") == "a;b; c"


def test_captions_are_a_line_without_tags():
    assert caption("1\n\n2\n00:00:00,000 --> 00:00:01,000\n<i>{\\an8}x") == (
        "1\\x0a\\x0a2\\x0a00:00:00,000 --› 00:00:01,000\\x0a‹i›｛\\an8｝x"
    )
    assert caption("") == caption(" \u00a0") == "(blank)"
