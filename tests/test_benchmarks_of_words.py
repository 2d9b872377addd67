"""The benchmark of Penn Treebank: its words, a run that goes on, its table."""

import importlib
import json
import math
from dataclasses import replace

import pytest

from tests.training.runs import FEW_STEPS
from zoo.core import datasets
from zoo.tasks.text.codec import make_codec
from zoo.tasks.text.pieces import as_text

words = importlib.import_module("bench_words")
TEXT = " the cat sees the <unk> \n the dog sees N cats \n"
TEXTS = {"train": TEXT * 40, "valid": TEXT * 5, "test": TEXT * 3}
TOKENS = {split: 12 * len(text) // len(TEXT) for split, text in TEXTS.items()}


def test_the_words_are_those_that_are_published(data):
    texts = datasets.load(words.dataset())
    codec = make_codec([as_text(texts["train"])], unit="word", vocabulary_size=2 * words.WORDS, tokenized=True)
    assert codec.classes == words.WORDS
    found = words.pieces(texts, codec)
    assert {len(piece) for piece in found["chosen by"]} == {words.PIECE, words.TOKENS["valid"] % words.PIECE}
    for split in ("valid", "test"):
        assert (codec.tokens(found[split][0]) == 0).sum() == texts[split].split().count("<unk>")


def test_another_version_of_the_data_is_refused():
    codec = make_codec([as_text(TEXT)], unit="word", tokenized=True)
    with pytest.raises(SystemExit, match="12 tokens|480"):
        words.pieces(TEXTS, codec)


@FEW_STEPS
@pytest.mark.slow
def test_a_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(words, "TOKENS", TOKENS)
    small = replace(words.recipe(), units=8, embedding=6, epochs=1, batch=4, window=5, warmup=2, learning_rate=0.05)
    first = words.trained(TEXTS, small, tmp_path, ("valid",))
    more = words.trained(TEXTS, replace(small, epochs=3), tmp_path, ("valid", "test"))
    assert (first["epochs"], more["epochs"]) == (1, 3)
    assert more["valid"] < first["valid"] < math.inf
    assert words.trained(TEXTS, replace(small, epochs=3), tmp_path, ("valid", "test")) == more
    monkeypatch.setattr(words, "RESULTS", tmp_path / "words.json")
    shown = words.table(words.write(more, small))
    assert shown == words.table(json.loads((tmp_path / "words.json").read_text()))
    assert f"{more['test']:.1f}" in shown


def test_the_recorded_perplexity_is_reached():
    if words.RESULTS.exists():
        found = json.loads(words.RESULTS.read_text())
        assert found["row"]["test"] <= 100
        assert found["row"]["minutes"] <= 180
        assert found["recipe"] == words.recipe().to_dict()
