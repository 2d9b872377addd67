"""Inputs and outputs of an artifact: tensors, signatures, and how arrays are bound to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.states import is_state, output_name
from zoo.core.validation import limits
from zoo.errors import ArgumentError, ArtifactError

MOST_AXES = 32
FORMS = {"sequence": None, "step": 1, "generate": None}
"""Form → length of the time axis; None is any."""
SERVING = "serving_default"
"""The signature that TensorFlow Serving and others call unless told otherwise."""
ANY_SHAPE: tuple[int | None, ...] = (-1,)
"""Shape of a tensor of any number of axes, which a SavedModel of another tool may have."""


@dataclass(frozen=True)
class Tensor:
    """Name, shape (None where any size is taken) and dtype of an input or output."""

    name: str = limits(shortest=1, longest=1000)
    shape: tuple[int | None, ...] = limits(longest=MOST_AXES, each={"least": 1})
    dtype: str = limits(pattern="bool|string|object|bfloat16|(u?int|float|complex)[0-9]+|float8_\\w+")


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
        pairs = [(i, leaving.get(output_name(t.name))) for i, t in enumerate(self.inputs) if is_state(t.name)]
        return [(i, o) for i, o in pairs if o is not None]

    def text(self) -> str:
        """Return the signature in one line."""

        def show(tensors: Sequence[Tensor]) -> str:
            return ", ".join(f"{tensor.name} {shape_text(tensor)}" for tensor in tensors)

        return f"{show(self.inputs)} → {show(self.outputs)}"

    def ordered(self, other: "Signature") -> "Signature":
        """Return this signature with its tensors in the order of another one; those that it lacks come last."""

        def by(mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> tuple[Tensor, ...]:
            places = {tensor.name: i for i, tensor in enumerate(theirs)}
            return tuple(sorted(mine, key=lambda tensor: places.get(tensor.name, len(places))))

        return Signature(other.form, by(self.inputs, other.inputs), by(self.outputs, other.outputs))


@dataclass(frozen=True)
class Face:
    """One way to call a model: the model and the signature of the artifact."""

    source: Any
    signature: Signature

    @property
    def form(self) -> str:
        """Row of `FORMS`."""
        return self.signature.form


def default_of(path: Path, found: Mapping[str, Signature]) -> Signature:
    """Return the signature of an artifact of another tool that is opened unless one is chosen.

    Args:
        path: The artifact.
        found: Its signatures, at least one.

    Raises:
        ArtifactError: There are several, and no default.
    """
    if SERVING not in found and len(found) > 1:
        name = next(iter(found))
        raise ArtifactError(
            f"{path} has the signatures {', '.join(found)} and no {SERVING}: choose one, such as form={name!r}"
        )
    return found[SERVING] if SERVING in found else next(iter(found.values()))


def shape_text(tensor: Tensor) -> str:
    """Return dtype and shape of a tensor, such as `float32[any, any, 8]`."""
    sizes = ", ".join("any" if size is None else str(size) for size in tensor.shape)
    return f"{tensor.dtype}[{'any shape' if tensor.shape == ANY_SHAPE else sizes}]"


def bind(tensors: Sequence[Tensor], arrays: Sequence[Any], named: Mapping[str, Any]) -> list[np.ndarray]:
    """Bind arrays to inputs: in their order, dtypes and shapes.

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
    if tensor.dtype == "string":
        if array.dtype.kind not in "USO" or not all(isinstance(text, (str, bytes)) for text in array.ravel()):
            raise ArgumentError(f"{tensor.name}: {array.dtype} given, {shape_text(tensor)} wanted")
        array = array.astype(object)
    elif array.dtype.name != tensor.dtype:
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
    if not fits and tensor.shape != ANY_SHAPE:
        raise ArgumentError(f"{tensor.name}: shape {array.shape} given, {shape_text(tensor)} wanted")
    return np.ascontiguousarray(array)
