"""What messages of errors share: one way to refuse a number, and the reason in the error of another library."""

import math
from typing import Any

from zoo.errors import ArgumentError


def number(name: str, value: Any, least: float, most: float = math.inf, whole: bool = False) -> Any:
    """Return a number within a range, as int where it must be whole.

    Args:
        name: What it is called in the message.
        value: What was given.
        least: Smallest accepted value.
        most: Largest accepted value.
        whole: Accept whole numbers only.

    Raises:
        ArgumentError: Not a finite number, not whole, or out of range.

    Example:
        >>> number("bars", 16, 1, 100, whole=True)
        16
    """
    try:
        good = not isinstance(value, (bool, str)) and math.isfinite(value) and least <= value <= most
        if good and (not whole or value == int(value)):
            return int(value) if whole else value
    except (TypeError, ValueError, OverflowError):
        pass
    kind, limit = "whole number" if whole else "number", "" if most == math.inf else f", at most {most:g}"
    raise ArgumentError(f"{name}={value!r:.50}: give a {kind} of at least {least:g}{limit}")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, which may be long in other libraries; empty if it has none.

    Example:
        >>> first_line(ValueError("no such layer\\nTraceback of the graph: ..."))
        'no such layer'
    """
    return next(iter(str(error).strip().splitlines()), "")
