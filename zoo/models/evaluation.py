"""Files of the user's own to measure a model on: read as the model needs them, and those that do not fit left out."""

import itertools
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.core.codec import Codec, GenerationCodec, InfillCodec
from zoo.core.recipe import Recipe, checked
from zoo.core.task import Task
from zoo.errors import ArgumentError, CodecError


def own_pieces(
    model: str, task: Task, recipe: Recipe, codec: Codec, path: Path, options: Mapping[str, Any]
) -> list[Any]:
    """Read files of the user's own; name those that do not fit a model, and go on with the others.

    Args:
        model: Name of the model.
        task: Its task.
        recipe: Its recipe.
        codec: Its codec.
        path: The files, as `zoo.train` takes them.
        options: How they are read and made to fit: those of `Task.evaluation`.

    Raises:
        ArgumentError: The task has no such option, or a value is not accepted.
        DataError: The files cannot be read.
        CodecError: None fits.
    """
    given = _checked(task, options)
    usual, values = task.settings(), recipe.to_dict()
    values |= {name: getattr(usual, name) for name in task.of_files}  # not those of the files that it was trained on
    values |= {name: getattr(codec, name, values[name]) for name in task.reading} | given
    splits = task.read_own(path, {name: values[name] for name in task.reading})
    fitting = {name: value for name, value in given.items() if name not in task.reading}
    return _fitting(model, codec, task, list(itertools.chain(*splits.values())), fitting)


def encodable(piece: Any, codec: Codec) -> Any:
    """Return a piece as it is.

    Raises:
        CodecError: The codec cannot encode it.
    """
    if isinstance(codec, (GenerationCodec, InfillCodec)):
        codec.tokens(piece)
    else:
        codec.encode([piece])
    return piece


def _checked(task: Task, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options in their types."""
    for name in options:
        if name not in task.evaluation:
            there = ", ".join(task.evaluation) or "none"
            raise ArgumentError(f"evaluating on files of the task {task.name} has no option {name!r}: it has {there}")
    return {name: checked(task.evaluation[name], value) for name, value in options.items()}


def _fitting(model: str, codec: Codec, task: Task, pieces: list[Any], options: Mapping[str, Any]) -> list[Any]:
    """Return the pieces that fit a model, with a warning for each file that has others."""
    good, reasons = [], dict[str, str]()
    for number, piece in enumerate(pieces, 1):
        try:
            good.append((task.fit or encodable)(piece, codec, **options))
        except CodecError as error:
            reasons.setdefault(getattr(piece, "name", "") or f"piece {number}", str(error))
    for name, reason in reasons.items():
        warnings.warn(f"left out: {name} does not fit {model}: {reason}", stacklevel=4)
    if reasons and not good:
        raise CodecError(f"no file fits {model}; the first one: {next(iter(reasons.values()))}")
    if reasons:
        files = f"{len(reasons)} file{'s' * (len(reasons) > 1)}"
        warnings.warn(
            f"{files} left out that do not fit {model}: {len(good)} of {len(pieces)} pieces are measured",
            stacklevel=4,
        )
    return good
