"""Tables of the TFLite schema: what a file may hold, and the operators that it may contain.

The fields of a table stand in the order of the schema, separated by spaces: `name:kind`, or `name:kind=default`. Kinds
are numbers (`KINDS`, some with bounds of their own), `string`, `bytes`, the name of a table, and `[kind]` for a vector.
A field of the kind `no` must be absent, one of the kind `skip` is not read.

Reference: tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3.
"""

import functools
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import litert

KINDS = {
    "bool": ("B", 0, 1),
    "i1": ("b", -128, 127),
    "u1": ("B", 0, 255),
    "i4": ("i", -(2**31), 2**31 - 1),
    "u4": ("I", 0, 2**32 - 1),
    "i8": ("q", -(2**63), 2**63 - 1),
    "u8": ("Q", 0, 2**64 - 1),
    "f4": ("f", -3.5e38, 3.5e38),
    "act": ("b", 0, 4),  # NONE, RELU, RELU_N1_TO_1, RELU6, TANH
    "padding": ("b", 0, 1),
    "size": ("i", 1, 4096),  # of a window, a stride or a block
    "axis": ("i", -8, 7),
    "count": ("i", 1, 2**16),
    "mask": ("i", 0, 255),
    "none": ("b", 0, 0),
    "byte": ("B", 0, 0),
    "type": ("b", 0, 17),
}
"""Kind of a number → its code in `struct`, the least and the largest value."""

TABLES = {
    "Model": "version:u4 codes:[Code] graphs:[Graph] description:string buffers:[Buffer] metadata_buffer:[i4] "
    "metadata:[Metadata] signatures:[Signature] groups:no external:no",
    "Code": "old:i1 custom:string version:i4=1 builtin:i4",
    "Graph": "tensors:[Tensor] inputs:[i4] outputs:[i4] operators:[Operator] name:string debug:i4=-1",
    "Tensor": "shape:[i4] type:i1 buffer:u4 name:string quantization:Quantization variable:bool sparsity:no free:[i4] "
    "ranked:bool variants:skip external:no",
    "Quantization": "min:[f4] max:[f4] scale:[f4] zero:[i8] details_type:byte details:no axis:i4",
    "Operator": "code:u4 inputs:[i4] outputs:[i4] options_type:u1 options:options custom:bytes custom_format:i1 "
    "mutating:bytes inner:[i4] large_offset:no large_size:no options2_type:u1 options2:skip debug:i4=-1",
    "Buffer": "data:bytes offset:no size:no",
    "Signature": "inputs:[Entry] outputs:[Entry] key:string old:no graph:u4",
    "Entry": "name:string tensor:u4",
    "Metadata": "name:string buffer:u4",
}

TYPES = {
    0: ("f", 4, "float32"), 1: ("h", 2, "float16"), 2: ("i", 4, "int32"), 3: ("u", 1, "uint8"), 4: ("l", 8, "int64"),
    5: ("t", 0, "bytes"), 6: ("b", 1, "bool"), 7: ("s", 2, "int16"), 9: ("c", 1, "int8"), 10: ("d", 8, "float64"),
}  # fmt: skip
"""Type of a tensor → its letter in `OPERATORS`, the bytes of a number, and NumPy's name."""
CLASSES = {"T": "fhiultbscd", "N": "filcsu", "Q": "fcsu", "M": "fil", "J": "il", "F": "fh", "*": "fhiultbscd"}
"""Letters for several types; all tensors of a `T`, `N`, `Q` or `J` have the same one."""
QUANTIZED = "cus"

OPERATORS = """
ABS | q Q > Q / i > i
ADD | M M > M / q c c > c / q u u > u | Add: activation:act pot:bool=1
ADD_N | N.. > N | AddN:
ARG_MAX | N J01!# > J | ArgMax: output:type
ARG_MIN | N J01!# > J | ArgMin: output:type
AVERAGE_POOL_2D | q Q4 > Q | Pool2D: padding:padding stride_w:size stride_h:size width:size height:size activation:act
BATCH_MATMUL | f f > f / q f c! > f / q c c~ > c | BatchMatMul: x:bool y:bool asymmetric:bool
BATCH_TO_SPACE_ND | q Q i1! i2! > Q | BatchToSpaceND:
BROADCAST_TO | N J1 > N / b J1 > b | BroadcastTo:
CAST | * > * | Cast: in:type out:type
CEIL | f > f
CONCATENATION | T.. > T | Concatenation: axis:axis activation:none
CONV_2D | q f4 f4 f1 > f / q f4 c4! f1 > f / q c4 c4! i1 > c / q u4 u4! i1 > u | Conv2D: padding:padding
    stride_w:size stride_h:size activation:act dilation_w:size=1 dilation_h:size=1 bias:i1
CONV_3D | f5 f5 f1? > f | Conv3D: padding:padding stride_d:size stride_w:size stride_h:size activation:act
    dilation_d:size=1 dilation_w:size=1 dilation_h:size=1
COS | f > f | Cos:
CUMSUM | f i01!# > f / i i01!# > i / l i01!# > l | Cumsum: exclusive:bool reverse:bool
DEPTHWISE_CONV_2D | q f4 f4 f1 > f / q f4 c4! f1 > f / q c4 c4! i1 > c / q u4 u4! i1 > u | DepthwiseConv2D:
    padding:padding stride_w:size stride_h:size multiplier:size activation:act dilation_w:size=1 dilation_h:size=1
DEQUANTIZE | q h > f / q c > f / q u > f / q s > f | Dequantize:
DIV | f f > f / i i > i / q Q Q > Q | Div: activation:act
DYNAMIC_UPDATE_SLICE | T T J1 > T | DynamicUpdateSlice:
ELU | q Q > Q
EMBEDDING_LOOKUP | i1 f > f
EQUAL | M M > b / q c c > b / b b > b | Equal:
EXP | q Q > Q | Exp:
EXPAND_DIMS | T J01!# > T | ExpandDims:
FILL | J1 T > T | Fill:
FLOOR | f > f
FLOOR_DIV | f f > f / i i > i | FloorDiv:
FLOOR_MOD | f f > f / i i > i / l l > l | FloorMod:
FULLY_CONNECTED | q f f2 f1? > f / q f c2! f1? > f / q c c2! i1? > c | FullyConnected: activation:act format:none
    keep:bool asymmetric:bool bias:i1 spec:no
GATHER | T J > T | Gather: axis:axis batch:axis
GATHER_ND | N J > N / b J > b | GatherNd:
GELU | q Q > Q | Gelu: approximate:bool
GREATER | M M > b / q c c > b | Greater:
GREATER_EQUAL | M M > b / q c c > b | GreaterEqual:
HARD_SWISH | q Q > Q | HardSwish:
IF | b01 *.. > *.. | If: then:i4 else:i4
L2_NORMALIZATION | f > f | L2Norm: activation:none
LEAKY_RELU | q Q > Q | LeakyRelu: alpha:f4
LESS | M M > b / q c c > b | Less:
LESS_EQUAL | M M > b / q c c > b | LessEqual:
LOG | q Q > Q
LOGICAL_AND | b b > b | LogicalAnd:
LOGICAL_NOT | b > b | LogicalNot:
LOGICAL_OR | b b > b | LogicalOr:
LOGISTIC | q Q > Q
LOG_SOFTMAX | f > f / q c > c / q u > u | LogSoftmax:
MAXIMUM | q N N > N | MaximumMinimum:
MAX_POOL_2D | q Q4 > Q | Pool2D: padding:padding stride_w:size stride_h:size width:size height:size activation:act
MEAN | q N i01! > N | Reducer: keep:bool
MINIMUM | q N N > N | MaximumMinimum:
MIRROR_PAD | N J2! > N | MirrorPad: mode:padding
MUL | q N N > N | Mul: activation:act
NEG | f > f / i > i / l > l | Neg:
NOT_EQUAL | M M > b / q c c > b / b b > b | NotEqual:
ONE_HOT | J i0! T T > T | OneHot: axis:axis
PACK | T.. > T | Pack: count:count axis:axis
PAD | N J2! > N | Pad:
PADV2 | N J2! N > N | PadV2:
POW | f f > f / i i > i | Pow:
PRELU | f f > f / q c c > c / q u u > u
QUANTIZE | q f > c / q f > u / q f > s / q c > c / q c > u / q u > c / q s > s / q c > s / q s > c | Quantize:
RANGE | f0 f0 f0 > f / i0 i0 i0 > i / l0 l0 l0 > l | Range:
RANK | T > i | Rank:
REDUCE_ALL | b i01! > b | Reducer: keep:bool
REDUCE_ANY | b i01! > b | Reducer: keep:bool
REDUCE_MAX | q N i01! > N | Reducer: keep:bool
REDUCE_MIN | q N i01! > N | Reducer: keep:bool
REDUCE_PROD | f i01! > f / i i01! > i / l i01! > l | Reducer: keep:bool
RELU | q Q > Q
RELU6 | q Q > Q
RELU_0_TO_1 | q Q > Q
RELU_N1_TO_1 | q Q > Q
RESHAPE | T i1 > T / T > T | Reshape: shape:[i4]
RESIZE_BILINEAR | f4 i1! > f | ResizeBilinear: width:no height:no corners:bool centers:bool
RESIZE_NEAREST_NEIGHBOR | f4 i1! > f | ResizeNearestNeighbor: corners:bool centers:bool
REVERSE_SEQUENCE | f J1 > f / i J1 > i | ReverseSequence: time:axis batch:axis
REVERSE_V2 | N i1! > N / b i1! > b | ReverseV2:
ROUND | f > f
RSQRT | q Q > Q
SCATTER_ND | i N i1 > N / i b i1 > b | ScatterNd:
SELECT | b N N > N / b b b > b | Select:
SELECT_V2 | b N N > N / b b b > b | SelectV2:
SHAPE | * > J | Shape: output:type
SIGN | f > f / i > i | Sign:
SIN | f > f
SLICE | T J1 J1 > T | Slice:
SOFTMAX | q f > f / q c > c / q u > u | Softmax: beta:f4
SPACE_TO_BATCH_ND | q Q i1! i2! > Q | SpaceToBatchND:
SPLIT | i01!# N > N.. | Split: count:count
SPLIT_V | N J1! i01!# > N.. | SplitV: count:count
SQRT | q Q > Q
SQUARE | f > f | Square:
SQUARED_DIFFERENCE | f f > f / i i > i / q c c > c | SquaredDifference:
SQUEEZE | N > N / b > b | Squeeze: axes:[axis]
STRIDED_SLICE | T i1 i1 i1! > T | StridedSlice: begin:mask end:mask ellipsis:mask new:mask shrink:mask offset:byte
SUB | M M > M / q c c > c / q u u > u | Sub: activation:act pot:bool=1
SUM | q N i01! > N | Reducer: keep:bool
TANH | q Q > Q
TILE | N J1 > N / b J1 > b | Tile:
TOPK_V2 | f i0! > f i / i i0! > i i | TopKV2:
TRANSPOSE | T i1! > T | Transpose:
TRANSPOSE_CONV | i1 f4 f4 f1? > f / q i1 c4! f4 f1? > f | TransposeConv: padding:padding stride_w:size stride_h:size
    activation:none bias:i1
UNIDIRECTIONAL_SEQUENCE_LSTM | f3 f2! f2! f2! f2! f2! f2! f2! f2! - - - f1! f1! f1! f1! - - f2 f2 -? -? -? -? > f
    / q f3 c2! c2! c2! c2! c2! c2! c2! c2! - - - f1! f1! f1! f1! - - f2 f2 -? -? -? -? > f / q c3 c2! c2! c2! c2! c2!
    c2! c2! c2! - - - i1! i1! i1! i1! - - c2 s2 -? -? -? -? > c | UnidirectionalSequenceLSTM: activation:act
    cell_clip:f4 projection_clip:f4 time_major:bool asymmetric:bool diagonal:byte
UNPACK | N > N.. / b > b.. | Unpack: count:count axis:axis
UNSORTED_SEGMENT_MAX | f i i0! > f / i i i0! > i | UnsortedSegmentMax:
UNSORTED_SEGMENT_MIN | f i i0! > f / i i i0! > i | UnsortedSegmentMin:
UNSORTED_SEGMENT_PROD | f i i0! > f / i i i0! > i | UnsortedSegmentProd:
UNSORTED_SEGMENT_SUM | f i i0! > f / i i i0! > i | UnsortedSegmentSum:
WHERE | b > l | Where:
WHILE | *.. > *.. | While: condition:i4 body:i4
ZEROS_LIKE | f > f / i > i / l > l | ZerosLike:
"""
"""Operators that a file may contain: those that `export.save` writes, and plain mathematics.

A row has the operator's name; its inputs and outputs, perhaps in several ways; the name of its options in the schema,
and their fields. A tensor is a letter of `TYPES` or `CLASSES`, and the numbers of axes that it may have (any without);
`?`: it may be missing, `!`: it must be a constant, `~`: it must be none, `#`: it has one number, `..`: any number of
them. `-` is a tensor that must be missing. After `q`, tensors of small integers must have scales.
"""


@dataclass(frozen=True)
class Slot:
    """An input or output of an operator: letters of its types, whether they are bound to others', axes, flags."""

    letter: str
    types: str
    axes: tuple[int, ...]
    flags: str


@dataclass(frozen=True)
class Pattern:
    """One way to use an operator."""

    scaled: bool
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]


@dataclass(frozen=True)
class Row:
    """What an operator takes: its patterns, the number of its options in the schema, and their fields."""

    name: str
    patterns: tuple[Pattern, ...]
    options: int
    fields: tuple[Any, ...]


@dataclass(frozen=True)
class Field:
    """A field of a table: name, kind, whether it is a vector, default; of numbers their code, bytes and bounds.

    `number` says that it is a single one.
    """

    name: str
    kind: str
    vector: bool
    default: float
    unpack: Callable[..., tuple[Any, ...]] | None
    code: str
    width: int
    least: float
    most: float
    number: bool


@functools.cache
def fields(text: str) -> tuple[Field, ...]:
    """Read the fields of a table."""
    found = []
    for word in text.split():
        name, _, kind = word.partition(":")
        kind, _, text = kind.partition("=")
        code, least, most = KINDS.get(kind.strip("[]"), ("", 0, 0))
        default = float(text or 0) if code == "f" else int(text or 0)
        unpack = struct.Struct(f"<{code}").unpack_from if code else None
        vector = kind.startswith("[")
        size = struct.calcsize(code) if code else 0
        found.append(
            Field(name, kind.strip("[]"), vector, default, unpack, code, size, least, most, bool(code) and not vector)
        )
    return tuple(found)


def _slots(text: str) -> tuple[Slot, ...]:
    found = []
    for word in text.split():
        letter, axes, flags = re.fullmatch(r"([A-Za-z*-])(\d*)([?!.#~]*)", word).groups()  # type: ignore[union-attr]
        found.append(Slot(letter, CLASSES.get(letter, letter), tuple(map(int, axes)), flags))
    return tuple(found)


def _pattern(text: str) -> Pattern:
    inputs, outputs = text.split(">")
    scaled = inputs.lstrip().startswith("q ")
    return Pattern(scaled, _slots(inputs.strip().removeprefix("q ")), _slots(outputs))


@functools.cache
def operators() -> dict[int, Row]:
    """Return the rows of `OPERATORS` by the numbers of the operators."""
    schema = litert.schema()

    found = {}
    for line in re.sub(r"\n +", " ", OPERATORS.strip()).splitlines():
        name, patterns, options = map(str.strip, (line + " | |").split("|")[:3])
        kind, _, text = options.partition(":")
        number = getattr(schema.BuiltinOptions, f"{kind}Options") if kind else 0
        row = Row(name, tuple(map(_pattern, patterns.split(" / "))), number, fields(text))
        found[getattr(schema.BuiltinOperator, name)] = row
    return found
