from dataclasses import replace

import pytest

from tests.tasks.translation.translators import RECIPE
from zoo.core.architectures import ARCHITECTURES
from zoo.core.recipe import adjusted
from zoo.core.validation import MOST_SYMBOLS
from zoo.errors import ArgumentError
from zoo.tasks.translation.task import TASK


@pytest.mark.parametrize(("settings", "message"), [
    ({"window": 8}, "window, carry"), ({"carry": True, "window": 8}, "window, carry"),
    ({"vocabulary": 259}, "at least 300"), ({"vocabulary": MOST_SYMBOLS + 1}, f"at most {MOST_SYMBOLS}"),
    ({"subword_dropout": 1}, "at most 0.9"),
])  # fmt: skip
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ArgumentError, match=message):
        TASK.check(adjusted(RECIPE, settings), ARCHITECTURES["gru"])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_recipes_go_with_the_task(architecture):
    recipe = TASK.recipe(architecture)
    TASK.check(recipe, ARCHITECTURES[architecture])
    assert replace(recipe, seed=1).settings.vocabulary == 6000
