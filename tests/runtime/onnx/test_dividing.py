"""Divisions of ONNX graphs that end the process: refused before ONNX Runtime sees them."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.export.formats.onnx.handmade import constant, model_of, run, values
from zoo.errors import ArtifactError
from zoo.runtime.onnx.checking import checked

node = helper.make_node
LEAST = {np.int32: -(2**31), np.int64: -(2**63)}


def model(*nodes, **constants):
    """Adds `q` to the input."""
    nodes = [*nodes, node("Cast", ["q"], ["f"], to=1), node("Add", ["x", "f"], ["y"])]
    given = [array if isinstance(array, TensorProto) else constant(name, array) for name, array in constants.items()]
    return model_of(nodes, values(x=("batch", 3)), values(y=None), given)


def divided(divisor, number=LEAST[np.int64], kind="Div", **attributes):
    return model(node(kind, ["n", "d"], ["q"], **attributes), n=np.asarray(number, divisor.dtype), d=divisor)


def computed(*nodes, dtype=np.int64, one=1, **constants):
    """A divisor `d` that comes from other nodes and `one`."""
    return model(*nodes, node("Div", ["n", "d"], ["q"]), n=dtype(LEAST[dtype]), one=dtype(one), **constants)


def typed(number, kind):
    """By a constant that is stored as a number of a list, not as bytes."""
    tensor = onnx.TensorProto(name="d", data_type=kind, dims=[])
    (tensor.int64_data if kind == TensorProto.INT64 else tensor.int32_data).append(number)
    return model(node("Div", ["n", "d"], ["q"]), n=np.asarray(7, helper.tensor_dtype_to_np_dtype(kind)), d=tensor)


def attribute(value, name):
    return computed(node("Constant", [], ["d"], **{name: value}))


def size(least):
    """By the size of an axis."""
    given = computed(
        node("Shape", ["x"], ["s"]),
        node("Cast", ["s"], ["s32"], to=TensorProto.INT32),
        node("Slice", ["s32", "begin", "end"], ["a"]),
        node("Squeeze", ["a"], ["d"]),
        dtype=np.int32,
        begin=np.int64([1]),
        end=np.int64([2]),
    )
    given.graph.input[0].type.tensor_type.shape.dim[1].dim_value = least
    return given


def branch(divisor, inner=None):
    """A division in a branch, by a constant of the graph around it unless the branch has its own of this name."""
    own = [] if inner is None else [constant("d", np.int64(inner))]
    nodes = [node("Div", ["n", "d"], ["b"])]
    part = helper.make_graph(nodes, "part", [], [helper.make_tensor_value_info("b", 7, [])], own)
    both = {"then_branch": part, "else_branch": part}
    return model(node("If", ["go"], ["q"], **both), go=True, n=np.int64(7), d=np.int64(divisor))


def transposed(group):
    arrays = {"k": np.ones((1, 1, 2, 2), np.float32), "i": np.ones((1, 1, 2, 2), np.float32)}
    last = node("ReduceMax", ["c"], ["q"], keepdims=0)
    return model(node("ConvTranspose", ["i", "k"], ["c"], group=group), last, **arrays)


def declared(divisor):
    """A constant that is declared a float, which the runtime does not compare."""
    given = divided(divisor)
    given.graph.value_info.append(helper.make_tensor_value_info("d", 1, []))
    return given


def case(make, bad, good, **more):
    return lambda: make(bad, **more), lambda: make(good, **more)


CASES = {
    **{f"{kind} of {dtype.__name__} by {bad}": case(divided, dtype(bad), dtype(good), kind=kind, number=number)
       for kind in ("Div", "Mod") for dtype, number in LEAST.items() for bad, good in ((-1, 1), (0, -2))},
    "unsigned": case(divided, np.uint8(0), np.uint8(200), number=7),
    "one of several": case(divided, np.int64([1, 2, -1]), np.int64([1, 2, 3])),
    "fmod": case(divided, np.int64(0), np.int64(2), kind="Mod", fmod=1),
    "stored one by one": case(typed, -1, 1, kind=TensorProto.INT64),
    "cut down to 0": case(typed, 256, 1, kind=TensorProto.UINT8),
    "integer of a node": case(attribute, -1, 3, name="value_int"),
    "integers of a node": case(attribute, [1, 0, 2], [1, -3, 2], name="value_ints"),
    "tensor of a node": case(attribute, constant("", np.int64(0)), constant("", np.int64(2)), name="value"),
    "other type declared": case(declared, np.int64(-1), np.int64(1)),
    "size": case(size, 0, 3),
    "size that is -1 when cast": case(size, 2**32 - 1, 3),
    "branch": case(branch, -1, 2),
    "another constant in a branch": (lambda: branch(2, -1), lambda: branch(2, 3)),
    "groups": case(transposed, 0, 1),
}  # fmt: skip
NODES = {
    "negative": ([node("Neg", ["one"], ["d"])], [node("Identity", ["one"], ["d"])]),
    "difference": ([node("Sub", ["one", "one"], ["d"])], [node("Unsqueeze", ["one", "at"], ["d"])]),
    "larger": ([node("Max", ["zero", "minus"], ["d"])], [node("Max", ["zero", "one"], ["d"])]),
    "cast": ([node("Cast", ["half"], ["d"], to=7)], [node("Cast", ["narrow"], ["d"], to=7)]),
    "cast to fewer bits": (
        [node("Cast", ["wide"], ["w"], to=2), node("Cast", ["w"], ["d"], to=7)],
        [node("Cast", ["one"], ["w"], to=2), node("Cast", ["w"], ["d"], to=7)],
    ),
    "before it is made": ([node("Identity", ["m"], ["d"]), node("Neg", ["one"], ["m"])], [node("Max", ["one"], ["d"])]),
}
OTHERS = {"at": np.int64([0]), "three": np.int64([3]), "zero": np.int64(0), "minus": np.int64(-1), "half": np.float32(0.5),
          "narrow": np.int32(5), "wide": np.int64(256)}  # fmt: skip
CASES |= {name: case(lambda nodes: computed(*nodes, **OTHERS), *both) for name, both in NODES.items()}

FLOATS = {
    "inputs": [node("Div", ["x", "x"], ["q"])],
    "made": [node("Size", ["x"], ["s"]), node("Cast", ["s"], ["d"], to=1), node("Div", ["d", "d"], ["q"])],
    "filled": [node("ConstantOfShape", ["three"], ["d"]), node("Div", ["d", "d"], ["q"])],
    "chosen": [node("Equal", ["zero", "zero"], ["e"]), node("Where", ["e", "half", "half"], ["d"]),
               node("Mod", ["d", "half"], ["q"], fmod=1)],
    "scale": [node("DynamicQuantizeLinear", ["x"], ["w", "d", "p"]), node("Div", ["d", "d"], ["q"])],
    "dequantized": [node("DynamicQuantizeLinear", ["x"], ["w", "d", "p"]),
                    node("DequantizeLinear", ["w", "d", "p"], ["v"]), node("Div", ["v", "v"], ["q"])],
    "parts": [node("Split", ["x"], ["a", "b", "c"], axis=1), node("Div", ["a", "c"], ["q"])],
}  # fmt: skip


PATH = Path("a.onnx")
X = np.ones((2, 3), np.float32)


@pytest.mark.parametrize("name", CASES)
def test_divisions_that_end_the_process_are_refused(name):
    bad, good = CASES[name]
    checked(PATH, good().SerializeToString())
    assert np.isfinite(run(good(), X)[0]).all()
    with pytest.raises(ArtifactError, match="operator (Div|Mod|ConvTranspose).*(may be 0 or -1|less than 1 group)"):
        checked(PATH, bad().SerializeToString())


@pytest.mark.parametrize("name", FLOATS)
def test_floats_are_divided(name):
    given = model(*FLOATS[name], **OTHERS)
    checked(PATH, given.SerializeToString())
    assert len(run(given, X)) == 1
