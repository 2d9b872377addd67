"""What commands share before a model is opened: what tasks add to them, and a quiet start of TensorFlow."""

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from zoo.cli import process
from zoo.core.commands import warn
from zoo.core.task import Task, find, names
from zoo.errors import PluginError, ZooError

Row = TypeVar("Row")


def of_tasks(rows: Callable[[Task], Callable[[], Sequence[Row]]], kind: type[Row]) -> dict[str, list[Row]]:
    """Collect what tasks add, by the name of the task; one that fails is left out with a warning.

    Args:
        rows: Takes the function that returns them from a task.
        kind: Class of what tasks add.
    """
    found = {}
    for name in names():
        try:
            added = list(rows(find(name))())
            if wrong := [row for row in added if not isinstance(row, kind)]:
                raise PluginError(f"{wrong[0]!r:.50} is no click.{kind.__name__}")
            found[name] = added
        except (Exception, SystemExit) as error:  # noqa: BLE001 (the package of somebody else may raise anything)
            reason = str(error) if isinstance(error, ZooError) else f"{type(error).__name__}: {error}"
            warn(f"the task {name} is left out of the command line ({reason})")
    return found


def import_tensorflow() -> None:
    """Import TensorFlow, if Keras will, without the notices that it writes before their level can be set."""
    other = os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow"
    if other or "tensorflow" in sys.modules or sys.stderr is None:
        return
    sys.stderr.flush()
    shown = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        with process.at_once(shown), contextlib.suppress(ImportError):  # reported by what needs it
            importlib.import_module("tensorflow")
    finally:
        os.dup2(shown, 2)
        os.close(shown)
