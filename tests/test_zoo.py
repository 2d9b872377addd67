"""The package itself: its version, and the names that are imported when they are first asked for."""

import re

import pytest

import zoo
from tests.conftest import ROOT
from zoo.tasks.music import score

LAZY = ("HOLD", "REST", "Score", "gradient_flow")


def test_names_that_need_numpy_are_not_there_before_they_are_asked_for():
    """A name that is in the module already would have been imported with it."""
    assert not {*LAZY} & {*vars(zoo)}
    assert (zoo.HOLD, zoo.REST, zoo.Score) == (score.HOLD, score.REST, score.Score)
    assert zoo.Score([[60], [zoo.HOLD], [zoo.REST]]).sounding().tolist() == [[60], [60], [-1]]


def test_completion_offers_every_public_name():
    assert {*zoo.__all__} <= {*dir(zoo)}
    assert {"__version__", "load"} <= {*dir(zoo)}


@pytest.mark.parametrize("name", ["lode", "score", "hold", "__wrapped__"])
def test_other_names_are_refused(name):
    with pytest.raises(AttributeError, match=f"^module 'zoo' has no attribute '{name}'$"):
        getattr(zoo, name)


def test_version_is_that_of_the_project():
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert zoo.__version__ == declared[1]
