"""Checking of TFLite files before they are run: the interpreter trusts them, and a bad one ends the process.

Each tensor must be there before it is used, with the bytes of its shape; each operator must be one of `OPERATORS`, used
in one of its ways, with constants in range; graphs may call one another, but not themselves.
"""

import contextlib
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from zoo.errors import ArtifactError

from .rules import LARGEST, RANK, RULES, check_numbers, natural, refuse
from .schema import QUANTIZED, TYPES, Pattern, Slot
from .structure import read, read_options

CALLS = 10_000  # ways from the first graph to another


def checked(path: Path, content: bytes) -> SimpleNamespace:
    """Check a TFLite file; return its model.

    Raises:
        ArtifactError: Something in it is damaged or would do more than compute.
    """
    with named(path):
        model = read(content)
    try:
        read_options(content, model)
        _Checker(content, model).check()
    except ArtifactError as error:
        raise ArtifactError(
            f"{path} is damaged, or has what is not run here: {error}. Export the Keras model with export.save"
        ) from error
    return model


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Add the name of a file to errors about its structure inside the block."""
    try:
        yield
    except ArtifactError as error:
        raise ArtifactError(f"{path} is not a TFLite file, or is damaged: {error}") from error


class _Checker:
    """Checks a model that has been read."""

    def __init__(self, content: bytes, model: Any) -> None:
        self.content, self.model = content, model
        self.graphs, self.buffers = model.graphs or [], model.buffers or []

    def check(self) -> None:
        refuse(self.model.version != 3, "it", f"has version {self.model.version} of the format, not 3")
        refuse(not self.graphs, "it", "has no graph")
        for i, graph in enumerate(self.graphs):
            for k, tensor in enumerate(graph.tensors or []):
                self.tensor(tensor, f"graph {i}, tensor {k}")
        for i, graph in enumerate(self.graphs):
            self.graph(graph, f"graph {i}")
        self.calls()
        for signature in self.model.signatures or []:
            self.signature(signature)

    def tensor(self, tensor: Any, what: str) -> None:
        """Check type, shape, constant and scales of a tensor; note its letter and its number of numbers."""
        refuse(tensor.type not in TYPES, what, f"type {tensor.type} is not accepted")
        tensor.letter, width, _ = TYPES[tensor.type]
        tensor.shape, free = tensor.shape or (), tensor.free or ()
        empty = tensor.shape == (0,)  # no axes, or no sizes
        refuse(
            len(tensor.shape) > RANK or (not empty and any(n < 1 for n in tensor.shape)), what, f"shape {tensor.shape}"
        )
        refuse(free and len(free) != len(tensor.shape), what, f"shapes {tensor.shape} and {free}")
        refuse(any(a not in (-1, b) for a, b in zip(free, tensor.shape, strict=False)), what, f"shape {free}")
        tensor.count, tensor.empty, tensor.natural = math.prod(tensor.shape), False, False
        refuse(tensor.count > LARGEST, what, f"{tensor.count} numbers, at most {LARGEST} are accepted")
        refuse(tensor.buffer >= len(self.buffers), what, f"buffer {tensor.buffer} of {len(self.buffers)}")
        begin, length = self.buffers[tensor.buffer].data or (0, 0)
        tensor.constant = (begin, length) if length else None
        if tensor.constant:
            refuse(tensor.letter == "t", what, "constant texts are not accepted")
            refuse(length != tensor.count * width, what, f"{length} bytes for the shape {tensor.shape}")
            refuse(tensor.variable or -1 in free, what, "it is a constant that changes")
        refuse(tensor.variable and -1 in free, what, "a variable of any size")
        self.scales(tensor, what)

    def scales(self, tensor: Any, what: str) -> None:
        """Check the scales of a tensor; note whether it has any."""
        given = tensor.quantization
        scale, zero = (given.scale or (), given.zero or ()) if given else ((), ())
        tensor.scaled = bool(scale)
        if not scale:
            refuse(zero, what, "it has zero points and no scales")
            return
        refuse(len(zero) not in (0, len(scale)), what, f"{len(scale)} scales and {len(zero)} zero points")
        refuse(not all(1e-30 < value < 1e9 for value in scale), what, "a scale that is not positive")
        least, most = {"c": (-128, 127), "u": (0, 255), "s": (-(2**15), 2**15 - 1)}.get(tensor.letter, (0, 0))
        refuse(not all(least <= value <= most for value in zero), what, "a zero point out of range")
        if len(scale) > 1:
            sizes = tensor.shape[given.axis : given.axis + 1] if given.axis >= 0 else ()
            refuse(sizes != (len(scale),), what, f"{len(scale)} scales for the axis {given.axis} of {tensor.shape}")

    def graph(self, graph: Any, what: str) -> None:
        """Check that a graph computes each tensor once, and before it is used."""
        graph.tensors = graph.tensors or []
        graph.inputs, graph.outputs = graph.inputs or (), graph.outputs or ()
        count = len(graph.tensors)
        refuse(any(not 0 <= i < count for i in (*graph.inputs, *graph.outputs)), what, "it takes or gives no tensor")
        refuse(len({*graph.inputs}) < len(graph.inputs), what, "it takes a tensor twice")
        graph.callees = []
        empty = graph is self.graphs[0] and any(not graph.tensors[i].count for i in graph.inputs)
        refuse(empty, what, "it takes a tensor without numbers")
        fixed = {
            i for i, t in enumerate(graph.tensors) if t.constant or t.variable or (not t.count and t.letter != "t")
        }
        refuse(any(graph.tensors[i].constant or graph.tensors[i].variable for i in graph.inputs), what,
               "it takes a constant")  # fmt: skip
        ready = fixed | {*graph.inputs}
        made = {*graph.inputs, *(i for i in fixed if graph.tensors[i].count)}
        for operator in graph.operators or []:
            self.operator(graph, operator, ready, made)
        refuse(not ready >= {*graph.outputs}, what, "it gives a tensor that nothing computes")

    def operator(self, graph: Any, operator: Any, ready: set[int], made: set[int]) -> None:
        """Check the tensors of an operator, and what it is told."""
        what, count = operator.what, len(graph.tensors)
        inputs, outputs, inner = operator.inputs or (), operator.outputs or (), operator.inner or ()
        for i in (*inputs, *inner):
            refuse(not -1 <= i < count, what, f"it takes tensor {i} of {count}")
        for i in inputs:
            refuse(i >= 0 and i not in ready, what, f"nothing computes tensor {i} before")
            if i >= 0:
                graph.tensors[i].empty = i not in made
        for i in outputs:
            refuse(not 0 <= i < count, what, f"it computes tensor {i} of {count}")
            refuse(i in made, what, f"it computes tensor {i} again")
            made.add(i)
        refuse(operator.mutating and operator.mutating[1], what, "it changes its inputs")
        ready.update(outputs)
        given = [graph.tensors[i] if i >= 0 else None for i in inputs]
        results = [graph.tensors[i] for i in outputs]
        pattern = next((p for p in operator.row.patterns if _fits(p, given, results)), None)
        refuse(pattern is None, what, f"it does not take {_kinds(given)} and give {_kinds(results)}")
        check_numbers(operator, [self.numbers(tensor) for tensor in given])
        if check := RULES.get(operator.row.name):
            check(self, graph, operator, given, results)
        is_natural = natural(self, operator, given)
        for tensor in results:
            tensor.natural = is_natural

    def numbers(self, tensor: Any) -> np.ndarray | None:
        """Return the numbers of a constant, None of any other tensor."""
        if tensor is None or not (tensor.constant or not tensor.count):
            return None
        begin, _ = tensor.constant or (0, 0)
        return np.frombuffer(self.content, TYPES[tensor.type][2], tensor.count, begin)

    def calls(self) -> None:
        """Check that no graph calls itself, nor others over and over.

        Raises:
            ArtifactError: One does.
        """
        ways: dict[int, int] = {}

        def count(i: int, above: tuple[int, ...]) -> int:
            refuse(i in above or len(above) > 50, f"graph {i}", "it calls itself, or too many others in turn")
            if i not in ways:
                ways[i] = 1 + sum(count(k, (*above, i)) for k in self.graphs[i].callees)
            refuse(ways[i] > CALLS, f"graph {i}", "it calls other graphs over and over")
            return ways[i]

        for i in range(len(self.graphs)):
            count(i, ())

    def signature(self, signature: Any) -> None:
        """Check that a signature names the inputs and outputs of its graph."""
        what = f"signature {signature.key}"
        refuse(signature.graph >= len(self.graphs), what, f"graph {signature.graph} of {len(self.graphs)}")
        graph = self.graphs[signature.graph]
        for entries, tensors in ((signature.inputs, graph.inputs), (signature.outputs, graph.outputs)):
            entries = entries or []
            names = [entry.name for entry in entries]
            refuse(len(set(names)) < len(names) or not all(names), what, "names that are missing or used twice")
            numbers = {entry.tensor for entry in entries}
            refuse(numbers != {*tensors}, what, "its tensors are not those of its graph")

    def called(self, graph: Any, what: str, index: int, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Check that a graph exists which takes and gives such tensors, and note that it is called."""
        refuse(not 0 < index < len(self.graphs), what, f"it calls graph {index} of {len(self.graphs)}")
        other = self.graphs[index]
        for mine, theirs in ((inputs, other.inputs), (outputs, other.outputs)):
            tensors = other.tensors or []
            fits = all(0 <= i < len(tensors) for i in theirs or ())
            kinds = [tensors[i].letter for i in theirs or ()] if fits else None
            refuse(kinds != [t.letter for t in mine], what, f"graph {index} takes or gives other tensors")
        graph.callees.append(index)


def _fits(pattern: Pattern, given: Sequence[Any], results: Sequence[Any]) -> bool:
    """Tell whether tensors are those of a pattern."""
    bound: dict[str, str] = {}
    sides = _matched(pattern.inputs, given, bound) and _matched(pattern.outputs, results, bound)
    small = [t for t in (*given, *results) if t is not None and t.letter in QUANTIZED]
    return sides and not (pattern.scaled and not all(t.scaled for t in small))


def _matched(slots: Sequence[Slot], tensors: Sequence[Any], bound: dict[str, str]) -> bool:
    if slots and slots[0].flags == "..":
        slots = [slots[0]] * len(tensors)
    elif slots and slots[-1].flags == "..":
        slots = [*slots[:-1], *[slots[-1]] * (len(tensors) - len(slots) + 1)]
    least = max((i + 1 for i, slot in enumerate(slots) if "?" not in slot.flags), default=0)
    if not least <= len(tensors) <= len(slots) or (slots and not tensors):
        return False
    return all(_is(slot, tensor, bound) for slot, tensor in zip(slots, tensors, strict=False))


def _is(slot: Slot, tensor: Any, bound: dict[str, str]) -> bool:
    if tensor is None or slot.letter == "-":
        return tensor is None and (slot.letter == "-" or "?" in slot.flags)
    same = slot.letter == "*" or bound.setdefault(slot.letter, tensor.letter) == tensor.letter
    known = not slot.axes or len(tensor.shape) in slot.axes or (not tensor.constant and not tensor.shape)
    told = ("!" not in slot.flags or tensor.constant or not tensor.count) and (
        "#" not in slot.flags or tensor.count == 1
    )
    told &= "~" not in slot.flags or not tensor.constant
    sizes = slot.axes == (1,) and "!" not in slot.flags  # those of a scalar are no numbers
    return bool(same and tensor.letter in slot.types and known and told and (sizes or not tensor.empty))


def _kinds(tensors: Sequence[Any]) -> str:
    names = {letter: name for letter, _, name in TYPES.values()}
    return ", ".join("nothing" if t is None else f"{names[t.letter]} {list(t.shape)}" for t in tensors) or "nothing"
