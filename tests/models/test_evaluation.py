"""Evaluation on files of one's own: files that do not fit are named, the others are measured."""

import warnings

import numpy as np
import pytest

from tests.conftest import RECIPE
from zoo.core.card import Card
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.models.model import make
from zoo.tasks.music.codec import MusicCodec
from zoo.tasks.music.score import Score
from zoo.tasks.music.task import MusicSettings
from zoo.tasks.text.codec import TextCodec, TextInfillCodec, make_codec
from zoo.tasks.text.pieces import as_text
from zoo.tasks.text.task import RECIPE as TEXT
from zoo.tasks.text.task import TextSettings


class Even:
    """A network that holds every class for equally likely."""

    name, concurrent = "NumPy", True
    loop_threshold = chunk = batch = steps = None

    def __init__(self, classes):
        self.classes = classes

    def initial_state(self, batch):
        return []

    def step(self, x, state):
        return np.zeros((*x.shape[:2], self.classes), np.float32), list(state)


def model(codec, task="text", recipe=TEXT):
    return make(Card(f"even_{task}", "lstm", task, recipe), codec, Even(codec.classes))


@pytest.fixture
def texts(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"abba\r\n" * 20)
    (tmp_path / "b.txt").write_bytes("abé\n".encode("latin-1") * 20)
    (tmp_path / "c.txt").write_text("abx!\n" * 20)
    return tmp_path


def told(measure):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        metrics = measure()
    return metrics, [str(one.message) for one in found]


def test_files_that_do_not_fit_are_named_and_counted(texts):
    metrics, lines = told(lambda: model(TextCodec("ab\n")).evaluate(data=texts, progress=False))
    assert metrics["tokens"] == 100
    assert metrics["nats_per_character"] == pytest.approx(np.log(3))
    assert [line.split(": ")[0] for line in lines[:2]] == ["left out", "left out"]
    assert "b.txt is no UTF-8 text" in lines[0]
    assert "c.txt does not fit even_text" in lines[1]
    assert "'!', 'x'; replace" in lines[1]
    assert lines[2:] == ["1 file left out that do not fit even_text: 2 of 4 pieces are measured"]


@pytest.mark.parametrize("codec", [TextCodec("ab\n"), TextInfillCodec("ab\n")])
def test_options_make_files_fit(texts, codec):
    metrics, lines = told(lambda: model(codec).evaluate(data=texts, progress=False, encoding="latin-1", replace="a"))
    assert metrics["tokens"] == 100 + 80 + 100
    assert lines == []


def test_the_encoding_of_the_training_is_not_that_of_other_files(texts):
    """A model that was trained on Latin-1 is measured on UTF-8, unless Latin-1 is asked for again."""
    from dataclasses import replace

    recipe = replace(TEXT, settings=TextSettings(encoding="latin-1"))
    _, lines = told(lambda: model(TextCodec("ab\n"), recipe=recipe).evaluate(data=texts, progress=False))
    assert "b.txt is no UTF-8 text" in lines[0]


def test_scores_are_transposed_if_that_is_asked_for(tmp_path):
    for name, pitch in (("a", 52), ("b", 90), ("c", 53)):
        Score([[pitch], [pitch + 1]] * 8).save(tmp_path / f"{name}.mid")
    even = model(MusicCodec(voices=1, low=50, high=60), "music", RECIPE)
    assert isinstance(RECIPE.settings, MusicSettings)
    metrics, lines = told(lambda: even.evaluate(data=tmp_path, progress=False))
    assert metrics["tokens"] == 32
    assert "b.mid does not fit even_music: its pitches are 90 to 91" in lines[0]
    metrics, lines = told(lambda: even.evaluate(data=tmp_path, progress=False, transpose=True))
    assert (metrics["tokens"], lines) == (48, [])


@pytest.mark.filterwarnings("ignore:left out")
def test_wrong_options_are_refused(texts):
    even = model(TextCodec("ab\n"))
    for options, message in (
        ({"transpose": True}, "no option 'transpose': it has encoding, replace"),
        ({"replace": "z"}, "replace='z'"),
        ({"encoding": "no"}, "encoding='no'"),
    ):
        with pytest.raises(ArgumentError, match=message):
            even.evaluate(data=texts, progress=False, **options)
    with pytest.raises(ArgumentError, match="replace: options for files of yours"):
        even.evaluate(progress=False, replace="a")
    with pytest.raises(DataError, match="does not exist"):
        even.evaluate(data=texts / "no", progress=False)
    (texts / "a.txt").unlink()
    with pytest.raises(CodecError, match="no file fits even_text"), pytest.warns(UserWarning, match="left out"):
        even.evaluate(data=texts, progress=False)


@pytest.mark.parametrize("unit", ["word", "subword"])
def test_words_are_measured_by_perplexity_and_by_characters_where_none_is_unknown(unit, texts):
    codec = make_codec([as_text("abba abba\n" * 3)], unit=unit, vocabulary_size=260)
    nats, [a, c] = np.log(codec.classes), ("abba\n" * 20, "abx!\n" * 20)
    found = model(codec).measure([a, a])
    assert found["perplexity"] == found["stateful_perplexity"] == pytest.approx(codec.classes)
    assert found[f"stateful_nats_per_{unit}"] == pytest.approx(nats)
    assert found["tokens"] == 2 * len(codec.tokens(a))
    assert found["stateful_nats_per_character"] == pytest.approx(nats * len(codec.tokens(a)) / len(a))
    assert ("stateful_nats_per_character" in model(codec).measure([a, c])) == (unit == "subword")
    assert "nats_per_character" not in found
    hidden = model(codec.for_direction(True)).measure([a])
    assert hidden["hidden_50_perplexity"] == pytest.approx(codec.classes)
    (texts / "b.txt").unlink()
    metrics, lines = told(lambda: model(codec).evaluate(data=texts, progress=False))
    assert (metrics["perplexity"], lines) == (pytest.approx(codec.classes), [])
