"""What a command of a task gets, and the files that it writes pieces to."""

import inspect
from pathlib import Path

import pytest

import zoo
from zoo.cli.loading import CommandSession
from zoo.core.session import OutputFiles, Plottable, Renderable, Savable, Session


@pytest.mark.parametrize(
    ("files", "any_file"),
    [({}, False), ({"out": Path("a")}, True), ({"plot": Path("a")}, True), ({"wav": Path("a")}, True)],
)
def test_files_are_true_if_there_is_one(files, any_file):
    assert bool(OutputFiles(**files)) is any_file


class Saved:
    def save(self, path):
        return path


@pytest.mark.parametrize(
    ("piece", "kinds"), [(zoo.Score([[60]]), {Savable, Plottable, Renderable}), (Saved(), {Savable}), ("text", set())]
)
def test_what_can_be_written_follows_from_the_methods(piece, kinds):
    assert {kind for kind in (Savable, Plottable, Renderable) if isinstance(piece, kind)} == kinds


METHODS = [name for name in vars(Session) if not name.startswith("_")]


@pytest.mark.parametrize("name", METHODS)
def test_the_command_line_keeps_the_contract(name):
    """Commands of other packages call these methods with these arguments."""
    promised, kept = (inspect.signature(getattr(one, name)).parameters.values() for one in (Session, CommandSession))
    assert [(p.name, p.kind, p.default) for p in kept] == [(p.name, p.kind, p.default) for p in promised]


def test_the_contract_is_not_empty():
    assert {"open", "open_model", "open_network", "is_model", "check_outputs", "write"} <= {*METHODS}
