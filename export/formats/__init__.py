"""Formats, one file each: how a network becomes an artifact, what opens it, and what it must and must not contain.

A format file defines `FORMAT`. Nothing here imports TensorFlow until something is converted (or a SavedModel opened).
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.engine import BoundEngine
from export.signature import Face, Signature
from zoo.errors import ArgumentError

QUANTIZATIONS = ("float16", "int8")


@dataclass(frozen=True)
class Options:
    """How a model is converted.

    Attributes:
        quantize: None, `float16` or `int8`.
        recurrence: How recurrent layers are computed, where a format has several ways; None takes its first.
        representative: Inputs that calibrate a full integer model, one list of arrays each; None leaves activations.
    """

    quantize: str | None = None
    recurrence: str | None = None
    representative: Sequence[Sequence[np.ndarray]] | None = None


def no_samples(options: Options, fixed: bool) -> None:  # noqa: ARG001
    """Refuse representative data, for formats that have no use for it.

    Raises:
        ArgumentError: There are some.
    """
    if options.representative is not None:
        raise ArgumentError("representative=: only tflite takes it; in this format activations stay float32")


@dataclass(frozen=True)
class Format:
    """One artifact format.

    Attributes:
        name: Its name in `export.save(format=…)`.
        suffix: End of its file names; empty for a folder.
        convert: `(faces, path, options)`: write the bare artifact.
        open: `(path, signature)` → engine; the signature says form and order of names, None takes what is there.
        embed: `(path, manifest)`: put the manifest into the artifact.
        manifest: `path` → the manifest it carries; empty for an artifact of another tool.
        operators: `path` → operator name of every node, subgraphs included.
        precision: `path` → dtype → how many numbers are stored in it.
        runnable: `path`: raise ArtifactError if another tool's artifact has operators that the runtime does not.
        check: `(options, fixed)`: raise ArgumentError for options that do not go together; `fixed` says whether the
            batch size and the number of steps are.
        expected: `(faces, options)` → operators that must occur exactly that often.
        forbidden: Beginnings of operator names that must not occur.
        quantize: What `quantize` takes.
        recurrence: What `recurrence` takes, the usual one first.
        faces: Forms that one artifact can hold at once.
    """

    name: str
    suffix: str
    convert: Callable[[Sequence[Face], Path, Options], None]
    open: Callable[[Path, Signature | None], "BoundEngine"]
    embed: Callable[[Path, Mapping[str, str]], None]
    manifest: Callable[[Path], dict[str, str]]
    operators: Callable[[Path], list[str]]
    precision: Callable[[Path], dict[str, int]]
    runnable: Callable[[Path], None] = lambda *_: None
    check: Callable[[Options, bool], None] = no_samples
    expected: Callable[[Sequence[Face], Options], Mapping[str, int]] = lambda *_: {}
    forbidden: Sequence[str] = ()
    quantize: Sequence[str] = ()
    recurrence: Sequence[str] = ()
    faces: int = 1


@functools.cache
def formats() -> dict[str, Format]:
    """Collect the formats of this folder by name."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.FORMAT.name: module.FORMAT for module in modules}


def of_path(path: Path, name: str | None = None) -> Format:
    """Return the format of a name, or of a path: by its suffix; a name without a suffix is a SavedModel folder.

    Raises:
        ArgumentError: No format has this name or suffix.
    """
    table = formats()
    if name is None:
        by_suffix = {row.suffix: row for row in table.values()}
        if path.suffix not in by_suffix:
            raise ArgumentError(f"{path.name}: give a name ending in .onnx or .tflite, or a folder name for SavedModel")
        return by_suffix[path.suffix]
    if name not in table:
        raise ArgumentError(f"format={name!r}: give one of {', '.join(table)}")
    return table[name]
