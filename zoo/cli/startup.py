"""What commands share before a model is opened: what tasks add to them, and a quiet start of TensorFlow."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from zoo.cli import process
from zoo.core.commands import warn
from zoo.core.quiet import start_tensorflow
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
    """Import TensorFlow, if Keras runs on it, quietly and so that signals end the process at once."""
    if sys.stderr is None:
        return
    with os.fdopen(os.dup(2), "wb") as shown:
        start_tensorflow(lambda: process.at_once(shown.fileno()))
