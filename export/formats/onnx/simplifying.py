"""Fewer nodes for the same numbers in a converted ONNX graph: where a call is one token, every node counts.

Three things that tf2onnx writes at length become one node:

- looking up ids, of which Keras wraps negative ones: `Gather` does so itself;
- the product of `(batch, time, in)` and a weight: `MatMul` takes any number of axes before the last;
- a new shape that keeps sizes where they are: a 0 in the shape that `Reshape` is given keeps one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .graph import graphs
from .nodes import Layer

MOST_SIZES = 32
"""Most numbers of a constant that may be a shape, or places in one."""

Size = int | tuple[str, int]
"""A size in a shape: a number, or that of an axis of a tensor."""


def simplify(model: Any, layers: Sequence[Layer], domain: str) -> None:
    """Replace groups of nodes that a single node can replace.

    Args:
        model: The ONNX model, with stand-ins for its recurrent nodes.
        layers: What they stand for.
        domain: The operator set of the stand-ins.
    """
    known = _known(model, layers, domain)
    for graph in graphs(model.graph):
        for node in graph.node:
            if node.op_type == "Gather":
                _wrap(known, node)
            elif node.op_type == "Reshape" and not _multiply(known, node):
                _keep(known, node, model.graph)
    _drop_unused(model.graph)


@dataclass
class _Known:
    """What is known of the tensors of a model; names are different in all its graphs.

    Attributes:
        makers: The node that a tensor comes from.
        constants: Those that are constant.
        shapes: Sizes of axes, None where one is free; of tensors whose number of axes is known.
    """

    makers: dict[str, Any] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    shapes: dict[str, list[int | None]] = field(default_factory=dict)

    def made(self, name: str, kind: str) -> Any:
        """Return the node that a tensor comes from, if it is of this kind."""
        node = self.makers.get(name)
        return node if node is not None and node.op_type == kind and node.domain == "" else None

    def numbers(self, name: str) -> list[int] | None:
        """Return the integers of a constant with one axis or none."""
        import onnx

        tensor = self.constants.get(name)
        if tensor is None or len(tensor.dims) > 1 or np.prod(tensor.dims) > MOST_SIZES:
            return None
        array = onnx.numpy_helper.to_array(tensor)
        return None if array.dtype.kind not in "iu" else [int(number) for number in array.ravel()]

    def sizes(self, name: str) -> list[Size] | None:
        """Return what a tensor of sizes contains, where it is known."""
        if (numbers := self.numbers(name)) is not None:
            return list(numbers)
        if cast := self.made(name, "Cast"):
            return self.sizes(cast.input[0])
        if shape := self.made(name, "Shape"):
            axes = self.shapes.get(shape.input[0])
            return None if axes is None or shape.attribute else [(shape.input[0], i) for i in range(len(axes))]
        if join := self.made(name, "Concat"):
            parts = [self.sizes(part) for part in join.input]
            return None if any(part is None for part in parts) else [size for part in parts for size in part or ()]
        if alone := self.made(name, "Unsqueeze"):
            found = self.sizes(alone.input[0])
            return found if found is not None and len(found) == 1 else None
        return self._some(name)

    def _some(self, name: str) -> list[Size] | None:
        """Return the sizes that a `Gather` or a `Slice` takes of others."""
        if pick := self.made(name, "Gather"):
            sizes, places = self.sizes(pick.input[0]), self.numbers(pick.input[1])
            return None if sizes is None or places is None or _axis(pick) else [sizes[i] for i in places]
        if part := self.made(name, "Slice"):
            sizes, given = self.sizes(part.input[0]), [self.numbers(each) for each in part.input[1:]]
            if sizes is not None and all(each is not None and len(each) == 1 for each in given):
                start, stop, axis, step = [each[0] for each in given if each] + [0, 1][len(given) - 2 :]
                return sizes[start:stop] if (axis, step) == (0, 1) else None
        return None


def _axis(node: Any) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)


def _known(model: Any, layers: Sequence[Layer], domain: str) -> _Known:
    """Collect what is known, shapes by ONNX's own inference."""
    import onnx

    typed, known = onnx.ModelProto(), _Known()
    typed.CopyFrom(model)
    del typed.graph.value_info[:]
    for node in (node for node in model.graph.node if node.domain == domain):
        layer = layers[node.attribute[0].i]  # its outputs: the hidden states of each cell, then last states
        for cell, name in zip(layer.cells, node.output, strict=False):
            typed.graph.value_info.append(
                onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, None, cell.units])
            )
    for graph in graphs(onnx.shape_inference.infer_shapes(typed).graph):
        for value in (*graph.input, *graph.value_info):
            if value.type.tensor_type.HasField("shape"):
                sizes = value.type.tensor_type.shape.dim
                known.shapes[value.name] = [d.dim_value if d.HasField("dim_value") else None for d in sizes]
    for graph in graphs(model.graph):
        known.constants.update((tensor.name, tensor) for tensor in graph.initializer)
        for node in graph.node:
            known.makers.update(dict.fromkeys(node.output, node))
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                known.constants[node.output[0]] = node.attribute[0].t
    return known


def _wrap(known: _Known, node: Any) -> None:
    """Connect a `Gather` to the ids themselves, where negative ones were made to count from the end of the table."""
    table, choice = known.constants.get(node.input[0]), _choice(known, node.input[1])
    if table is None or choice is None or _axis(node):
        return
    condition, wrapped, ids = choice
    less, add = known.made(condition, "Less"), known.made(wrapped, "Add")
    if less is None or add is None or known.shapes.get(node.input[1]) != known.shapes.get(ids):
        return
    asked, zero = known.made(less.input[0], "Cast"), known.constants.get(less.input[1])
    if ids not in (less.input[0], *(asked.input if asked else ())) or zero is None:
        return
    if _zero(zero) and [known.numbers(name) for name in add.input if name != ids] == [[table.dims[0]]]:
        node.input[1] = ids


def _zero(tensor: Any) -> bool:
    import onnx

    return np.prod(tensor.dims) == 1 and not onnx.numpy_helper.to_array(tensor).any()


def _choice(known: _Known, name: str) -> tuple[str, str, str] | None:
    """Return condition and both values of a choice: a `Where`, or tf2onnx's sum of products for integers."""
    if where := known.made(name, "Where"):
        return where.input[0], where.input[1], where.input[2]
    total = known.made(name, "Add")
    halves = [known.made(part, "Mul") for part in total.input] if total else []
    found: dict[bool, tuple[str, str]] = {}
    for half in (half for half in halves if half):
        for mask, value in (tuple(half.input), tuple(reversed(half.input))):
            if cast := known.made(mask, "Cast"):
                no = known.made(cast.input[0], "Not")
                found[no is None] = (no.input[0] if no else cast.input[0], value)
    if len(found) < 2 or found[True][0] != found[False][0]:
        return None
    return *found[True], found[False][1]


def _multiply(known: _Known, node: Any) -> bool:
    """Merge into one product a `Reshape` to rows, a product with a weight, and the `Reshape` back."""
    product = known.made(node.input[0], "MatMul")
    rows = known.made(product.input[0], "Reshape") if product else None
    weight = known.constants.get(product.input[1]) if product else None
    if rows is None or weight is None or len(weight.dims) != 2:
        return False
    x, (inner, outer) = rows.input[0], weight.dims
    shape, sizes = known.shapes.get(x), known.sizes(node.input[1])
    if not shape or sizes is None or known.numbers(rows.input[1]) != [-1, inner] or len(sizes) != len(shape):
        return False
    # One size may follow from the others.
    kept = [size in ((x, i), shape[i]) for i, size in enumerate(sizes[:-1])]
    if sizes[-1] != outer or any(size != -1 for size, same in zip(sizes, kept, strict=False) if not same):
        return False
    if shape[-1] not in (None, inner):
        return False
    node.op_type = "MatMul"
    node.input[:] = [x, product.input[1]]
    del node.attribute[:]
    return True


def _keep(known: _Known, node: Any, graph: Any) -> None:
    """Connect a `Reshape` to a constant shape, with 0 for sizes that stay where they are."""
    import onnx

    sizes = None if node.attribute or node.input[1] in known.constants else known.sizes(node.input[1])
    if not sizes or any(size == 0 or (isinstance(size, tuple) and size != (node.input[0], i))
                        for i, size in enumerate(sizes)):  # fmt: skip
        return
    name = f"{node.output[0]}/shape"
    shape = np.array([0 if isinstance(size, tuple) else size for size in sizes], np.int64)
    graph.initializer.append(onnx.numpy_helper.from_array(shape, name))
    node.input[1] = name


def _drop_unused(outer: Any) -> None:
    """Remove nodes, and constants of the outer graph, that nothing uses."""
    every = graphs(outer)
    uses = Counter(name for graph in every for node in graph.node for name in node.input)
    uses.update(value.name for graph in every for value in graph.output)
    for graph in reversed(every):  # inner ones first
        for i in reversed(range(len(graph.node))):
            if not any(uses[name] for name in graph.node[i].output):
                uses.subtract(graph.node[i].input)
                del graph.node[i]
    kept = [tensor for tensor in outer.initializer if uses[tensor.name]]
    del outer.initializer[:]
    outer.initializer.extend(kept)
