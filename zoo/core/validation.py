"""What messages of errors share: one way to refuse a number, and the reason in the error of another library."""

import math
import re
from typing import Any

from zoo.errors import ArgumentError

COLORS = re.compile(r"\x1b\[\d*m")
INSIDE = re.compile(r"\{\{function_node [^}]*\}\} ?|\{\{node [^}]*\}\} ?")
"""Names of functions that TensorFlow made, in front of a reason."""
WRAPPED = re.compile(r"Exception encountered when calling (.+?)\.?")
"""First line of Keras's own errors around others."""
STACK = re.compile(r"(in user code|Graph execution error):|File \"|Detected at node ")
"""Lines that give no reason."""


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
    """Return the reason of an error in one line: that of Keras and TensorFlow without what they put around it.

    Keras begins with "Exception encountered when calling LSTM.call()." and gives the cause in a later line. TensorFlow
    begins with where it happened in a graph, and puts names of its own functions before the cause.

    Returns:
        The first line that gives a reason; empty if the error has no message.

    Example:
        >>> first_line(ValueError("no such layer\\nTraceback of the graph: ..."))
        'no such layer'
        >>> first_line(ValueError("Exception encountered when calling LSTM.call().\\n\\ntoo many\\n\\nArguments ..."))
        'LSTM.call(): too many'
    """
    lines = [line.strip() for line in COLORS.sub("", str(error)).splitlines()]
    lines = [line for line in (INSIDE.sub("", line) for line in lines) if line]
    place = ""
    for i, line in enumerate(lines):
        if found := WRAPPED.fullmatch(line):
            place = f"{found[1]}: "
        elif line.startswith("Detected at node") and len(lines) > i + 1:  # the cause comes behind the stack, if at all
            return f"{place}{next((x for x in lines[i + 1 :] if not STACK.match(x)), line)}"
        elif not STACK.match(line):
            return place + line
    return place.removesuffix(": ") or next(iter(lines), "")
