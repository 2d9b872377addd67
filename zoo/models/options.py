"""Options of models: which ones a codec takes, and messages about those that it does not."""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from zoo.errors import ArgumentError

ANY = "any other"
"""Stands in a list of options for those of a function that takes any."""


def named(function: Callable[..., Any], skip: int = 0) -> tuple[str, ...]:
    """List the options that a function takes by name.

    Args:
        function: Such as the `script` of a codec.
        skip: Arguments at its beginning that are no options.

    Example:
        >>> named(lambda piece, mark="_", **more: None, skip=1)
        ('mark', 'any other')
    """
    rows = list(inspect.signature(function).parameters.values())[skip:]
    names = [row.name for row in rows if row.kind in (row.POSITIONAL_OR_KEYWORD, row.KEYWORD_ONLY)]
    return (*names, *[ANY for row in rows if row.kind is row.VAR_KEYWORD])


def check(
    model: str,
    given: Iterable[str],
    accepted: Sequence[str],
    others: Sequence[str] = (),
    spelling: Mapping[str, str] | None = None,
) -> None:
    """Refuse options that a model does not take.

    Args:
        model: Its name.
        given: Names of the options given.
        accepted: What its codec takes; see `named`.
        others: What every such model takes.
        spelling: Name → option as the user writes it; None: the name itself.

    Raises:
        ArgumentError: There is one; the message names those that the model takes.

    Example:
        >>> check("lstm_music", ["lenght"], ["bars", "length"])
        Traceback (most recent call last):
        zoo.errors.ArgumentError: lstm_music has no option 'lenght': it takes bars, length; did you mean length?
    """
    shown = {name: name for name in (*accepted, *others)} if spelling is None else spelling
    for name in given:
        if ANY in accepted or name in (*accepted, *others):
            continue
        takes = ", ".join(shown[one] for one in accepted if one in shown) or "none of its own"
        near = difflib.get_close_matches(name, [one for one in (*accepted, *others) if one in shown], n=1)
        hint = f"; did you mean {shown[near[0]]}?" if near else ""
        raise ArgumentError(f"{model} has no option {shown.get(name, repr(name))}: it takes {takes}{hint}")


def require(model: str, function: Callable[..., Any], given: Mapping[str, Any], skip: int = 0) -> None:
    """Refuse options from which one is missing that has no default.

    Args:
        model: Its name.
        function: Takes the options.
        given: The options.
        skip: Arguments at its beginning that are no options.

    Raises:
        ArgumentError: One is missing.
    """
    rows = list(inspect.signature(function).parameters.values())[skip:]
    usual = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    missing = [row.name for row in rows if row.kind in usual and row.default is row.empty and row.name not in given]
    if missing:
        raise ArgumentError(f"{model} needs the option {', '.join(missing)}")
