import sys

import numpy as np
import pytest

import zoo
from tests.fuzz.documents import small_preset
from tests.tasks.translation.translators import SENTENCES, tiny
from zoo.errors import ArgumentError, CodecError, MissingExtra
from zoo.tasks.translation import model as models
from zoo.tasks.translation.model import scores, signatures
from zoo.tasks.translation.pairs import Pair
from zoo.tasks.translation.result import Translation


def test_what_is_returned_follows_what_is_given():
    model = tiny()
    assert isinstance(model.translate("the cat"), Translation)
    assert isinstance(model.translate("the cat", n=2)[1], Translation)
    assert [len(rows) for rows in model.translate(SENTENCES[:2], n=3)] == [3, 3]
    assert model.translate([]) == []
    first, second = model.translate("the cat", n=2)
    assert first.score >= second.score
    assert str(first) == first.text
    assert first == model.translate("the  cat\n")


def test_what_a_translation_says():
    found = tiny().translate("the cat at", beam_width=2)
    assert found.source_tokens == ("the", " cat", " ", "at", "<end>")
    assert found.alignment.shape == (len(found.tokens), len(found.source_tokens))
    np.testing.assert_allclose(found.alignment.sum(-1), 1, atol=1e-5)
    length = len(found.tokens) + (not found.complete)
    assert np.exp(found.score * ((5 + length) / 6)) == pytest.approx(found.probability)
    assert (found.tokens[-1] == "<end>") == found.complete


def test_a_translation_that_does_not_end_is_cut():
    found = tiny(ending=-50.0).translate("a")
    assert not found.complete
    assert len(found.tokens) == 14


@pytest.mark.parametrize("text", ["", None, 5, b"a", ["a", ""], [["a"]], {"a": 1}, "a\0", "\ud800", "a" * 1001])
def test_what_is_no_sentence_is_refused(text):
    with pytest.raises(CodecError):
        tiny().translate(text)


def test_metrics_count_each_sentence_once():
    model, pieces = tiny(), [Pair("the cat", "a"), Pair("the cat", "b"), Pair("a", "c")]
    own = [str(model.translate(text)) for text in ("the cat", "a")]
    found = model.measure([*pieces, Pair("the cat", own[0])])
    assert list(found) == ["bleu", "chrf", "nats_per_token", "tokens"]
    assert found["tokens"] == sum(map(len, pieces)) + max(7, len(own[0]))
    assert found["chrf"] == pytest.approx(scores(own, [["a", "b", own[0]], ["c"]])["chrf"])
    with pytest.raises(ArgumentError, match="no pairs"):
        model.measure([])


def test_scores():
    assert scores(["Le chat est là ."], [["x", "Le chat est là ."]]) == {
        "bleu": pytest.approx(100),
        "chrf": pytest.approx(100),
    }
    assert set(signatures()) == {"bleu", "chrf"}
    assert "tok:13a" in signatures()["bleu"]
    assert models.scores([""], [["a"]])["bleu"] == 0


def test_models_are_used_without_what_trains_them(tmp_path, monkeypatch):
    folder = small_preset(tmp_path / "p", "gru", "translation")
    for name in ("tokenizers", "sacrebleu"):
        monkeypatch.setitem(sys.modules, name, None)
    model = zoo.load(folder, engine="keras")
    assert model.translate("the cat").source == "the cat"
    with pytest.raises(MissingExtra, match=r"needs sacreBLEU: pip install 'rnn-zoo\[translation\]'"):
        model.measure([Pair("the cat", "le chat")])
