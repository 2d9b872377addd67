"""Checking of the divisions of an ONNX graph, some of which end the process of ONNX Runtime.

An integer divided by 0, or the smallest one by -1, is no error there but a signal of the processor, already when a
file is opened. Such a division is run only if its divisor is neither whatever the inputs are: a constant, a size of an
input, or the larger one of anything and a constant. A convolution of 0 groups is such a division, too.

What is not known to be a float is taken for an integer. ONNX Runtime compares the types that a file declares with
those that follow from its operators, which is why declared types count, too.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.errors import ArtifactError
from zoo.runtime.onnx.wire import Reader

FLOATS = frozenset([1, 10, 11, 16])
"""Types of a tensor whose numbers are floats."""
INTEGERS: dict[int, Any] = {
    2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 12: np.uint32, 13: np.uint64,
}  # fmt: skip
"""Type of a tensor of integers → NumPy's."""
Bounds = tuple[int, int]
"""Smallest and largest number that a tensor may have."""
SIZES: Bounds = (1, 2**31 - 1)
POSITIVE: Bounds = (1, 2**64 - 1)
DIVISIONS = ("Div", "Mod")
ALIKE = ("Add", "Concat", "Div", "Max", "Mean", "Min", "Mul", "Sub", "Sum")
"""Operators whose inputs are of one type."""
EVERY = ("GRU", "LSTM", "RNN", "Split")
"""Operators all of whose outputs have the type of the first input."""
ALWAYS = ("DequantizeLinear", "DynamicQuantizeMatMul", "MatMulIntegerToFloat")
"""Operators whose output is a float."""
WITHOUT = """
    And ArgMax ArgMin ConvInteger Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual MatMulInteger NonZero Not Or
    QLinearAdd QLinearConv QLinearMatMul QLinearMul QuantizeLinear Shape Size Xor
"""
NEVER = frozenset(WITHOUT.split())
"""Operators whose output is no float, though an input may be."""
TYPED_BY = {"CastLike": 1, "Where": 1, "OneHot": 2}
"""Operator → its input whose type the output has, where that is not the first one."""
PICKING = ("Expand", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Squeeze", "Tile", "Transpose", "Unsqueeze")
"""Operators whose outputs have no other numbers than their first input."""


@dataclass(frozen=True)
class Scope:
    """What is known of the tensors of a graph, as far as it has been read.

    Attributes:
        outer: That of the graph around it.
        defined: Names of all its tensors. ONNX Runtime sorts the nodes, so that a name may be used before it stands.
        floats: Names of those that are floats.
        divisors: Name of each tensor of integers that has no 0 and no -1 → its bounds.
        sized: Names of the inputs of a model none of whose sizes is 0.
    """

    outer: "Scope | None"
    defined: set[str]
    floats: set[str] = field(default_factory=set)
    divisors: dict[str, Bounds] = field(default_factory=dict)
    sized: set[str] = field(default_factory=set)

    def of(self, name: str) -> "Scope | None":
        """Return the scope that a name is of."""
        scope: Scope | None = self
        while scope is not None and name not in scope.defined:
            scope = scope.outer
        return scope

    def is_float(self, name: str) -> bool:
        """Return whether a tensor is known to be of floats."""
        scope = self.of(name)
        return scope is not None and name in scope.floats

    def bounds(self, name: str) -> Bounds | None:
        """Return the bounds of a tensor of integers if it has no 0 and no -1, else None."""
        scope = self.of(name)
        return None if scope is None else scope.divisors.get(name)

    def is_sized(self, name: str) -> bool:
        """Return whether a tensor is an input none of whose sizes is 0."""
        scope = self.of(name)
        return scope is not None and name in scope.sized


def check_divisions(content: bytes, graph: Any, outer: Scope | None = None) -> Scope:
    """Check that no division of a graph, or of those inside it, ends the process.

    Args:
        content: The file.
        graph: The graph, whose operators and constants have been checked.
        outer: What is known of the graph around it.

    Returns:
        What is known of its tensors.

    Raises:
        ArtifactError: A divisor may be 0 or -1.
    """
    scope, declared = _scope(content, graph, outer)
    for node in graph.nodes:
        bodies = [a.graph for a in node.attributes if a.graph is not None]
        inner = [(body, check_divisions(content, body, scope)) for body in bodies]
        _check_node(node, scope)
        types = dict(zip(node.outputs, _floats(node, scope, inner), strict=False))
        for name in node.outputs:
            if name in declared and (types.get(name) or declared[name]):
                scope.floats.add(name)
        bounds = _bounds(content, node, scope)
        if bounds is not None and node.outputs and node.outputs[0] in declared:
            scope.divisors[node.outputs[0]] = bounds
    return scope


def _check_node(node: Any, scope: Scope) -> None:
    """Check a node that divides, or has groups.

    Raises:
        ArtifactError: It may end the process.
    """
    what = f"operator {node.kind} {node.name or ''}".strip()
    floats, divisor = any(map(scope.is_float, node.inputs[:2])), "".join(node.inputs[1:2])
    if node.kind in DIVISIONS and not floats and scope.bounds(divisor) is None:
        raise ArtifactError(
            f"{what}: it divides integers by what may be 0 or -1. Divide by another constant, by "
            "maximum(n, 1), or divide floats"
        )
    if any(a.name == "group" and (a.i or 0) < 1 for a in node.attributes):
        raise ArtifactError(f"{what}: less than 1 group")


def _scope(content: bytes, graph: Any, outer: Scope | None) -> tuple[Scope, dict[str, bool]]:
    """Return what the declarations of a graph say, and whether each output of a node that stands once is a float.

    A name that stands several times says nothing: the runtime takes the last of several constants.
    """
    inputs = {value.name: value for value in graph.inputs}
    constants = {tensor.name: tensor for tensor in graph.initializers}
    count = Counter([*(set(inputs) - set(constants)), *(tensor.name for tensor in graph.initializers)])
    count.update(name for node in graph.nodes for name in node.outputs)
    scope = Scope(outer, set(count) - {""})
    types = {v.name: _type(v) for v in [*graph.values, *graph.outputs]}
    for name, tensor in constants.items():
        if count[name] == 1 and tensor.type in FLOATS:
            scope.floats.add(name)
        elif count[name] == 1 and name not in inputs and (bounds := _whole(content, tensor)) is not None:
            scope.divisors[name] = bounds
    for name, value in inputs.items():
        if count[name] == 1 and name not in constants:
            if _type(value) in FLOATS:
                scope.floats.add(name)
            if outer is None and all(size is None or 1 <= size <= SIZES[1] for size in _sizes(value)):
                scope.sized.add(name)
    made = ((name, node.kind) for node in graph.nodes for name in node.outputs if name and count[name] == 1)
    return scope, {name: kind != "Constant" and types.get(name) in FLOATS for name, kind in made}


def _type(value: Any) -> int | None:
    return value.type.tensor.type if value.type is not None and value.type.tensor is not None else None


def _sizes(value: Any) -> list[int | None]:
    tensor = value.type.tensor if value.type is not None else None
    return [size.value for size in tensor.shape.dims] if tensor is not None and tensor.shape is not None else []


def _floats(node: Any, scope: Scope, inner: list[tuple[Any, Scope]]) -> list[bool]:
    """Return which outputs of a node are known to be floats, as far as their types follow from its inputs."""
    attributes = {attribute.name: attribute for attribute in node.attributes}
    kind, first = node.kind, bool(node.inputs) and scope.is_float(node.inputs[0])
    if inner:
        body, known = inner[0]
        return [known.is_float(value.name) for value in body.outputs[1 if kind == "Loop" else 0 :]]
    if kind == "Constant":
        alone = next(iter(attributes.values())) if len(node.attributes) == 1 else None
        if alone is None or alone.name != "value":
            return [alone is not None and alone.name in ("value_float", "value_floats")]
        return [alone.tensor is not None and alone.tensor.type in FLOATS]
    if kind == "ConstantOfShape":
        tensor = attributes["value"].tensor if "value" in attributes else None
        return ["value" not in attributes or (tensor is not None and tensor.type in FLOATS)]
    if kind == "Cast":
        return ["to" in attributes and attributes["to"].i in FLOATS]
    if kind == "DynamicQuantizeLinear":
        return [False, True]
    if kind in NEVER:
        return [False]
    if kind in TYPED_BY:
        return [len(node.inputs) > TYPED_BY[kind] and scope.is_float(node.inputs[TYPED_BY[kind]])]
    if kind in ALIKE:
        return [any(map(scope.is_float, node.inputs))]
    return [kind in ALWAYS or first] * (len(node.outputs) if kind in EVERY else 1)


def _bounds(content: bytes, node: Any, scope: Scope) -> Bounds | None:
    """Return the bounds of the first output of a node if it is of integers without 0 and -1, else None."""
    first = scope.bounds(node.inputs[0]) if node.inputs else None
    if node.kind == "Constant":
        only = node.attributes[0] if len(node.attributes) == 1 else None
        if only is not None and only.tensor is not None:
            return _whole(content, only.tensor)
        if only is not None and only.name in ("value_int", "value_ints"):
            return _without(np.asarray(only.ints if only.name == "value_ints" else [only.i or 0], np.int64))
        return None
    if node.kind == "Shape":
        return SIZES if node.inputs and scope.is_sized(node.inputs[0]) else None
    if node.kind == "Cast":
        dtype = next((INTEGERS.get(a.i) for a in node.attributes if a.name == "to"), None)
        return first if first is not None and dtype is not None and _fits(first, dtype) else None
    if node.kind == "Max":
        given = [bounds for name in node.inputs if (bounds := scope.bounds(name)) is not None]
        return POSITIVE if any(bounds[0] > 0 for bounds in given) else None
    return first if node.kind in PICKING else None


def _whole(content: bytes, tensor: Any) -> Bounds | None:
    """Return the bounds of a constant of integers without 0 and -1, else None."""
    dtype = INTEGERS.get(tensor.type)
    if dtype is None or tensor.location or tensor.external:
        return None
    if tensor.raw is not None:
        return _without(np.frombuffer(content[slice(*tensor.raw)], dtype))
    spans = {7: tensor.int64s, 12: tensor.uint64s, 13: tensor.uint64s}.get(tensor.type, tensor.int32s)
    numbers = [n for a, b in spans for n in Reader(content).numbers("int", a, b)]
    # The runtime cuts larger numbers down, perhaps to 0.
    if not _fits((min(numbers, default=1), max(numbers, default=1)), dtype):
        return None
    return _without(np.asarray(numbers, dtype))


def _without(numbers: np.ndarray) -> Bounds | None:
    """Return the bounds of integers, or None if there is a 0 or -1."""
    safe = bool(((numbers > 0) | (numbers < -1)).all())
    return (int(numbers.min(initial=1)), int(numbers.max(initial=1))) if safe else None


def _fits(bounds: Bounds, dtype: Any) -> bool:
    return bounds[0] >= np.iinfo(dtype).min and bounds[1] <= np.iinfo(dtype).max
