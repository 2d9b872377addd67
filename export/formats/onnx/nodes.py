"""Recurrent layers as ONNX nodes: native operators, Scans over hoisted products, and their quantized forms.

Every way of building a layer takes `x (batch, time, D)`, each cell's states `(batch, U)` and, where some rows are
shorter, `lengths (batch,)`, all by name, and returns each cell's hidden states `(batch, time, U)` in the order of time
and its last states.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.runtime.onnx.checking import MICROSOFT

from ...tracing.cells import Cell, name_of
from .builder import HALF, STORAGES, Builder, Names, product, rounded, rowwise, stored

NODES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
GATES = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (0, 1, 2)}
"""Where ONNX's gates are in Keras's order: Keras has LSTM i f c o, ONNX i o f c; both have GRU z r h."""
STORED = "stored"
ACTIVATIONS: dict[str, tuple[str, list[float], list[float]]] = {
    "tanh": ("Tanh", [], []),
    "sigmoid": ("Sigmoid", [], []),
    "relu": ("Relu", [], []),
    "hard_sigmoid": ("HardSigmoid", [1 / 6], [0.5]),
    "hard_sigmoid_keras2": ("HardSigmoid", [0.2], [0.5]),  # ONNX's default
    "linear": ("Affine", [1.0], [0.0]),
    "elu": ("Elu", [1.0], []),
    "leaky_relu": ("LeakyRelu", [0.2], []),
    "softsign": ("Softsign", [], []),
    "softplus": ("Softplus", [], []),
}
"""Keras activation → ONNX's, with the alpha and beta of those that have one."""
LEAST_UNITS = {"lstm": 64, "gru": 320, "rnn": 192}
"""Units from which int8 products are faster than float ones at batch 1, by kind (`benchmarks/bench_export.py`)."""
LEAST_UNITS_SCAN = 128  # from which a float Scan of an rnn with weights stored as int8 is not slower than its node

Result = tuple[Names, list[Names]]


@dataclass(frozen=True)
class Layer:
    """One cell, or two that run in opposite directions over the same input; and the form they take.

    Attributes:
        cells: The cells.
        reverse: Which of them run backwards.
        form: `native` (the operator), `scan`, `single` (one step, no loop) or `quantized` (DynamicQuantizeLSTM).
        product: How products are computed in the form: `float32`, `float16`, `weights` or `dynamic`; `stored` is
            `float32` with constants as Keras has them.
    """

    cells: tuple[Cell, ...]
    reverse: tuple[bool, ...]
    form: str
    product: str


def activations(cell: Cell) -> list[str]:
    """Return Keras's names of a cell's activations in the order of its node; empty if ONNX has no name for one."""
    gate, own = name_of(cell.gate_activation), name_of(cell.activation)
    order = {"rnn": [own], "lstm": [gate, own, own], "gru": [gate, own]}[cell.kind]
    return order if all(name in ACTIVATIONS for name in order) else []


def choose(cells: Sequence[Cell], reverse: Sequence[bool], quantize: str | None, recurrence: str | None,
           single: bool) -> Layer:  # fmt: skip
    """Choose the form of a layer.

    Args:
        cells: The cells.
        reverse: Which of them run backwards.
        quantize: None, `float16`, `int8`, or `stored`.
        recurrence: `scan` takes a Scan for a cell that is no LSTM; otherwise native operators are taken.
        single: There is one step.
    """
    kind, units = cells[0].kind, cells[0].units
    loop = "single" if single else "scan"
    product = quantize or "float32"
    if quantize == "int8":
        product = "dynamic" if units >= LEAST_UNITS[kind] else "weights"
        if kind == "lstm" and product == "dynamic":
            return Layer(tuple(cells), tuple(reverse), "quantized", product)
        scan = product == "dynamic" or (kind == "rnn" and units >= LEAST_UNITS_SCAN)
        return Layer(tuple(cells), tuple(reverse), loop if scan else "native", product)
    scan = recurrence == "scan" and kind != "lstm"
    return Layer(tuple(cells), tuple(reverse), loop if scan else "native", product)


def build(b: Builder, layer: Layer, x: str, states: list[Names], lengths: str) -> Result:
    """Build a layer in its form."""
    forms: dict[str, Callable[..., Result]] = {"native": _native, "quantized": _native, "scan": _scan, "single": _scan}
    return forms[layer.form](b, layer, x, states, lengths)


def _gates(cell: Cell, array: np.ndarray) -> np.ndarray:
    """Return an array with the gates of the last axis in ONNX's order."""
    parts = np.split(array, len(GATES[cell.kind]), axis=-1)
    return np.concatenate([parts[i] for i in GATES[cell.kind]], axis=-1)


def _biases(cell: Cell) -> np.ndarray:
    """Return input and recurrent bias, `(2, G * U)`."""
    return cell.bias if cell.bias.ndim == 2 else np.stack([cell.bias, np.zeros_like(cell.bias)])


def _native(b: Builder, layer: Layer, x: str, states: list[Names], lengths: str) -> Result:
    """ONNX's own operator, or for `quantized` the runtime's LSTM with int8 weights."""
    order = sorted(range(len(layer.cells)), key=lambda i: layer.reverse[i])  # the forward cell comes first
    cells = [layer.cells[i] for i in order]
    zero = b.constant([0], np.int64)
    starts = []
    for parts in zip(*(states[i] for i in order), strict=True):
        wide = [b.one("Unsqueeze", part, zero) for part in parts]
        starts.append(wide[0] if len(wide) == 1 else b.one("Concat", *wide, axis=0))
    inputs = [b.one("Transpose", x, perm=[1, 0, 2])]
    if layer.form == "quantized":
        kind, whole = "DynamicQuantizeLSTM", [rounded(weight, HALF) for weight in _weights(cells)]
        inputs += [b.constant(w, np.int8) for w, _ in whole] + [b.constant(_bias(cells)), lengths, *starts, ""]
        # Zero points as wide as the scales: the backward cell would read beyond narrow ones.
        for scale in (each[:, 0] for _, each in whole):
            inputs += [b.constant(scale), b.constant(np.zeros_like(scale), np.int8)]
    else:
        kind = NODES[cells[0].kind]
        inputs += [*_constants(b, cells, layer.product), lengths, *starts]
    domain = {"domain": MICROSOFT} if layer.form == "quantized" else {}
    results = b.node(kind, inputs, 1 + len(starts), **_attributes(cells, layer), **domain)
    if len(cells) == 1:
        axes = [b.constant([1], np.int64), *[zero] * len(starts)]  # those of the cells
        y, *last = [b.one("Squeeze", value, axis) for value, axis in zip(results, axes, strict=True)]
        return [b.one("Transpose", y, perm=[1, 0, 2])], [last]
    y = b.one("Transpose", results[0], perm=[1, 2, 0, 3])  # (time, cells, batch, units) → (cells, batch, time, units)
    found = [[b.one("Gather", value, b.constant(i, np.int64), axis=0) for value in (y, *results[1:])]
             for i in range(len(cells))]  # fmt: skip
    given = [found[order.index(i)] for i in range(len(cells))]
    return [one[0] for one in given], [one[1:] for one in given]


def _weights(cells: Sequence[Cell]) -> list[np.ndarray]:
    """Return input and recurrent weights, `(cells, in, G * U)` and `(cells, U, G * U)`, gates in ONNX's order."""
    return [np.stack([_gates(cell, getattr(cell, name)) for cell in cells]) for name in ("kernel", "recurrent_kernel")]


def _bias(cells: Sequence[Cell]) -> np.ndarray:
    """Return the biases, `(cells, 2 * G * U)`, gates in ONNX's order."""
    return np.stack([_gates(cell, _biases(cell)).ravel() for cell in cells])


def _constants(b: Builder, cells: Sequence[Cell], product: str) -> Names:
    """Add the weights and biases of a native node."""
    if product != STORED:
        return [*(_turned(b, weight, STORAGES[product]) for weight in _weights(cells)), b.constant(_bias(cells))]
    each = [
        [_arranged(b, cell, cell.kernel), _arranged(b, cell, cell.recurrent_kernel), _arranged_bias(b, cell)]
        for cell in cells
    ]
    return [parts[0] if len(parts) == 1 else b.one("Concat", *parts, axis=0) for parts in zip(*each, strict=True)]


def _arranged(b: Builder, cell: Cell, weight: np.ndarray) -> str:
    """Add a weight `(in, G * U)` as Keras has it, and operators that make it `(1, G * U, in)`, in ONNX's order.

    The runtime runs them once, when a session starts.
    """
    turned = b.one("Transpose", b.constant(weight), perm=[1, 0])
    return b.one("Unsqueeze", _reordered(b, cell, turned, 0), b.constant([0], np.int64))


def _arranged_bias(b: Builder, cell: Cell) -> str:
    """Add a bias as Keras has it, and operators that make it `(1, 2 * G * U)`, in ONNX's order."""
    given = b.constant(cell.bias)
    size = cell.recurrent_kernel.shape[-1]
    if cell.bias.ndim == 2:  # of input and recurrence, as only GRUs have them, whose order is ONNX's
        return b.one("Reshape", given, b.constant([1, 2 * size], np.int64))
    row = b.one("Unsqueeze", _reordered(b, cell, given, 0), b.constant([0], np.int64))
    return b.one("Pad", row, b.constant([0, 0, 0, size], np.int64))


def _reordered(b: Builder, cell: Cell, given: str, axis: int) -> str:
    """Put the gates of an axis in ONNX's order."""
    order = GATES[cell.kind]
    if order == tuple(sorted(order)):
        return given
    parts = b.node("Split", [given, b.constant([cell.units] * len(order), np.int64)], len(order), axis=axis)
    return b.one("Concat", *(parts[i] for i in order), axis=axis)


def _turned(b: Builder, array: np.ndarray, storage: str) -> str:
    """Add weights `(cells, in, out)` as a native node takes them, `(cells, out, in)`; one scale an output."""
    if storage == "float32":
        return b.constant(np.swapaxes(array, 1, 2))
    return b.one("Transpose", stored(b, array, storage), perm=[0, 2, 1])


def _attributes(cells: Sequence[Cell], layer: Layer) -> dict[str, Any]:
    listed = [ACTIVATIONS[name] for cell in cells for name in activations(cell)]
    found = {
        "hidden_size": cells[0].units,
        "direction": "bidirectional" if len(cells) == 2 else "reverse" if layer.reverse[0] else "forward",
        "activations": [name for name, *_ in listed],
        "activation_alpha": [alpha for _, alphas, _ in listed for alpha in alphas],
        "activation_beta": [beta for *_, betas in listed for beta in betas],
        "linear_before_reset": int(cells[0].reset_after),
    }
    return {key: value for key, value in found.items() if value not in ([], 0)}


def _activation(b: Builder, name: str, x: str) -> str:
    if name == "linear":
        return x
    kind, alphas, betas = ACTIVATIONS[name]
    return b.one(kind, x, **({"alpha": alphas[0]} if alphas else {}), **({"beta": betas[0]} if betas else {}))


def _rnn_step(b: Builder, cell: Cell, x: Names, h: str, form: str) -> str:
    if form in STORAGES:
        total = b.one("Gemm", h, stored(b, cell.recurrent_kernel, STORAGES[form]), x[0])
    else:
        total = b.one("Add", product(b, h, cell.recurrent_kernel, None, form), x[0])
    return _activation(b, activations(cell)[0], total)


def _gru_step(b: Builder, cell: Cell, x: Names, h: str, form: str) -> str:
    (x_gates, x_new), units, (gate, own) = x, cell.units, activations(cell)
    if cell.reset_after:
        both = product(b, h, cell.recurrent_kernel, cell.bias[1], form)
        h_gates, h_new = b.node("Split", [both, b.constant([2 * units, units], np.int64)], 2, axis=1)
    else:
        h_gates = product(b, h, cell.recurrent_kernel[:, : 2 * units], None, form)
    z, r = b.node("Split", [_activation(b, gate, b.one("Add", x_gates, h_gates))], 2, axis=1)
    if cell.reset_after:
        inner = b.one("Mul", r, h_new)
    else:
        inner = product(b, b.one("Mul", r, h), cell.recurrent_kernel[:, 2 * units :], None, form)
    new = _activation(b, own, b.one("Add", x_new, inner))
    return b.one("Add", b.one("Mul", z, b.one("Sub", h, new)), new)


STEPS = {"rnn": _rnn_step, "gru": _gru_step}


def _body(prefix: str, cell: Cell, form: str, masked: bool) -> Any:
    """Return a Scan's body: the state, one step's input products and perhaps its mask in; state and output out."""
    from onnx import TensorProto, helper

    b, state = Builder(f"{prefix}/body"), f"{prefix}/h"
    x = [f"{prefix}/x{i}" for i in range(2 if cell.kind == "gru" else 1)]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None]) for name in (state, *x)]
    new = STEPS[cell.kind](b, cell, x, state, form)
    if masked:
        inputs.append(helper.make_tensor_value_info(f"{prefix}/valid", TensorProto.BOOL, [None, 1]))
        new = b.one("Where", f"{prefix}/valid", new, state)
    copy = b.one("Identity", new)  # a state that is also the output itself gives wrong numbers
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, cell.units]) for name in (new, copy)]
    return helper.make_graph(b.nodes, f"{prefix}/body", inputs, outputs, b.constants)


def _valid(b: Builder, x: str, lengths: str) -> str:
    """Return which steps of `x (time, batch, D)` are within the lengths: `(time, batch, 1)` bool."""
    from onnx import TensorProto

    time = b.one("Squeeze", b.one("Shape", x, end=1))
    steps = b.one("Range", b.constant(0, np.int64), time, b.constant(1, np.int64))
    steps = b.one("Unsqueeze", b.one("Cast", steps, to=TensorProto.INT32), b.constant([1, 2], np.int64))
    return b.one("Less", steps, b.one("Unsqueeze", lengths, b.constant([0, 2], np.int64)))


def _scan(b: Builder, layer: Layer, x: str, states: list[Names], lengths: str) -> Result:
    """One Scan a cell over the input products of all steps; steps past the lengths carry the state on."""
    x = b.one("Transpose", x, perm=[1, 0, 2])
    single = layer.form == "single"
    valid = [_valid(b, x, lengths)] if lengths and not single else []
    hidden: Names = []
    last: list[Names] = []
    for cell, reverse, (start,) in zip(layer.cells, layer.reverse, states, strict=True):
        form = rowwise(cell.kernel.size) if layer.product == "dynamic" else layer.product
        products = [product(b, x, cell.kernel, _biases(cell)[0], form)]
        if cell.kind == "gru":  # once here is cheaper than in every step
            sizes = b.constant([2 * cell.units, cell.units], np.int64)
            products = b.node("Split", [*products, sizes], 2, axis=2)
        if single:
            axis = b.constant([0], np.int64)
            each = "rows" if layer.product == "dynamic" else layer.product  # rows of a batch may be other sequences
            final = STEPS[cell.kind](b, cell, [b.one("Squeeze", p, axis) for p in products], start, each)
            y = b.one("Unsqueeze", final, axis)
        else:
            body = _body(f"{b.prefix}/scan_{len(hidden)}", cell, layer.product, bool(valid))
            count = len(products + valid)
            final, y = b.node("Scan", [start, *products, *valid], 2, body=body, num_scan_inputs=count,
                              scan_input_directions=[int(reverse)] * count,
                              scan_output_directions=[int(reverse)])  # fmt: skip
        hidden.append(b.one("Transpose", y, perm=[1, 0, 2]))
        last.append([final])
    return hidden, last
