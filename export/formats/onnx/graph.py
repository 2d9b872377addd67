"""Changes to a converted ONNX graph: missing operators, recurrent nodes in place of stand-ins, quantized weights."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zoo.runtime.onnx.checking import MICROSOFT

from ...tracing.cells import STATES
from .. import MissingOperator
from .builder import Builder, product, rowwise, stored
from .nodes import Layer, build

DOMAIN = "rnn_zoo.stand_in"
SMALL = 1024  # numbers: weights with fewer stay as they are
OUTPUTS = {"Conv": 0, "ConvTranspose": 1}  # the axis of a weight that is its node's outputs, where it is not the last


def graphs(graph: Any) -> list[Any]:
    """List a graph and its subgraphs, outer ones first."""
    inner = [a.g for node in graph.node for a in node.attribute if a.HasField("g")]
    return [graph, *(deeper for one in inner for deeper in graphs(one))]


def rewrite(model: Any, change: Callable[[Any], list[Any]], inside: bool = True) -> None:
    """Replace every node by the nodes that `change(node)` returns; with `inside` in subgraphs too."""
    for graph in reversed(
        graphs(model.graph) if inside else [model.graph]
    ):  # inner ones first: what is put back is a copy
        nodes = [new for node in graph.node for new in change(node)]
        del graph.node[:]
        graph.node.extend(nodes)


def _rename(graph: Any, name: str, other: str) -> None:
    """Rename an input of the nodes of a graph and of its subgraphs."""
    for node in (node for one in graphs(graph) for node in one.node):
        node.input[:] = [other if taken == name else taken for taken in node.input]


def add_erfc(model: Any) -> None:
    """Write `1 - Erf` for the Erfc of Keras's gelu, which ONNX does not have."""
    import onnx

    def written(node: Any) -> list[Any]:
        if node.op_type != "Erfc":
            return [node]
        [x], [y] = node.input, node.output
        one, make = onnx.numpy_helper.from_array(np.float32(1)), onnx.helper.make_node
        return [
            make("Constant", [], [f"{y}/one"], value=one),
            make("Erf", [x], [f"{y}/erf"]),
            make("Sub", [f"{y}/one", f"{y}/erf"], [y]),
        ]

    rewrite(model, written)


def check_known(model: Any) -> None:
    """Look for operators that tf2onnx had no translation for and left as they were.

    Raises:
        MissingOperator: There is one.
    """
    import onnx

    for graph in graphs(model.graph):
        for node in graph.node:
            if node.domain == "" and not onnx.defs.has(node.op_type):
                raise MissingOperator(node.op_type, node.name)


def expand(model: Any, layers: Sequence[Layer]) -> None:
    """Replace the stand-ins by recurrent nodes."""
    import onnx

    def expanded(node: Any) -> list[Any]:
        if node.domain != DOMAIN:
            return [node]
        layer, b = layers[node.attribute[0].i], Builder(f"recurrent_{node.attribute[0].i}")
        each, x, given = len(STATES[layer.cells[0].kind]), node.input[0], list(node.input[1:])
        states = [[given.pop(0) for _ in range(each)] for _ in layer.cells]
        hidden, last = build(b, layer, x, states, given[0] if given else "")
        wanted = [*hidden, *(name for names in last for name in names)]
        model.graph.initializer.extend(b.constants)
        return b.nodes + [onnx.helper.make_node("Identity", [a], [z]) for a, z in zip(wanted, node.output, strict=True)]

    rewrite(model, expanded)
    for entry in model.opset_import:
        if entry.domain == DOMAIN:
            entry.domain, entry.version = MICROSOFT, 1


def free_loops(model: Any) -> None:
    """Let bodies of loops read unchanged tensors, such as weights, from outside.

    The runtime would copy them at every step.
    """
    for graph in graphs(model.graph):
        given = {value.name for value in graph.output}
        for node in (node for node in graph.node if node.op_type == "Loop"):
            [body] = [attribute.g for attribute in node.attribute if attribute.name == "body"]
            copies = {inner.output[0]: inner.input[0] for inner in body.node if inner.op_type == "Identity"}
            for i in reversed(range(len(node.input) - 2)):
                mine, passed = body.input[2 + i].name, body.output[1 + i].name
                if copies.get(passed, passed) != mine or node.output[i] in given:
                    continue
                _rename(body, mine, node.input[2 + i])
                _rename(graph, node.output[i], node.input[2 + i])
                del body.input[2 + i], body.output[1 + i], node.input[2 + i], node.output[i]


def quantize(model: Any, how: str, inside: bool) -> None:
    """Store the large weights outside the recurrent layers as `float16` or `int8`; the largest products compute so.

    Args:
        model: The ONNX model.
        how: `float16` or `int8`.
        inside: In subgraphs too.
    """
    import onnx

    constants = {tensor.name: tensor for graph in graphs(model.graph) for tensor in graph.initializer}
    b, weights = Builder("quantized"), Builder("stored")  # what is stored becomes a float again once, before any loop
    replaced: dict[str, str] = {}

    def changed(node: Any) -> list[Any]:
        for i, name in enumerate(node.input):
            tensor = constants.get(name)
            if tensor is None or name.startswith("recurrent_") or not _large(tensor):
                continue
            array = onnx.numpy_helper.to_array(tensor)
            if how == "int8" and (node.op_type, i, array.ndim) == ("MatMul", 1, 2) and rowwise(array.size) == "rows":
                found = product(b, node.input[0], array, None, "rows")
                node = onnx.helper.make_node("Identity", [found], node.output)
                break
            if name not in replaced:
                replaced[name] = stored(weights, array, how, OUTPUTS.get(node.op_type))
            node.input[i] = replaced[name]
        before = list(b.nodes)
        b.nodes.clear()
        return [*before, node]

    rewrite(model, changed, inside)
    nodes = [*weights.nodes, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend([*b.constants, *weights.constants])
    used = _used(model.graph)
    for graph in graphs(model.graph):
        kept = [tensor for tensor in graph.initializer if tensor.name in used]
        del graph.initializer[:]
        graph.initializer.extend(kept)


def _large(tensor: Any) -> bool:
    import onnx

    return tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) > 1 and np.prod(tensor.dims) >= SMALL


def _used(graph: Any) -> set[str]:
    """Return the names that nodes take and the graph gives, in subgraphs too."""
    return {
        name
        for one in graphs(graph)
        for names in (*(node.input for node in one.node), [value.name for value in one.output])
        for name in names
    }


def drop_domains(model: Any) -> None:
    """Remove the imports of operator sets that do not occur."""
    used = {node.domain for graph in graphs(model.graph) for node in graph.node}
    kept = [entry for entry in model.opset_import if entry.domain in ("", *used)]
    del model.opset_import[:]
    model.opset_import.extend(kept)
