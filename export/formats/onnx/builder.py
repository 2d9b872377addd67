"""Building blocks of ONNX graphs: nodes, constants, and products whose weights may be stored in fewer bits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.runtime.onnx.checking import MICROSOFT

STORAGES = {"float32": "float32", "float16": "float16", "weights": "int8"}
"""The products that are computed in float32 → how their weights are stored."""

Names = list[str]


@dataclass
class Builder:
    """Collects the nodes and constants of one layer; every name begins with the prefix."""

    prefix: str
    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    count: int = 0  # of all nodes ever added

    def constant(self, value: Any, dtype: Any = np.float32) -> str:
        """Add a constant."""
        import onnx

        name = f"{self.prefix}/constant_{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(np.asarray(value, dtype, order="C"), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], count: int = 1, **attributes: Any) -> Names:
        """Add a node with so many outputs."""
        import onnx

        name = f"{self.prefix}/{kind}_{self.count}"
        self.count += 1
        outputs = [f"{name}:{i}" for i in range(count)]
        self.nodes.append(onnx.helper.make_node(kind, list(inputs), outputs, name=name, **attributes))
        return outputs

    def one(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output."""
        return self.node(kind, inputs, **attributes)[0]


def rounded(array: np.ndarray, top: int, axes: int | tuple[int, ...] = -2) -> tuple[np.ndarray, np.ndarray]:
    """Round to integers between -top and top, with one scale along `axes`: the inputs of a weight `(…, in, out)`.

    Returns:
        int8, and the scales, whose `axes` have size 1.
    """
    scale = np.maximum(np.abs(array).max(axis=axes, keepdims=True), 1e-12) / top
    return np.rint(array / scale).astype(np.int8), scale.astype(np.float32)


FULL, HALF = 127, 64
"""Largest integer weight. Where weights meet integer activations it is half: sums of two products must fit into 16 bits
on processors without VNNI, which saturate otherwise (and err ten times as much)."""


def stored(b: Builder, array: np.ndarray, storage: str, outputs: int | None = None) -> str:
    """Add a weight that is stored small and used in float32; ONNX Runtime converts it at load.

    Its shape is `(…, in, out)`, or any with the axis of the outputs told.
    """
    import onnx

    if storage == "float32":
        return b.constant(array)
    if storage == "float16":
        return b.one("Cast", b.constant(array, np.float16), to=onnx.TensorProto.FLOAT)
    whole, scale = rounded(array, FULL, -2 if outputs is None else tuple({*range(array.ndim)} - {outputs}))
    wide = b.one("Cast", b.constant(whole, np.int8), to=onnx.TensorProto.FLOAT)
    return b.one("Mul", wide, b.constant(scale))


LEAST_INTEGER = 2**16
"""Numbers of a weight from which products over many rows are faster in integers than in float32."""


def rowwise(size: int) -> str:
    """Return the form of an int8 product over many rows, by the size of its weight: one scale a row, or float32."""
    return "rows" if size >= LEAST_INTEGER else "weights"


def product(b: Builder, x: str, weight: np.ndarray, bias: np.ndarray | None, form: str) -> str:
    """Compute `x @ weight (+ bias)` with one scale for each column of the weight, if it is in integers.

    Args:
        b: Where the nodes are added.
        x: Name of the left side, `(…, in)`.
        weight: `(in, out)`.
        bias: `(out,)`.
        form: A row of `STORAGES`: in float32. `rows`: x is rounded to 8 bits with one scale for each of its rows, so
            that a row does not depend on the others of a call. `dynamic`: with one scale for all of x, which is faster
            where x is one row, or where all rows are similar, such as hidden states.
    """
    if form == "rows":
        return _rows(b, x, weight, bias)
    if form in STORAGES:
        out = b.one("MatMul", x, stored(b, weight, STORAGES[form]))
        return out if bias is None else b.one("Add", out, b.constant(bias))
    whole, scale = rounded(weight, HALF)
    scale = scale[0]
    # One scale in the product and the columns' own after it: faster by a quarter than a product with columns' scales.
    extra = [] if bias is None else ["", b.constant(bias / scale)]
    out = b.one("DynamicQuantizeMatMul", x, b.constant(whole, np.int8), b.constant(1.0), *extra, domain=MICROSOFT)
    return b.one("Mul", out, b.constant(scale))


def _rows(b: Builder, x: str, weight: np.ndarray, bias: np.ndarray | None) -> str:
    """Compute a product in integers, with one scale for each row of x: its largest magnitude becomes 127."""
    whole, scale = rounded(weight, HALF)
    middle = b.constant(128, np.uint8)  # of x, which the runtime wants without a sign
    most = b.one("Max", b.one("ReduceMax", b.one("Abs", x), axes=[-1], keepdims=1), b.constant(1e-12))
    step = b.one("Mul", most, b.constant(1 / FULL))
    inputs = [b.one("QuantizeLinear", b.one("Div", x, step), b.constant(1.0), middle), b.constant(whole, np.int8)]
    inputs += [b.constant(1.0), b.constant(scale[0]), middle, b.constant(np.zeros_like(scale[0]), np.int8)]
    out = b.one("Mul", b.one("MatMulIntegerToFloat", *inputs, domain=MICROSOFT), step)
    return out if bias is None else b.one("Add", out, b.constant(bias))
