"""References to functions of other modules, imported when they are first called.

A task is a row of data that commands and lists read often; what it refers to needs NumPy, Keras or media libraries.
"""

import functools
import importlib
from typing import Any


class imported:  # noqa: N801 (reads as a function)
    """A function or class of another module, imported when it is first called.

    Args:
        target: `"package.module:name"` or `"package.module:Class.method"`, as in entry points.

    Example:
        >>> imported("math:sqrt")(9.0)
        3.0
    """

    def __init__(self, target: str) -> None:
        self.target = target

    def __repr__(self) -> str:
        """Show what is imported."""
        return f"imported({self.target!r})"

    def resolve(self) -> Any:
        """Import the module and return the function or class itself."""
        module, _, name = self.target.partition(":")
        return functools.reduce(getattr, name.split("."), importlib.import_module(module))

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call it."""
        return self.resolve()(*args, **options)
