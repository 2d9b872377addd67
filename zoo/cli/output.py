"""Write the pieces that models make, and check beforehand that they can be written."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoo.core import plots
from zoo.core.commands import show
from zoo.core.escaping import escaped
from zoo.core.files import check_name, exists, suffixed, write_text
from zoo.core.session import OutputFiles, Plottable, Renderable, Savable
from zoo.errors import ArgumentError

if TYPE_CHECKING:
    from zoo.models.model import Model

TEXT_SUFFIXES = (".txt",)


def piece_of(model: "Model") -> type:
    """Return the class of the pieces that a model makes; of codecs that do not say, text."""
    from zoo.core.codec import GenerationCodec, InfillCodec

    return model.codec.piece if isinstance(model.codec, (GenerationCodec, InfillCodec)) else str


def default_file(piece: type, name: str) -> Path | None:
    """Return the file that a piece is saved to unless the user names one; None if it is printed."""
    return Path(f"{Path(name).stem}{_suffixes(piece, 'save')[0]}") if issubclass(piece, Savable) else None


def check(piece: type, files: OutputFiles, count: int = 1, inputs: Sequence[str | os.PathLike[str]] = ()) -> None:
    """Refuse files that could not be written, or that are inputs.

    Args:
        piece: Class of the pieces to write.
        files: Where to.
        count: Number of pieces.
        inputs: Files (or other text) that the command reads.

    Raises:
        ArgumentError: A suffix is wrong, pieces of this class cannot be written so, or an input would be replaced.
        MissingExtra: There is a plot to write, and Matplotlib is not installed.
    """
    from zoo.models.model import MAX_PIECES

    if files.plot and not issubclass(piece, Plottable):
        raise ArgumentError("--plot: what this model makes cannot be plotted. Leave the option out")
    if files.wav and not issubclass(piece, Renderable):
        raise ArgumentError("--wav: what this model makes cannot be rendered as audio. Leave the option out")
    for path, method in ((files.out, "save"), (files.plot, "plot"), (files.wav, "render")):
        if path:
            check_name(suffixed(path, _suffixes(piece, method)))
    if files.plot:
        plots.check()
    sources = [Path(source) for source in inputs if exists(source)]
    for path in (numbered(files.out, i, count) for i in range(1, min(count, MAX_PIECES) + 1) if files.out):
        if exists(path) and any(path.samefile(source) for source in sources):
            raise ArgumentError(f"{path} is an input of this command: write to another file with --out")


def write(pieces: Sequence[Any], files: OutputFiles) -> None:
    """Write pieces to files and print the names of these, or print the pieces.

    Raises:
        DataError: A file cannot be written.
    """
    count = len(pieces)
    for i, piece in enumerate(pieces, 1):
        written = [_save(piece, numbered(files.out, i, count))] if files.out else []
        written += [piece.plot(numbered(files.plot, i, count))] if files.plot else []
        written += [piece.render(numbered(files.wav, i, count))] if files.wav else []
        for line in ([] if files.out else [str(piece)], [escaped(str(path)) for path in written]):
            if line:
                show(" ".join(line))


def print_json(value: Any) -> None:
    """Print plain values as JSON; numbers that JSON does not have, such as NaN, become null."""
    click.echo(json.dumps(_plain(value), indent=1))


def _plain(value: Any) -> Any:
    """Return values that JSON has: NumPy's numbers as Python's, tuples as lists, infinite numbers and NaN as None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def numbered(path: Path, number: int, count: int) -> Path:
    """Return the file of one of several pieces."""
    return path if count == 1 else path.with_stem(f"{path.stem}-{number}")


def _save(piece: Any, path: Path) -> Path:
    if isinstance(piece, Savable):
        return piece.save(path)
    write_text(path, str(piece))
    return path


def _suffixes(piece: type, method: str) -> tuple[str, ...]:
    """Return the suffixes that a method of a class of pieces accepts; what cannot be saved is written as text."""
    suffixes: tuple[str, ...] = getattr(piece, "SUFFIXES", {}).get(method, TEXT_SUFFIXES)
    return suffixes
