"""What tasks add to the command line, and a start of TensorFlow without its notices."""

import importlib
import os
import sys

import pytest

from zoo.cli import startup
from zoo.errors import PluginError


@pytest.fixture
def tasks(monkeypatch):
    """Three tasks by name, of which the one in the middle fails with an error that a test may choose."""
    rows = {"first": lambda: [1, 2], "failing": None, "last": list}
    monkeypatch.setattr(startup, "names", lambda: [*rows])
    monkeypatch.setattr(startup, "find", rows.__getitem__)
    return rows


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PluginError("the entry point failing = x:y of z cannot be loaded"), "(the entry point failing = x:y of z"),
        (ZeroDivisionError("by zero"), "(ZeroDivisionError: by zero)"),
        (SystemExit(3), "(SystemExit: 3)"),
        (ModuleNotFoundError("No module named 'x'"), "(ModuleNotFoundError: No module named 'x')"),
    ],
)
def test_a_task_that_fails_is_left_out_with_a_warning(tasks, error, reason, capsys):
    def fail():
        raise error

    tasks["failing"] = fail
    assert startup.of_tasks(lambda rows: rows, int) == {"first": [1, 2], "last": []}
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: the task failing is left out of the command line (")
    assert reason in line


def test_the_user_can_interrupt(tasks):
    def interrupted():
        raise KeyboardInterrupt

    tasks["failing"] = interrupted
    with pytest.raises(KeyboardInterrupt):
        startup.of_tasks(lambda rows: rows, int)


@pytest.fixture
def importing(monkeypatch):
    """Names of the modules that are imported; to import TensorFlow writes a notice past `sys.stderr`."""
    asked = []

    def notice(name):
        asked.append(name)
        os.write(2, b"a notice of the library\n")
        raise ImportError(name)

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setattr(importlib, "import_module", notice)
    return asked


def test_notices_of_tensorflow_are_not_shown_and_later_ones_are(importing, capfd):
    """The command that needs TensorFlow reports that it is not installed."""
    startup.import_tensorflow()
    os.write(2, b"later\n")
    assert importing == ["tensorflow"]
    assert capfd.readouterr().err == "later\n"


@pytest.mark.parametrize("case", ["another backend", "imported before", "no standard error"])
def test_tensorflow_is_not_imported_where_that_makes_no_sense(importing, monkeypatch, case):
    if case == "another backend":
        monkeypatch.setenv("KERAS_BACKEND", "jax")
    elif case == "imported before":
        monkeypatch.setitem(sys.modules, "tensorflow", object())
    else:
        monkeypatch.setattr(sys, "stderr", None)
    startup.import_tensorflow()
    assert importing == []


@pytest.mark.parametrize(
    ("added", "reason"), [(None, "TypeError"), (["two"], "'two' is no click.int"), (3, "TypeError")]
)
def test_a_task_that_adds_something_else_is_left_out(tasks, added, reason, capsys):
    tasks["failing"] = lambda: added
    assert startup.of_tasks(lambda rows: rows, int) == {"first": [1, 2], "last": []}
    assert reason in capsys.readouterr().err
