"""Values that users, files and other libraries gave: checked, and refused in words.

A dataclass is the schema of what a JSON file contains, such as cards, codecs, manifests and requests of training runs:
annotations say what type each field has, `limits(…)` which values. Every number has a range and every text, list and
table a length, so that nothing that is read can ask for more memory than its own size.
"""

import dataclasses
import functools
import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, TypeVar, Union

from zoo.errors import ArgumentError

Made = TypeVar("Made")
About = Mapping[str, Any]
"""What `limits` declares of a field."""

MOST_INTEGER, MOST_NUMBER = 2**31 - 1, 1e300
MOST_CHARACTERS, MOST_ITEMS = 1 << 16, 1 << 16
MOST_SYMBOLS = 1 << 16
"""Most characters or labels of a codec."""

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
    kind, limit = "whole number" if whole else "number", "" if most == math.inf else f", at most {most:.10g}"
    raise ArgumentError(f"{name}={value!r:.50}: give a {kind} of at least {least:.10g}{limit}")


def limits(
    default: Any = MISSING,
    *,
    factory: Any = MISSING,
    least: float | None = None,
    most: float | None = None,
    shortest: int = 0,
    longest: int | None = None,
    choices: Sequence[str] = (),
    pattern: str = "",
    unique: bool = False,
    each: About | None = None,
) -> Any:
    """Declare a field of a dataclass, and which values it accepts.

    Args:
        default: Its value where it is not given; without one it must be given.
        factory: Function that returns the default.
        least: Smallest number.
        most: Largest number.
        shortest: Fewest characters, or items of a list or table.
        longest: Most of them.
        choices: The only accepted texts.
        pattern: Regular expression of the whole text.
        unique: No character, or item, occurs twice.
        each: The same for the items of a list or table, such as `{"least": 0}`.
    """
    found = {
        "least": least, "most": most, "shortest": shortest, "longest": longest, "choices": tuple(choices),
        "pattern": pattern, "unique": unique, "each": each or {},
    }  # fmt: skip
    return dataclasses.field(default=default, default_factory=factory, metadata=found)


def checked(kind: type[Made], content: Any, where: str = "", **parts: Any) -> Made:
    """Return an object of a dataclass from what JSON gave for its fields.

    Args:
        kind: The dataclass.
        content: Name → value.
        where: What the object is called in messages; empty for the whole file.
        parts: Fields that have been read already; `content` is without them.

    Raises:
        ArgumentError: A field is missing or unknown, or its value is not accepted; the message names the field, what
            was given and what is accepted.
    """
    rows = {row.name: row for row in fields(kind) if row.init and row.name not in parts}  # type: ignore[arg-type]
    if not isinstance(content, Mapping):
        raise ArgumentError(f"{where or 'the content'} is {shown(content)}: give an object with {', '.join(rows)}")
    if unknown := [name for name in content if name not in rows]:
        raise ArgumentError(f"unknown fields{_of(where)}: {listed(unknown)}; there are: {', '.join(rows)}")
    required = [name for name, row in rows.items() if row.default is row.default_factory is MISSING]
    if missing := [name for name in required if name not in content]:
        raise ArgumentError(f"missing fields{_of(where)}: {', '.join(missing)}")
    types_of = _types(typing.cast(Any, kind))
    prefix = f"{where}." if where else ""
    values = {
        name: value(prefix + name, types_of[name], content[name], rows[name].metadata)
        for name in rows
        if name in content
    }
    return kind(**values, **parts)


@functools.cache
def _types(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _of(where: str) -> str:
    return f" of {where}" if where else ""


def listed(names: Sequence[Any]) -> str:
    """Return names for a message: the first of them, and in quotes what does not look like a name."""
    return ", ".join(name if re.fullmatch(r"\w{1,60}", str(name)) else shown(name) for name in names[:5])


def shown(given: Any) -> str:
    """Return what was given for a message, cut short."""
    if isinstance(given, (dict, list, tuple)):
        return f"{'an object' if isinstance(given, dict) else 'a list'} of {len(given)}"
    return f"{given!r:.60}"


def value(name: str, kind: Any, given: Any, about: About) -> Any:
    """Return a value if it has a type and is within limits; tuples and dataclasses are made of lists and objects.

    Args:
        name: What it is called in messages.
        kind: `bool`, `int`, `float`, `str`, `list[…]`, `tuple[…, ...]`, `dict[str, …]`, a dataclass, one of these or
            None, or `Any`, which is not checked.
        given: The value.
        about: See `limits`.

    Raises:
        ArgumentError: It is of another type or out of its limits.
    """
    if kind is Any:
        return given
    origin, inner = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin in (Union, types.UnionType):
        if given is None and type(None) in inner:
            return None
        return value(name, next(one for one in inner if one is not type(None)), given, about)
    if dataclasses.is_dataclass(kind):
        return checked(kind, given, name)  # type: ignore[arg-type]
    read = _READERS.get(origin)
    if read is None:
        raise TypeError(f"{name}: no schema for {kind}")
    return read(name, given, about, origin, inner)


def _truth(name: str, given: Any, *_: Any) -> bool:
    if not isinstance(given, bool):
        raise ArgumentError(f"{name}={shown(given)}: give true or false")
    return given


def _number(name: str, given: Any, about: About, kind: type, _: Any) -> Any:
    largest = MOST_INTEGER if kind is int else MOST_NUMBER
    least, most = about.get("least"), about.get("most")
    least, most = -largest if least is None else least, largest if most in (None, math.inf) else most
    return number(name, given, least, most, whole=kind is int)


def _text(name: str, given: Any, about: About, *_: Any) -> str:
    if choices := about.get("choices"):
        if not isinstance(given, str) or given not in choices:
            raise ArgumentError(f"{name}={shown(given)}: give one of {', '.join(map(repr, choices))}")
    elif not isinstance(given, str):
        raise ArgumentError(f"{name}={shown(given)}: give a text")
    _check_length(name, given, about, MOST_CHARACTERS, "characters")
    if (pattern := about.get("pattern")) and not re.fullmatch(pattern, given):
        raise ArgumentError(f"{name}={shown(given)}: give a text like {pattern}")
    return given


def _rows(name: str, given: Any, about: About, kind: type, inner: Any) -> Any:
    if not isinstance(given, (list, tuple)):
        raise ArgumentError(f"{name}={shown(given)}: give a list")
    _check_length(name, given, about, MOST_ITEMS, "items", unique=False)
    found = kind(value(f"{name}[{i}]", inner[0], one, about.get("each", {})) for i, one in enumerate(given))
    _check_length(name, found, about, MOST_ITEMS, "items")
    return found


def _table(name: str, given: Any, about: About, _: Any, inner: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise ArgumentError(f"{name}={shown(given)}: give an object")
    _check_length(name, given, about, MOST_ITEMS, "items", unique=False)
    each = about.get("each", {})
    return {_text(f"a key of {name}", key, {}): value(f"{name}.{key:.60}", inner[1], one, each)
            for key, one in given.items()}  # fmt: skip


def _check_length(name: str, given: Any, about: About, usual: int, what: str, unique: bool = True) -> None:
    shortest, longest = about.get("shortest") or 0, about.get("longest") or usual
    if not shortest <= len(given) <= longest:
        wanted = f"at least {shortest:,}, at most {longest:,}" if shortest < longest else f"{longest:,}"
        raise ArgumentError(f"{name} has {len(given):,} {what}: give {wanted}")
    if unique and about.get("unique") and len(set(given)) < len(given):
        raise ArgumentError(f"{name} has one of its {what} twice: give every one once")


_READERS: dict[Any, Any] = {
    bool: _truth, int: _number, float: _number, str: _text, list: _rows, tuple: _rows, dict: _table, Mapping: _table,
}  # fmt: skip


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
