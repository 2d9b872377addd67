"""Formats, one file each: how a network becomes an artifact, what opens it, and what it must and must not contain.

A format file defines `FORMAT`. Nothing here imports TensorFlow until something is converted (or a SavedModel opened).
"""

import functools
import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ArgumentError

FORMS = {"sequence": None, "step": 1, "generate": None}
"""Form → length of the time axis; None is any."""
QUANTIZATIONS = ("float16", "int8")


@dataclass(frozen=True)
class Tensor:
    """Name, shape (None where any size is taken) and dtype of an input or output."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def is_state(name: str) -> bool:
    """Tell whether an input or output is a state: `h0_0`, `c0_0`, `hn_0`, …; `f0_0`, … below the recurrent layers."""
    return bool(re.fullmatch(r"[fhc][0n]_\d+", name))


@dataclass(frozen=True)
class Signature:
    """The face of an artifact: the model's inputs, then `h0_0, c0_0, …`; its outputs, then `hn_0, cn_0, …`."""

    form: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def states(self) -> list[tuple[int, int]]:
        """Positions of the states, each in the inputs and in the outputs."""
        leaving = {t.name: i for i, t in enumerate(self.outputs)}
        pairs = [(i, leaving.get(t.name.replace("0_", "n_", 1))) for i, t in enumerate(self.inputs) if is_state(t.name)]
        return [(i, o) for i, o in pairs if o is not None]

    def text(self) -> str:
        """Show it on a line."""

        def show(tensors: Sequence[Tensor]) -> str:
            return ", ".join(f"{tensor.name} {shape_text(tensor)}" for tensor in tensors)

        return f"{show(self.inputs)} → {show(self.outputs)}"

    def ordered(self, other: "Signature") -> "Signature":
        """Return this signature with its tensors in the order that another one has them, as far as it knows them."""

        def by(mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> tuple[Tensor, ...]:
            places = {tensor.name: i for i, tensor in enumerate(theirs)}
            return tuple(sorted(mine, key=lambda tensor: places.get(tensor.name, len(places))))

        return Signature(other.form, by(self.inputs, other.inputs), by(self.outputs, other.outputs))


@dataclass(frozen=True)
class Face:
    """One way to call a model: the model and the signature it shall have."""

    source: Any
    signature: Signature

    @property
    def form(self) -> str:
        """Row of `FORMS`."""
        return self.signature.form


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


class BoundEngine:
    """An opened artifact: call it with arrays.

    Args:
        name: Format name.
        signature: What the opened artifact says of itself.
        run: Function of the inputs, in the order of the signature, that gives the outputs.
        owner: What must live as long as the engine, where the runtime itself does not see to it.

    Attributes:
        about: What the artifact says of how it was made; None if it was made by another tool.
    """

    concurrent = False  # not every runtime lets several threads in

    def __init__(
        self,
        name: str,
        signature: Signature,
        run: Callable[[list[np.ndarray]], list[np.ndarray]],
        owner: object = None,
    ) -> None:
        self.name, self.signature, self.run, self.owner = name, signature, run, owner
        self.about: dict[str, Any] | None = None

    def __repr__(self) -> str:
        """Show what it takes and gives."""
        return f"{self.name} artifact: {self.signature.text()}"

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What it takes."""
        return self.signature.inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What it gives."""
        return self.signature.outputs

    def __call__(self, *arrays: Any, **named: Any) -> Any:
        """Run the network.

        Args:
            arrays: Inputs by position, in the order of `inputs`.
            named: Inputs by name. A state that is not given starts with zeros.

        Returns:
            The output; a dict by name if there are several.

        Raises:
            ArgumentError: An input is missing or unknown, or its shape or dtype does not fit; the message names it. Or
                the runtime refused what is in it.
        """
        given = bind(self.signature.inputs, arrays, named)
        try:
            results = self.run(given)
        except Exception as error:
            reason = next(iter(str(error).strip().splitlines()), "")
            raise ArgumentError(
                f"the network does not take these values or sizes (an id it does not know? fewer steps than its layers "
                f"need?): {reason}"
            ) from error
        if len(results) == 1:
            return results[0]
        return {tensor.name: array for tensor, array in zip(self.outputs, results, strict=True)}

    @property
    def worth(self) -> int | None:
        """From how many tokens on `generate` is to make them: all if the loop is inside, else never."""
        return 0 if self.signature.form == "generate" else None

    @property
    def chunk(self) -> int | None:
        """How many tokens one call of `generate` makes; None: any number."""
        return self.inputs[0].shape[1]

    @property
    def steps(self) -> int | None:
        """How many steps a call of `step` takes; None: any number."""
        return self.inputs[0].shape[1] if FORMS[self.signature.form] is None else None

    def generate(
        self, codec: Any, script: np.ndarray, uniform: np.ndarray, temperatures: np.ndarray,
        top_k: int | None, top_p: float | None, memory: Any,  # noqa: ARG002
    ) -> tuple[np.ndarray, Any]:  # fmt: skip
        """Make tokens in one call of an artifact in `generate` form; see `zoo.keras_engine.KerasEngine.generate`.

        Raises:
            ArgumentError: The artifact is fixed to another batch size.
        """
        rows = len(script)
        ids = self(
            prompt=script, uniform=uniform, temperature=np.tile(temperatures, (rows, 1)),
            top_k=[min(top_k or 0, codec.classes)] * rows, top_p=[top_p or 1.0] * rows,
        )  # fmt: skip
        return ids, ()

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """Give the state before the first step: zeros, `(batch, units)` each."""
        states = [self.inputs[i] for i, _ in self.signature.states]
        return [np.zeros((batch, *t.shape[1:]), np.float32) for t in states]  # type: ignore[arg-type]

    def step(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x (batch, time, …)` from a state; give `y (batch, time, classes)` and the new state.

        An output without an axis of time is that of the last step.

        Raises:
            ArgumentError: The artifact is fixed to another batch size or number of steps, or takes or gives more than
                `x`, `y` and states.
        """
        if self.worth is not None:
            raise ArgumentError(
                "this artifact has the whole loop inside, it makes pieces and no more: for repetition_penalty, score "
                "and evaluate load one in the form step or sequence"
            )
        states = len(self.signature.states)
        if len(self.inputs) - states != 1 or len(self.outputs) - states != 1:
            raise ArgumentError(f"step() is for one input, one output and states; call the artifact: {self!r}")
        wanted = self.inputs[0].shape
        if wanted[0] not in (None, len(x)) or wanted[1] not in (None, 1, x.shape[1]):
            raise ArgumentError(f"x: shape {x.shape} given, the artifact is fixed to {shape_text(self.inputs[0])}")
        if FORMS[self.signature.form] is None or x.shape[1] == 1:
            y, *new = self.run([x, *state])
            return y, new
        parts = []
        for i in range(x.shape[1]):
            part, *state = self.run([x[:, i : i + 1], *state])
            parts.append(part)
        return np.concatenate(parts, axis=1) if parts[0].ndim > 2 else parts[-1], list(state)


def shape_text(tensor: Tensor) -> str:
    """Show dtype and shape of a tensor, such as `float32[any, any, 8]`."""
    return f"{tensor.dtype}[{', '.join('any' if size is None else str(size) for size in tensor.shape)}]"


def bind(tensors: Sequence[Tensor], arrays: Sequence[Any], named: Mapping[str, Any]) -> list[np.ndarray]:
    """Bring what a caller gave into the order, the dtypes and the shapes of the inputs.

    Raises:
        ArgumentError: Something is missing, unknown, given twice, or does not fit.
    """
    names = [tensor.name for tensor in tensors]
    if len(arrays) > len(names):
        raise ArgumentError(f"{len(arrays)} inputs given, the network takes {', '.join(names)}")
    given = dict(zip(names, arrays, strict=False))
    if wrong := [name for name in named if name not in names or name in given]:
        raise ArgumentError(f"{', '.join(wrong)}: unknown, or given by position too; the inputs are {', '.join(names)}")
    given |= named
    if missing := [name for name in names if name not in given and not is_state(name)]:
        raise ArgumentError(f"{', '.join(missing)}: missing; the inputs are {', '.join(names)}")
    fitted = {tensor.name: _fitted(tensor, given[tensor.name]) for tensor in tensors if tensor.name in given}
    sizes = {name: array.shape[0] for name, array in fitted.items() if array.ndim}
    batch = next(iter(sizes.values()), 1)
    if other := [f"{name} {size}" for name, size in sizes.items() if size != batch]:
        raise ArgumentError(f"{', '.join(other)}: another batch size than that of {next(iter(sizes))}, {batch}")
    return [
        fitted[t.name] if t.name in fitted else np.zeros((batch, *(size or 1 for size in t.shape[1:])), t.dtype)
        for t in tensors
    ]


def _fitted(tensor: Tensor, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ArgumentError(f"{tensor.name}: no array ({error}), {shape_text(tensor)} wanted") from error
    if not array.size:  # some runtimes end the process over it
        raise ArgumentError(f"{tensor.name}: shape {array.shape} given, which is empty")
    if array.dtype.name != tensor.dtype:
        whole = array.dtype.kind in "iu"
        fits = whole and (tensor.dtype.startswith("float") or "int" in tensor.dtype)
        if not fits and not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
            raise ArgumentError(f"{tensor.name}: {array.dtype} given, {shape_text(tensor)} wanted")
        if whole and "int" in tensor.dtype:
            limits = np.iinfo(tensor.dtype)
            if array.min() < limits.min or array.max() > limits.max:
                worst = array.min() if array.min() < limits.min else array.max()
                raise ArgumentError(f"{tensor.name}: {worst} does not fit into {tensor.dtype}")
        array = array.astype(tensor.dtype)
    fits = len(array.shape) == len(tensor.shape) and all(
        want in (None, size) for size, want in zip(array.shape, tensor.shape, strict=True)
    )
    if not fits:
        raise ArgumentError(f"{tensor.name}: shape {array.shape} given, {shape_text(tensor)} wanted")
    return np.ascontiguousarray(array)


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
