from dataclasses import replace

import pytest

import zoo
from tests.tasks.caption.captioners import RECIPE
from zoo.core.architectures import ARCHITECTURES
from zoo.core.recipe import adjusted
from zoo.errors import ArgumentError
from zoo.tasks.caption.task import TASK

MOST = 1_250_000  # parameters: 2.5 MB as float16


@pytest.mark.parametrize(("settings", "message"), [
    ({"window": 8}, "window, carry"), ({"carry": True, "window": 8}, "window, carry"), ({"vocabulary": 259}, "at least 300"),
])  # fmt: skip
def test_settings_that_are_refused(settings, message):
    with pytest.raises(ArgumentError, match=message):
        TASK.check(adjusted(RECIPE, settings), ARCHITECTURES["gru"])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_recipes_go_with_the_task(architecture):
    recipe = TASK.recipe(architecture)
    TASK.check(recipe, ARCHITECTURES[architecture])
    assert replace(recipe, seed=1).settings.filters == 16
    assert zoo.build(f"{architecture}_caption").count_params() < MOST
