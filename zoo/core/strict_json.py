"""JSON that others wrote: limited in size and depth, and read by the letter."""

import json
import math
from typing import Any

from zoo.errors import ArgumentError

MOST_BYTES = 1 << 24
MOST_DEPTH = 32  # objects and lists inside of one another
MOST_DIGITS = 24
MOST_PARTS = 100_000  # objects, lists and their items


def parse(text: str | bytes, most: int = MOST_BYTES) -> Any:
    """Read a JSON text strictly: UTF-8, no key twice, no NaN, no infinity, limited in length and depth.

    Args:
        text: The JSON text.
        most: Most bytes.

    Raises:
        ArgumentError: It is none; the message says why.
    """
    if len(text) > most:
        raise ArgumentError(f"no JSON: {len(text):,} bytes, at most {most:,} are read")
    try:
        written = text.decode("utf-8") if isinstance(text, bytes) else text
        if sum(map(written.count, "[{,")) > MOST_PARTS:  # each of them takes a hundred times the room of its bytes
            raise ValueError(f"more than {MOST_PARTS:,} objects, lists and items")
        found = json.loads(
            written, object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_fraction, parse_int=_integer
        )
        _check_inside(found)
    except UnicodeDecodeError as error:
        raise ArgumentError(f"no JSON: byte {error.start} is no UTF-8") from error
    except RecursionError as error:
        raise ArgumentError(f"no JSON: more than {MOST_DEPTH} objects and lists inside of one another") from error
    except ValueError as error:
        raise ArgumentError(f"no JSON: {error}") from error
    return found


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r:.60} occurs twice")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _fraction(digits: str) -> float:
    if not math.isfinite(found := float(digits)):
        raise ValueError(f"{digits:.50} is too large")
    return found


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _check_inside(found: Any) -> None:
    """Refuse too many levels, and halves of characters, which no file can hold."""
    level = [found]
    for _ in range(MOST_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                value.encode("utf-8")  # a UnicodeEncodeError is a ValueError
            elif isinstance(value, dict):
                below += value.keys()
                below += value.values()
            elif isinstance(value, list):
                below += value
        if not below:
            return
        level = below
    raise RecursionError
