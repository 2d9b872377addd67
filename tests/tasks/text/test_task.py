"""The settings of text models, and the options of evaluating them."""

import json
from dataclasses import replace

import pytest

from zoo.core.recipe import adjusted, from_dict
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
