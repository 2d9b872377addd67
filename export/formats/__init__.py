"""Formats, one file each: how a network becomes an artifact, what opens it, and what it must and must not contain.

A format file defines `FORMAT`. Nothing here imports TensorFlow until something is converted (or a SavedModel opened).
"""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ArgumentError

FORMS = {"sequence": None, "step": 1}
"""Form → length of the time axis; None is any."""


@dataclass(frozen=True)
class Tensor:
    """Name, shape (None where any size is taken) and dtype of an input or output."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def in_order(names: Iterable[str]) -> list[str]:
    """Sort the names of inputs or outputs: x or y, then layer by layer, h before c.

    Example:
        >>> in_order(["c0_1", "c0_0", "x", "h0_1", "h0_0"])
        ['x', 'h0_0', 'c0_0', 'h0_1', 'c0_1']
    """
    return sorted(names, key=lambda name: (name not in ("x", "y"), name.rpartition("_")[2].zfill(3), name[0] != "h"))


@dataclass(frozen=True)
class Signature:
    """The face of an artifact: `x, h0_0, c0_0, …` in, `y, hn_0, cn_0, …` out."""

    form: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True)
class Format:
    """One artifact format.

    Attributes:
        name: Its name in `export.save(format=…)`.
        suffix: End of its file names; empty for a folder.
        tolerance: Largest difference from Keras that passes, relative to the larger of 1 and the value.
        convert: `(network, signature, path)`: write the bare artifact.
        open: `path` → engine.
        embed: `(path, manifest)`: put the manifest into the artifact.
        manifest: `path` → the manifest it carries, checked against the artifact's bytes.
        operators: `path` → operator name of every node, subgraphs included.
        native: Cell → operator that each recurrent layer must have become; empty where it may be a loop.
        forbidden: Beginnings of operator names that must not occur.
    """

    name: str
    suffix: str
    tolerance: float
    convert: Callable[[Any, Signature, Path], None]
    open: Callable[[Path], "BoundEngine"]
    embed: Callable[[Path, Mapping[str, str]], None]
    manifest: Callable[[Path], dict[str, str]]
    operators: Callable[[Path], list[str]]
    native: Mapping[str, str] = field(default_factory=dict)
    forbidden: Sequence[str] = ()


class BoundEngine:
    """An opened artifact.

    Args:
        name: Format name.
        signature: What the opened artifact says of itself.
        run: Function of the inputs, in the order of the signature, that gives the outputs.
        owner: What must live as long as the engine, where the runtime itself does not see to it.
    """

    def __init__(
        self,
        name: str,
        signature: Signature,
        run: Callable[[list[np.ndarray]], list[np.ndarray]],
        owner: object = None,
    ) -> None:
        self.name, self.signature, self.run, self.owner = name, signature, run, owner

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """Give the state before the first step: zeros, `(batch, units)` each."""
        return [np.zeros((batch, *t.shape[1:]), np.float32) for t in self.signature.inputs[1:]]  # type: ignore[arg-type]

    def step(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x (batch, time, …)` from a state; give `y (batch, time, classes)` and the new state."""
        if FORMS[self.signature.form] is None or x.shape[1] == 1:
            y, *new = self.run([x, *state])
            return y, new
        parts = []
        for i in range(x.shape[1]):
            part, *state = self.run([x[:, i : i + 1], *state])
            parts.append(part)
        return np.concatenate(parts, axis=1), list(state)


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
