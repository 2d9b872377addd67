"""Checking of ONNX files before ONNX Runtime parses them: one file, plain operators, constants of their shapes.

A model can name other files, which the runtime would read, and operators of other libraries; `export.save` writes none.
The graph of a preset names the file of its weights, whose content the runtime gets from here.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import ArtifactError
from zoo.runtime.onnx.dividing import check_divisions
from zoo.runtime.onnx.wire import Reader, read

MICROSOFT = "com.microsoft"

LARGEST = 1 << 28  # numbers of a tensor that a file of a few bytes could ask for
DEEPEST = 10  # graphs within graphs
MOST_CONSTANTS = 20_000  # of a graph: the runtime takes a time that grows with the square of their number
MATHEMATICS = """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift BitwiseAnd
    BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Compress Concat Constant ConstantOfShape Conv
    ConvInteger ConvTranspose Cos Cosh CumSum DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum
    Elu Equal Erf Exp Expand Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool
    GlobalMaxPool Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish Hardmax Identity If
    InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop
    LpNormalization MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization Min Mish Mod Mul Neg NonZero Not
    OneHot Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear RNN Range Reciprocal ReduceL1 ReduceL2
    ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape
    Resize ReverseSequence Round Scan Scatter ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign Sin Sinh Size
    Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK
    Transpose Trilu Unique Unsqueeze Upsample Where Xor
"""
"""Operators of the standard set that are run: mathematics, and loops."""
STANDARD = frozenset(MATHEMATICS.split())
OPERATORS = {
    "": STANDARD,
    "ai.onnx": STANDARD,
    MICROSOFT: frozenset(
        [
            "DynamicQuantizeLSTM",
            "DynamicQuantizeMatMul",
            "MatMulIntegerToFloat",
            "MatMulNBits",
            "FusedMatMul",
            "FusedGemm",
            "FusedConv",
            "Gelu",
            "QuickGelu",
            "BiasGelu",
            "FastGelu",
            "LayerNormalization",
            "SkipLayerNormalization",
            "QLinearAdd",
            "QLinearMul",
        ]
    ),
}
"""Domain → its operators that are run."""
WIDTHS = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 14: 8, 15: 16, 16: 2,
          17: 1, 18: 1, 19: 1, 20: 1}  # fmt: skip
"""Type of a tensor → bytes of a number."""
HALVES = {21: 2, 22: 2, 23: 2}
"""Type of a tensor whose numbers take half a byte → how many are in one."""
TEXT = 8
GROWING = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1, "OneHot": 1, "Resize": 3, "Pad": 1, "Range": 1}
"""Operator → its input that says how large its result is."""


@dataclass(frozen=True)
class ExternalData:
    """Where the numbers of a constant lie in another file, and what they are.

    Attributes:
        file: Name of the file, which is in the folder of the model.
        offset: First byte.
        length: Number of bytes.
        kind: Type of a tensor, a key of `WIDTHS`.
        shape: Sizes of its axes.
    """

    file: str
    offset: int
    length: int
    kind: int
    shape: tuple[int, ...]


External = Mapping[str, ExternalData]
"""Name of a constant → where its numbers are."""
NO_EXTERNAL: External = {}


def checked(path: Path, content: bytes, external: External = NO_EXTERNAL) -> list[str]:
    """Check an ONNX file; return the names of the constants whose numbers are in another file.

    Args:
        path: The file.
        content: Its bytes.
        external: Constants that may be in another file.

    Raises:
        ArtifactError: It is damaged, or has what is not run here.
    """
    with named(path):
        model = read(content)
    try:
        if model.graph is None:
            raise ArtifactError("it has no graph")
        _check_graph(content, model.graph, {}, 0, external)
        check_divisions(content, model.graph)
    except ArtifactError as error:
        remedy = "" if external else ". Export the Keras model with export.save"
        raise ArtifactError(f"{path} is damaged, or has what is not run here: {error}{remedy}") from error
    return [tensor.name for tensor in model.graph.initializers if tensor.external]


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Add the name of a file to errors about its structure inside the block."""
    try:
        yield
    except ArtifactError as error:
        raise ArtifactError(f"{path} is not an ONNX file, or is damaged: {error}") from error


def inside(graph: Any) -> list[Any]:
    """List a graph that has been read and its subgraphs, outer ones first."""
    inner = [a.graph for node in graph.nodes for a in node.attributes if a.graph is not None]
    return [graph, *(deeper for one in inner for deeper in inside(one))]


def _check_graph(
    content: bytes, graph: Any, outer: dict[str, Any], deep: int, external: External = NO_EXTERNAL
) -> None:
    """Check a graph, and those inside of it.

    Args:
        content: The file.
        graph: The graph.
        outer: Constants of the graphs around it, by name.
        deep: How many graphs it is in.
        external: Constants that may be in another file.
    """
    if deep > DEEPEST:
        raise ArtifactError(f"more than {DEEPEST} graphs within one another")
    constants = dict(outer)
    _check_constants(content, graph.initializers, external)
    constants |= {tensor.name: tensor for tensor in graph.initializers}
    for node in graph.nodes:
        what = f"operator {node.kind} {node.name or ''}".strip()
        if node.kind not in OPERATORS.get(node.domain or "", ()) or node.overload:
            domain = f" of {node.domain}" if node.domain else ""
            raise ArtifactError(f"operator {node.kind}{domain} is not accepted: only plain mathematics is run")
        for attribute in node.attributes:
            if attribute.reference:
                raise ArtifactError(f"{what}: an attribute that refers to a function")
            for tensor in _tensors(attribute):
                _check_tensor(content, tensor, what)
            if attribute.graph is not None:
                _check_graph(content, attribute.graph, constants, deep + 1)
        if node.kind == "Constant" and node.outputs and node.attributes and node.attributes[0].tensor is not None:
            constants[node.outputs[0]] = node.attributes[0].tensor
        _check_growth(content, node, constants, what)


def _tensors(attribute: Any) -> Iterator[Any]:
    if attribute.tensor is not None:
        yield attribute.tensor
    yield from attribute.tensors


def _check_constants(content: bytes, tensors: list[Any], external: External) -> None:
    """Check the constants of a graph, those in another file too.

    Raises:
        ArtifactError: There are too many, one has other numbers than it should, or two have the same name: of two in
            another file the runtime would get one, and look for the other itself.
    """
    if len(tensors) > MOST_CONSTANTS:
        raise ArtifactError(f"{len(tensors):,} constants, at most {MOST_CONSTANTS:,} are accepted")
    names = set[str | None]()
    for tensor in tensors:
        if tensor.name in names:
            raise ArtifactError(f"constant {tensor.name} is there twice")
        names.add(tensor.name)
        if not _is_external(tensor, external):
            _check_tensor(content, tensor, f"constant {tensor.name}")


def _is_external(tensor: Any, external: External) -> bool:
    """Return whether the numbers of a constant are in another file, as they may be.

    Raises:
        ArtifactError: They are in a place that is not theirs, or do not fit its type and shape.
    """
    if not external or not (tensor.location or tensor.external):
        return False
    said = {entry.key: entry.value for entry in tensor.external}
    place = external.get(tensor.name)
    meant = place and {"location": place.file, "offset": str(place.offset), "length": str(place.length)}
    if place is None or said != meant or len(tensor.external) != len(said) or tensor.location != 1:
        raise ArtifactError(
            f"constant {tensor.name}: its numbers lie in {said.get('location')!r:.100} from byte {said.get('offset')} "
            f"on, which is not its place in {next(iter(external.values())).file}"
        )
    if (tensor.type, tuple(tensor.dims)) != (place.kind, place.shape) or tensor.raw is not None:
        raise ArtifactError(f"constant {tensor.name}: other numbers than {place.file} has")
    return True


def _check_tensor(content: bytes, tensor: Any, what: str) -> None:
    """Check that a constant lies in the file, and has the numbers of its shape.

    Raises:
        ArtifactError: It does not.
    """
    if tensor.location or tensor.external:
        raise ArtifactError(
            f"{what}: its numbers lie in another file. An artifact is one file: write it as one, such as by "
            "onnx.save(onnx.load(path), path)"
        )
    if any(size < 0 for size in tensor.dims) or len(tensor.dims) > 16:
        raise ArtifactError(f"{what}: shape {tensor.dims}")
    count, kind = math.prod(tensor.dims), tensor.type or 0
    typed = (tensor.floats, tensor.int32s, tensor.int64s, tensor.doubles, tensor.uint64s, tensor.strings)
    if kind == TEXT:
        fits = len(tensor.strings) == count and tensor.raw is None
    elif kind not in WIDTHS and kind not in HALVES:
        raise ArtifactError(f"{what}: type {kind} of numbers is not known here")
    elif tensor.raw is not None:
        size = -(-count // HALVES[kind]) if kind in HALVES else count * WIDTHS[kind]
        fits = tensor.raw[1] - tensor.raw[0] == size and not any(typed)
    else:
        fits = _stored(content, tensor, kind) == (-(-count // HALVES[kind]) if kind in HALVES else count)
    if not fits:
        raise ArtifactError(f"{what}: other numbers than its shape {tensor.dims} has")


def _stored(content: bytes, tensor: Any, kind: int) -> int:
    """Return how many numbers of a tensor are stored one by one."""

    def whole(spans: list[tuple[int, int]]) -> int:  # a number ends with a byte below 128
        return sum(int((np.frombuffer(content[a:b], np.uint8) < 128).sum()) for a, b in spans)

    def wide(spans: list[tuple[int, int]], width: int) -> int:
        return sum(b - a for a, b in spans) // width

    counts = {1: wide(tensor.floats, 4), 14: wide(tensor.floats, 8), 11: wide(tensor.doubles, 8),
              15: wide(tensor.doubles, 16), 7: whole(tensor.int64s), 12: whole(tensor.uint64s),
              13: whole(tensor.uint64s)}  # fmt: skip
    return counts[kind] if kind in counts else whole(tensor.int32s)


def _check_growth(content: bytes, node: Any, constants: dict[str, Any], what: str) -> None:
    """Check that constant numbers do not ask for a huge tensor, which the runtime would make when it opens a file.

    Raises:
        ArtifactError: They do.
    """
    place = GROWING.get(node.kind)
    tensor = constants.get(node.inputs[place]) if place is not None and place < len(node.inputs) else None
    if tensor is None or (tensor.type or 0) not in (6, 7) or math.prod(tensor.dims) > 64:
        return
    if tensor.raw is not None:
        dtype = np.int32 if tensor.type == 6 else np.int64
        numbers = np.frombuffer(content[slice(*tensor.raw)], dtype).tolist()
    else:
        numbers = [n for a, b in tensor.int64s or tensor.int32s for n in Reader(content).numbers("int", a, b)]
    if math.prod(max(abs(n), 1) for n in numbers) > LARGEST:
        raise ArtifactError(f"{what}: it asks for a tensor of more than {LARGEST} numbers")
