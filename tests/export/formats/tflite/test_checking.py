"""TFLite files that do what no file should: refused before the interpreter sees them."""

from pathlib import Path

import numpy as np
import pytest

from export.formats.tflite.checking import checked
from export.formats.tflite.runtime import open_
from tests.export.formats.tflite.handmade import added, buffer, code, entry, model, schema, tensor, written
from zoo.errors import ArtifactError

S = schema()
F, B = S.TensorType.FLOAT32, S.TensorType.BOOL
I = S.TensorType.INT32  # noqa: E741


def operator(number, inputs, outputs, kind=None, **options):
    """An operator with options of a kind, such as `Split`."""
    found = S.OperatorT()
    found.opcodeIndex, found.inputs, found.outputs = number, inputs, outputs
    if kind:
        found.builtinOptionsType = getattr(S.BuiltinOptions, f"{kind}Options")
        found.builtinOptions = getattr(S, f"{kind}OptionsT")()
        vars(found.builtinOptions).update(options)
    return found


def with_operator(name, inputs, outputs, kind=None, **options):
    """Add an operator: inputs and outputs are shapes with a type, or constants."""

    def change(given):
        graph = given.subgraphs[0]
        given.operatorCodes.append(code(getattr(S.BuiltinOperator, name)))
        numbers = []
        for each in (*inputs, *outputs):
            if each is None:
                numbers.append(-1)
                continue
            numbers.append(len(graph.tensors))
            if isinstance(each, (np.ndarray, np.generic)):
                given.buffers.append(buffer(each))
                kinds = {"int32": I, "float32": F, "int8": S.TensorType.INT8, "bool": B}
                graph.tensors.append(tensor("c", list(each.shape), kinds[each.dtype.name], len(given.buffers) - 1))
            else:
                graph.tensors.append(tensor("t", *each))
        split = len(inputs)
        for i in (i for i, each in zip(numbers, inputs, strict=False) if isinstance(each, tuple)):
            graph.operators.append(added(0, 0, i))
        graph.operators.append(
            operator(len(given.operatorCodes) - 1, numbers[:split], numbers[split:], kind, **options)
        )

    return change


def ints(*numbers):
    return np.array(numbers, np.int32)


def after(first, second, place):
    """Let one operator take what another one gives."""

    def change(given):
        operators = given.subgraphs[0].operators
        first(given)
        result = operators[-1].outputs[0]
        second(given)
        operators[-1].inputs[place] = result

    return change


def at(path, value):
    """Set what a path of attributes and numbers leads to."""

    def change(given):
        *way, last = path
        for step in way:
            given = given[step] if isinstance(step, int) else getattr(given, step)
        given.__setitem__(last, value) if isinstance(last, int) else setattr(given, last, value)

    return change


def of_tensor(number, name, value):
    return at(("subgraphs", 0, "tensors", number, name), value)


def of_operator(number, name, value):
    return at(("subgraphs", 0, "operators", number, name), value)


def scaled(number, scales, zeros, axis=0, kind=None):
    def change(given):
        one = given.subgraphs[0].tensors[number]
        one.quantization = S.QuantizationParametersT()
        one.quantization.scale, one.quantization.zeroPoint = np.float32(scales), np.int64(zeros)
        one.quantization.quantizedDimension = axis
        one.type = one.type if kind is None else kind

    return change


def looped(condition=1, body=2, gives=B, takes=F):
    """Add a loop over a tensor, and graphs for its condition and its body."""

    def change(given):
        for outputs in ([1], [0]):
            graph = S.SubGraphT()
            graph.tensors = [tensor("in", [1, 3], takes), tensor("go", [], gives, 3)]
            graph.inputs, graph.outputs, graph.operators = [0], outputs, []
            given.subgraphs.append(graph)
        given.buffers.append(buffer(np.zeros(1, {B: bool, I: np.int32}[gives])))
        with_operator("WHILE", [([1, 3], F)], [([1, 3], F)], "While",
                      condSubgraphIndex=condition, bodySubgraphIndex=body)(given)  # fmt: skip

    return change


def calling_itself(given):
    looped()(given)
    given.subgraphs[2].tensors.append(tensor("again", [1, 3], F))
    loop = operator(1, [0], [2], "While", condSubgraphIndex=1, bodySubgraphIndex=2)
    given.subgraphs[2].operators, given.subgraphs[2].outputs = [loop], [2]


def sparse(given):
    given.subgraphs[0].tensors[2].sparsity = S.SparsityParametersT()


def custom(given):
    given.operatorCodes[0] = code(S.BuiltinOperator.CUSTOM, "Own")


def sliced(begin, end, strides, **options):
    return with_operator("STRIDED_SLICE", [([1, 3], F), ints(*begin), ints(*end), ints(*strides)], [([1, 3], F)],
                         "StridedSlice", **options)  # fmt: skip


def quantized(name, first, second):
    """Add an operator of two int8 constants with scales."""

    def change(given):
        with_operator(name, [np.int8([1]), np.int8([2])], [([1], B if name == "LESS" else S.TensorType.INT8)])(given)
        for number, scale in ((7, first), (8, second), (9, second)):
            if number < 9 or name != "LESS":
                scaled(number, [scale], [0])(given)

    return change


NUMBER = np.float32([[1, 2, 3]])
RANK = with_operator("RANK", [([1, 3], F)], [([], I)])
REMAINDER = with_operator("FLOOR_MOD", [ints(7), ints(5)], [([1], I)])
GOOD = {
    "as it is": lambda given: None,
    "split": with_operator("SPLIT", [ints(1), ([1, 3], F)], [([1, 1], F)] * 3, "Split", numSplits=3),
    "a loop": looped(),
    "scales of an axis": scaled(3, [1, 2, 3], [0, 0, 0]),
    "divided by a number of axes": after(RANK, REMAINDER, 1),
    "to a scalar": with_operator("RESHAPE", [([1, 1], F), ints()], [([], F)]),
}
BAD = {
    "no such input": (of_operator(0, "inputs", [0, 99]), "takes tensor 99 of 7"),
    "a negative input": (of_operator(0, "inputs", [0, -2]), "takes tensor -2 of 7"),
    "no such output": (of_operator(0, "outputs", [7]), "computes tensor 7 of 7"),
    "used before": (of_operator(0, "inputs", [0, 5]), "nothing computes tensor 5 before"),
    "computed twice": (of_operator(1, "outputs", [4]), "computes tensor 4 again"),
    "computes a constant": (of_operator(1, "outputs", [2]), "computes tensor 2 again"),
    "computes an input": (of_operator(1, "outputs", [0]), "computes tensor 0 again"),
    "too few inputs": (of_operator(0, "inputs", [0]), r"does not take float32 \[1, 3\] and give"),
    "too many inputs": (of_operator(0, "inputs", [0, 1, 1]), "does not take"),
    "a missing input": (of_operator(0, "inputs", [0, -1]), "does not take float32 .*, nothing and give"),
    "another type": (at(("subgraphs", 0, "tensors", 3, "type"), I), "does not take float32 .*, int32"),
    "no such graph input": (at(("subgraphs", 0, "inputs"), [0, 7]), "takes or gives no tensor"),
    "an input twice": (at(("subgraphs", 0, "inputs"), [0, 0]), "takes a tensor twice"),
    "a constant as input": (at(("subgraphs", 0, "inputs"), [0, 1, 2]), "takes a constant"),
    "no such buffer": (of_tensor(2, "buffer", 9), "buffer 9 of 3"),
    "too few bytes": (of_tensor(2, "shape", [1, 4]), "12 bytes for the shape"),
    "too many bytes": (of_tensor(2, "shape", [1, 2]), "12 bytes for the shape"),
    "an empty constant": (at(("buffers", 1), S.BufferT()), "nothing computes tensor 2"),
    "bytes elsewhere": (at(("buffers", 1, "offset"), 100), "offset"),
    "a negative size": (of_tensor(4, "shape", [-1, 3]), "shape"),
    "a huge tensor": (of_tensor(4, "shape", [1 << 20, 1 << 20]), "numbers, at most"),
    "many axes": (of_tensor(4, "shape", [1] * 9), "shape"),
    "two ranks": (of_tensor(4, "shapeSignature", [-1]), "shapes"),
    "a resource": (of_tensor(4, "type", S.TensorType.RESOURCE), "type 13 is not accepted"),
    "no such type": (of_tensor(4, "type", 99), "type 99 is not accepted"),
    "constant texts": (of_tensor(2, "type", S.TensorType.STRING), "constant texts"),
    "a constant variable": (of_tensor(2, "isVariable", True), "a constant that changes"),
    "sparse": (sparse, "sparsity"),
    "custom": (custom, "operator CUSTOM Own is not accepted"),
    "no such code": (of_operator(0, "opcodeIndex", 5), "the code 5 of 1"),
    "unknown": (at(("operatorCodes", 0), code(999)), "operator 999 is not accepted"),
    "a table of texts": (at(("operatorCodes", 0), code(S.BuiltinOperator.HASHTABLE)), "operator HASHTABLE is not"),
    "other options": (of_operator(0, "builtinOptionsType", S.BuiltinOptions.MulOptions), "options of another operator"),
    "a wild option": (at(("subgraphs", 0, "operators", 0, "builtinOptions", "fusedActivationFunction"), 77), "is 77"),
    "a scale of zero": (scaled(2, [0], [0]), "a scale that is not positive"),
    "no number as scale": (scaled(2, [np.nan], [0]), "scale has numbers outside of"),
    "a zero point out of range": (scaled(4, [1], [300], kind=S.TensorType.INT8), "a zero point out of range"),
    "two scales for three": (scaled(3, [1, 2], [0, 0]), "2 scales for the axis 0"),
    "scales of no axis": (scaled(3, [1, 2, 3], [0, 0, 0], 5), "3 scales for the axis 5"),
    "other zero points": (scaled(3, [1, 2, 3], [0, 0]), "3 scales and 2 zero points"),
    "no scales": (with_operator("TANH", [np.int8([1])], [([1], S.TensorType.INT8)]), "TANH.*does not take int8"),
    "no such signature graph": (at(("signatureDefs", 0, "subgraphIndex"), 3), "graph 3 of 1"),
    "a signature of others": (at(("signatureDefs", 0, "inputs"), [entry("y", 4), entry("x", 1)]), "not those of its"),
    "a signature of one": (at(("signatureDefs", 0, "outputs"), [entry("next", 5)]), "not those of its graph"),
    "one name": (at(("signatureDefs", 0, "inputs"), [entry("x", 0), entry("x", 1)]), "used twice"),
    "no such body": (looped(body=7), "calls graph 7 of 3"),
    "the main graph": (looped(condition=0), "calls graph 0 of 3"),
    "no condition": (looped(gives=I), "graph 1 takes or gives other tensors"),
    "another body": (looped(takes=I), "graph 2 takes or gives other tensors"),
    "itself": (calling_itself, "calls itself"),
    "three parts for two": (
        with_operator("SPLIT", [ints(1), ([1, 3], F)], [([1, 1], F)] * 2, "Split", numSplits=3),
        "3 tensors by its options",
    ),
    "an axis that is computed": (
        with_operator("SPLIT", [([], I), ([1, 3], F)], [([1, 1], F)], "Split", numSplits=1), "does not take"
    ),
    "a far axis": (with_operator("SUM", [([1, 3], F), ints(99)], [([1], F)], "Reducer"), "outside of -8 to 7"),
    "a negative place": (
        with_operator("SLICE", [([1, 3], F), ints(0, -5), ints(1, 1)], [([1, 1], F)], "Slice"), "outside of 0 to"
    ),
    "no stride": (
        with_operator("AVERAGE_POOL_2D", [([1, 4, 4, 1], F)], [([1, 4, 4, 1], F)], "Pool2D", filterWidth=1,
                      filterHeight=1, strideH=1), "stride_w is 0, accepted are 1",
    ),
    "strides of zero": (sliced([0], [1], [0]), "a stride of zero"),
    "two ends for a begin": (sliced([0], [1, 2], [1]), "of different lengths"),
    "a mask of eight axes": (sliced([0], [1], [1], beginMask=128), "a mask for more axes"),
    "more axes": (sliced([0] * 4, [1] * 4, [1] * 4), "more axes than its input"),
    "two axes for one": (with_operator("SPLIT", [ints(0, 1), ([1, 3], F)], [([1, 3], F)], "Split", numSplits=1),
                         "does not take"),
    "no axis": (with_operator("REVERSE_V2", [([1, 3], F), ints()], [([1, 3], F)]), "does not take"),
    "sizes twice free": (with_operator("RESHAPE", [([1, 3], F)], [([3], F)], "Reshape", newShape=[-1, -1]), "the sizes"),
    "large sizes": (with_operator("FILL", [ints(1 << 20, 1 << 20), NUMBER[0, 0]], [([1], F)]), "it makes more than"),
    "a long range": (with_operator("RANGE", [np.int32(0), np.int32(1 << 30), np.int32(1)], [([1], I)]), "makes more"),
    "a long range of computed steps": (
        after(RANK, with_operator("RANGE", [np.int32(0), np.int32(1 << 30), np.int32(1)], [([1], I)]), 2), "makes more"
    ),
    "divided by -1": (
        with_operator("FLOOR_MOD", [ints(7, 7, 7), ints(3, 2, -1)], [([3], I)]), "an integer divided by 0 or -1"
    ),
    "divided by a difference": (after(with_operator("SUB", [ints(1), ints(2)], [([1], I)], "Sub"), REMAINDER, 1), "numbers that may be -1"),
    "much many times": (
        with_operator("TILE", [np.zeros((64, 64), np.float32), ints(1, 1 << 15)], [([1, 1], F)], "Tile"), "makes more"
    ),
    "padded far around much": (
        with_operator("PAD", [np.zeros((64, 64), np.float32), np.int32([[9000, 0], [9000, 0]])], [([1, 1], F)]), "makes more"
    ),
    "many large pictures": (
        with_operator("RESIZE_BILINEAR", [([5, 3, 3, 5], F), ints(4096, 4096)], [([4, 4], F)], "ResizeBilinear"), "makes more"
    ),
    "one of many for each of many": (
        with_operator("ONE_HOT", [np.zeros(1 << 10, np.int32), np.int32(1 << 20), np.float32(1), np.float32(0)], [([1], F)], "OneHot"), "makes more"
    ),
    "many segments of much": (
        with_operator("UNSORTED_SEGMENT_SUM", [np.zeros(1 << 10, np.float32), ints(1), np.int32(1 << 20)], [([1], F)], "UnsortedSegmentSum"), "makes more"
    ),
    "padded far": (
        with_operator("PAD", [([1, 3], F), np.int32([[60000, 0], [60000, 0]])], [([1, 3], F)]), "it makes more than"
    ),
    "scales far apart": (quantized("ADD", 1e-5, 1), "scales that are too far"),
    "scales above one": (quantized("LESS", 2, 2), "scales above one"),
    "squares of large scales": (quantized("SQUARED_DIFFERENCE", 1, 1e-6), "a scale of its result that is too small"),
    "a graph input without numbers": (of_tensor(0, "shape", [0]), "takes a tensor without numbers"),
    "no options": (with_operator("CONV_2D", [np.zeros((1, 2, 2, 1), np.float32)] * 2 + [None], [([1, 1, 1, 1], F)]),
                   "its options are missing"),
}  # fmt: skip


def content_of(folder, change):
    given = model(free=False)
    change(given)
    return written(folder, given)


@pytest.mark.parametrize("case", GOOD)
def test_good_files_are_accepted(tmp_path, case):
    path = content_of(tmp_path, GOOD[case])
    assert checked(path, path.read_bytes()).version == 3


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused(tmp_path, case):
    change, message = BAD[case]
    with pytest.raises(ArtifactError, match=message) as caught:
        open_(content_of(tmp_path, change), None)
    assert "a.tflite" in str(caught.value)


def test_graphs_that_call_others_over_and_over_are_refused(tmp_path):
    """Each of 20 graphs calls the next one twice: a million ways."""

    def change(given):
        given.operatorCodes.append(code(S.BuiltinOperator.WHILE))
        given.buffers.append(buffer(np.zeros(1, bool)))
        for i in range(1, 21):
            graph = S.SubGraphT()
            graph.tensors = [tensor("x", [1, 3], F), tensor("a", [1, 3], F), tensor("b", [1, 3], F)]
            graph.inputs, graph.outputs = [0], [2 if i < 20 else 0]
            options = {"condSubgraphIndex": 21, "bodySubgraphIndex": i + 1}
            graph.operators = [operator(1, [k], [k + 1], "While", **options) for k in (0, 1)] if i < 20 else []
            given.subgraphs.append(graph)
        condition = S.SubGraphT()
        condition.tensors = [tensor("x", [1, 3], F), tensor("go", [], B, 3)]
        condition.inputs, condition.outputs, condition.operators = [0], [1], []
        given.subgraphs.append(condition)

    path = content_of(tmp_path, change)
    with pytest.raises(ArtifactError, match="it calls other graphs over and over"):
        checked(Path("a.tflite"), path.read_bytes())
