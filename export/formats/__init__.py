"""Artifact formats, one file or folder each: how a network is converted and opened, and what artifacts may contain.

A module in this folder defines `FORMAT`. Other packages add formats by an entry point in the group `rnn_zoo.formats`
that loads a `Format`. TensorFlow is imported only when something is converted, or a SavedModel is opened.
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from zoo.core import plugins
from zoo.core.files import content, regular
from zoo.errors import ArgumentError
from zoo.runtime.engine import BoundEngine, RuntimeOptions
from zoo.runtime.signature import Face, Signature

GROUP = "rnn_zoo.formats"
"""Entry-point group of other packages' formats."""
HEAD_BYTES = 64
"""Bytes at the beginning of a file that formats recognize it by."""
MOST_BYTES = (1 << 31) - 1
"""Most bytes of a file: neither flatbuffers nor protocol buffers can be larger."""


class MissingOperator(Exception):
    """A model computes something that a format has no operator for; raised by `Format.convert`.

    Attributes:
        operator: Name of the operator.
        scope: Where it was traced, such as `model/dense/Erfc`.
    """

    def __init__(self, operator: str, scope: str) -> None:
        super().__init__(f"no operator {operator} for {scope}")
        self.operator, self.scope = operator, scope


@dataclass(frozen=True)
class Options:
    """How a model is converted.

    Attributes:
        quantize: None, `float16` or `int8`.
        recurrence: How recurrent layers are computed, where a format has several ways; None takes its first.
        representative: Inputs that calibrate integer activations, one list of arrays each; None keeps them float32.
        stored: Recurrent weights are constants as Keras has them, which operators arrange (ONNX).
    """

    quantize: str | None = None
    recurrence: str | None = None
    representative: Sequence[Sequence[np.ndarray]] | None = None
    stored: bool = False


def no_runtime_options(options: RuntimeOptions) -> None:
    """Refuse options, for formats whose runtime has none.

    Raises:
        ArgumentError: One is given.
    """
    if given := [field.name for field in fields(options) if getattr(options, field.name) is not None]:
        raise ArgumentError(f"{', '.join(given)}: the runtime of this format has no such option; leave it out")


def no_samples(options: Options, form: str, fixed: bool) -> None:  # noqa: ARG001
    """Refuse representative inputs, for formats whose activations stay float32.

    Raises:
        ArgumentError: There are some.
    """
    if options.representative is not None:
        raise ArgumentError("representative=: activations stay float32 in this format; leave it out")


@dataclass(frozen=True)
class Format:
    """One artifact format.

    Attributes:
        name: Name in `export.save(format=…)`.
        suffix: End of the names of its artifacts; empty for a folder without one.
        convert: `(faces, path, options)`: write an artifact without a manifest. Raises `MissingOperator` if the format
            has no operator for something.
        open: `(path, signature)` → engine; the signature says form and order of names, None takes what is there. Where
            `check_runtime` accepts options, `(path, signature, options)` too.
        recognises: `(path, head)` → whether an existing artifact is of this format; `head` are the first 64 bytes of a
            file, and empty for a folder.
        embed: `(path, manifest)`: put the manifest into the artifact. In a file it must be appended, and the 64 digits
            of `sha256` must stand there as they are, once: the checksum covers all bytes of the file but these.
        manifest: `path` → the manifest it carries; empty for an artifact of another tool.
        operators: `path` → operator name of every node, subgraphs included.
        precision: `path` → dtype → how many numbers are stored in it.
        signatures: `path` → signatures of another tool's artifact by name, read without opening it; None: it has one at
            most, which `open` finds.
        runnable: `path`: raise ArtifactError if another tool's artifact has operators that the runtime does not.
        check_runtime: `options`: raise ArgumentError for `RuntimeOptions` that the runtime does not have; the default
            accepts none.
        check: `(options, form, fixed)`: raise ArgumentError for options that do not go together; `fixed` says whether
            the batch size and the number of steps are.
        expected: `(faces, options)` → operators that must occur exactly that often.
        notes: `(form, options, operators)` → remarks for the report, such as an option that changed nothing.
        at_least: Operators of `expected` that may occur more often, since a model may contain others of its own.
        forbidden: Beginnings of operator names that must not occur.
        recurrent_operators: Operators that a report counts one by one.
        quantize: Accepted values of `quantize`.
        recurrence: Accepted values of `recurrence`, the default first.
        faces: Number of forms that one artifact can hold.
        fixed_shape: A fixed batch size and number of steps make it faster, so that a benchmark measures that too.
        folder: An artifact is a folder, not a file.
        program: An artifact can contain more than computation: `open` checks it unless `RuntimeOptions.trust`, and that
            of another tool is opened only if it is trusted.
        manifest_file: In a folder, the path of the file that `embed` writes, which the checksum leaves out.
    """

    name: str
    suffix: str
    convert: Callable[[Sequence[Face], Path, Options], None]
    open: Callable[..., BoundEngine]
    recognises: Callable[[Path, bytes], bool]
    embed: Callable[[Path, Mapping[str, str]], None]
    manifest: Callable[[Path], dict[str, str]]
    operators: Callable[[Path], list[str]]
    precision: Callable[[Path], dict[str, int]]
    signatures: Callable[[Path], Mapping[str, Signature] | None] = lambda _: None
    runnable: Callable[[Path], None] = lambda *_: None
    check_runtime: Callable[[RuntimeOptions], None] = no_runtime_options
    check: Callable[[Options, str, bool], None] = no_samples
    expected: Callable[[Sequence[Face], Options], Mapping[str, int]] = lambda *_: {}
    notes: Callable[[str, Options, Sequence[str]], list[str]] = lambda *_: []
    at_least: Sequence[str] = ()
    forbidden: Sequence[str] = ()
    recurrent_operators: Sequence[str] = ()
    quantize: Sequence[str] = ()
    recurrence: Sequence[str] = ()
    faces: int = 1
    fixed_shape: bool = False
    folder: bool = False
    program: bool = False
    manifest_file: str = ""


@functools.cache
def table() -> plugins.Table[Format]:
    """Return the table of formats: the modules of this folder, then entry points; suffixes are unique, too."""
    own = {found.name: functools.partial(_own, found.name) for found in pkgutil.iter_modules(__path__)}
    return plugins.Table(own, GROUP, Format, unique=("suffix",))


def _own(name: str) -> Format:
    row: Format = importlib.import_module(f"{__name__}.{name}").FORMAT
    return row


@functools.cache
def formats() -> dict[str, Format]:
    """Return all formats that can be used, by name; each of the others is left out with one warning."""
    return dict(table())


def accepted() -> str:
    """Return the names and suffixes of all formats, for messages."""
    return ", ".join(f"{row.name} ({row.suffix or 'a folder'})" for row in formats().values())


def read(path: Path) -> bytes:
    """Return what an artifact that is a file contains.

    Raises:
        DataError: It is missing, larger than `MOST_BYTES`, or no regular file.
    """
    return content(path, MOST_BYTES)


def of_path(path: Path, name: str | None = None) -> Format:
    """Return the format of a name, or of a path to write to: by its suffix; the name of a folder has none.

    Raises:
        ArgumentError: No format has this name or suffix.
    """
    rows = formats().values()
    if found := [row for row in rows if (row.suffix == path.suffix if name is None else row.name == name)]:
        return found[0]
    left_out = "".join(f"; {reason}" for reason in table().left_out.values())
    if name is None:
        raise ArgumentError(
            f"{path.name}: no format has the suffix {path.suffix!r}; choose a name for one of {accepted()}{left_out}"
        )
    raise ArgumentError(f"format={name!r}: give one of {', '.join(formats())}{left_out}")


def of_artifact(path: Path) -> Format | None:
    """Return the format of an existing artifact, None if no format recognizes it; that of its suffix is asked first.

    Raises:
        DataError: It is neither a folder nor a regular file.
    """
    head = b""
    if not path.is_dir():
        with regular(path) as stream:
            head = stream.read(HEAD_BYTES)
    rows = sorted(formats().values(), key=lambda row: row.suffix != path.suffix)
    return next((row for row in rows if row.recognises(path, head)), None)
