"""Options of commands that read a Keras file, and the custom layers that they name."""

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, TypeVar

import click

from zoo.core.validation import first_line
from zoo.errors import ArgumentError

Function = TypeVar("Function", bound=Callable[..., Any])


def reads_keras_files(command: Function) -> Function:
    """Add the options of a command that reads a Keras file: `--import` and `--trust`."""
    options = (
        click.option("--import", "modules", multiple=True, metavar="MODULE",
                     help="Module or .py file that defines custom layers and functions of a Keras file."),
        click.option("--trust", is_flag=True,
                     help="Run the code that a Keras file holds in Lambda layers. It can do anything that you can."),
    )  # fmt: skip
    for option in options:
        command = option(command)
    return command


def custom_objects(modules: Sequence[str]) -> dict[str, Any]:
    """Import modules, and return the classes and functions in them by name.

    Args:
        modules: Names of modules that the current folder or the environment has, or paths of Python files.

    Raises:
        ArgumentError: One cannot be imported.
    """
    found: dict[str, Any] = {}
    for name in modules:
        try:
            imported = _imported(name)
        except Exception as error:
            raise ArgumentError(
                f"--import {name}: {first_line(error)}: give a module that Python finds from here, or the path "
                "of a .py file"
            ) from error
        found |= {key: value for key, value in vars(imported).items() if _is_custom(key, value)}
    return found


class _Beside(MetaPathFinder):
    """Finds modules in a folder, after all other places: those that an imported module imports itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec of a top-level module in the folder; None for any other."""
        return PathFinder.find_spec(fullname, [self.folder], target) if path is None else None


def _imported(name: str) -> types.ModuleType:
    """Import a file, or a module that the environment or the current folder has."""
    file = Path(name)
    if name.endswith(".py") and not file.is_file():
        raise FileNotFoundError(f"{name} does not exist")
    finder = _Beside(file.parent.resolve() if name.endswith(".py") else Path.cwd())
    importlib.invalidate_caches()
    sys.meta_path.append(finder)
    try:
        if not name.endswith(".py"):
            return importlib.import_module(name)
        spec = importlib.util.spec_from_file_location(f"imported_{file.stem}", file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{name} is not a module of Python")
        imported = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(imported)
        return imported
    finally:
        sys.meta_path.remove(finder)


def _is_custom(name: str, value: Any) -> bool:
    """Return whether a name of a module is one of its classes or functions, and not Keras's."""
    return not name.startswith("_") and isinstance(value, (type, types.FunctionType)) and not _of_keras(value)


def _of_keras(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).split(".")[0] in ("keras", "tensorflow", "tf_keras")
