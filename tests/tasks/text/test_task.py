"""The settings of text models, and the options of evaluating them."""

import json
from dataclasses import replace

import pytest

from zoo.core.architectures import ARCHITECTURES
from zoo.core.recipe import adjusted, from_dict
from zoo.errors import ArgumentError
from zoo.tasks.text.task import RECIPE, TASK, TextSettings


def test_an_encoding_is_about_the_files():
    assert TASK.reading == ["encoding"] == [*TASK.of_files]
    assert [*TASK.evaluation] == ["encoding", "replace"]
    assert TASK.fixed == []
    assert adjusted(RECIPE, {"encoding": "cp1252"}).settings == TextSettings(encoding="cp1252")


@pytest.mark.parametrize("encoding", ["", "cp1252"])
def test_cards_with_and_without_an_encoding_are_read(encoding):
    recipe = replace(RECIPE, settings=TextSettings(encoding=encoding))
    values = json.loads(json.dumps(recipe.to_dict()))
    assert from_dict(values, TextSettings) == recipe
    del values["encoding"]
    assert from_dict(values, TextSettings) == RECIPE


def test_cards_before_there_were_words_are_of_characters():
    values = RECIPE.to_dict()
    for name in TASK.of_codec:
        del values[name]
    found = from_dict(values, TextSettings)
    assert found == RECIPE
    assert TASK.is_usual(found)
    assert not TASK.is_usual(adjusted(RECIPE, {"unit": "WORD"}))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tokenized": True}, "tokenized=true is for unit=word, this is unit=character"),
        ({"tokenized": True, "unit": "subword"}, "this is unit=subword"),
        ({"unit": "subword", "vocabulary_size": 255}, "the first 256 subwords are bytes"),
        ({"unit": "sentence"}, "character, word, subword"),
        ({"vocabulary_size": 4}, "at least 5"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(changes, reason):
    with pytest.raises(ArgumentError, match=reason):
        TASK.check(adjusted(RECIPE, changes), ARCHITECTURES["lstm"])
