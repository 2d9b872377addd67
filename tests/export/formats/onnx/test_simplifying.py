"""Graphs written by hand as tf2onnx writes them: which of their nodes become fewer, and that they compute the same."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from export.formats.onnx.simplifying import simplify
from tests.export.formats.onnx.handmade import constant, model_of, run, values

RNG = np.random.default_rng(0)
TABLE, WEIGHT = RNG.normal(0, 1, (9, 4)).astype(np.float32), RNG.normal(0, 1, (4, 5)).astype(np.float32)
IDS = np.array([[0, -1], [8, -9]], np.int32)
X = RNG.normal(0, 1, (2, 3, 4)).astype(np.float32)
node = helper.make_node


def kinds(model):
    """Shorten a model; return its operators."""
    simplify(model, [], "none")
    onnx.checker.check_model(model, full_check=True)
    return [one.op_type for one in model.graph.node]


def lookup(rows, by, limit=0.0):
    """Look up ids of which negative ones are counted from a number of rows on; by Where, or by a sum of products."""
    nodes = [node("Cast", ["ids"], ["wide"], to=TensorProto.FLOAT), node("Less", ["wide", "limit"], ["below"]),
             node("Add", ["rows", "ids"], ["wrapped"])]  # fmt: skip
    if by == "Where":
        nodes.append(node("Where", ["below", "wrapped", "ids"], ["places"]))
    else:
        nodes += [node("Not", ["below"], ["above"])]
        nodes += [node("Cast", [name], [f"{name}_1"], to=TensorProto.INT32) for name in ("below", "above")]
        nodes += [node("Mul", ["below_1", "wrapped"], ["one"]), node("Mul", ["ids", "above_1"], ["other"])]
        nodes.append(node("Add", ["other", "one"], ["places"]))
    nodes.append(node("Gather", ["table", "places"], ["y"], axis=0))
    given = [helper.make_tensor_value_info("ids", TensorProto.INT32, (None, None))]
    constants = [constant("table", TABLE), constant("rows", np.int32(rows)), constant("limit", np.float32(limit))]
    return model_of(nodes, given, values(y=(None, None, 4)), constants)


@pytest.mark.parametrize("by", ["Where", "sum"])
@pytest.mark.parametrize(("rows", "limit"), [(9, 0), (8, 0), (9, -1)])
def test_negative_ids_are_wrapped_by_the_node_that_looks_up(by, rows, limit):
    model = lookup(rows, by, limit)
    ids = IDS if rows == 9 else np.array([[0, -1], [8, -8]], np.int32)
    before = run(model, ids)[0]
    assert (kinds(model) == ["Gather"]) == ((rows, limit) == (9, 0))
    np.testing.assert_array_equal(run(model, ids)[0], before)
    if (rows, limit) == (9, 0):
        np.testing.assert_array_equal(before, TABLE[ids])
        assert [tensor.name for tensor in model.graph.initializer] == ["table"]


def product(free, inner, shape):
    """Multiply the rows of x by a weight, and give the result the sizes of the free axes of x, and that of the weight."""
    nodes = [node("Shape", ["x"], ["shape"]), node("Cast", ["shape"], ["narrow"], to=TensorProto.INT32),
             node("Gather", ["narrow", "free"], ["sizes"], axis=0), node("Concat", ["sizes", "last"], ["all"], axis=0),
             node("Cast", ["all"], ["back"], to=TensorProto.INT64), node("Reshape", ["x", "flat"], ["rows"]),
             node("MatMul", ["rows", "weight"], ["made"]), node("Reshape", ["made", "back"], ["y"])]  # fmt: skip
    weight = np.repeat(WEIGHT, inner // 4, 0)
    constants = [constant("free", np.array(free, np.int32)), constant("last", np.array([5], np.int32)),
                 constant("flat", np.array([-1, inner], np.int64)), constant("weight", weight)]  # fmt: skip
    return model_of(nodes, values(x=shape), values(y=(None,) * (len(free) + 1)), constants)


@pytest.mark.parametrize(
    ("free", "inner", "shape", "fewer"),
    [
        ([0, 1], 4, (None, None, 4), True),
        ([0, 1], 4, (2, 3, None), True),
        ([0], 12, (None, None, 4), False),  # over two axes
        ([1, 0], 4, (None, None, 4), False),  # turned
    ],
)
def test_a_product_takes_any_number_of_axes(free, inner, shape, fewer):
    model = product(free, inner, shape)
    before = run(model, X)[0]
    assert (kinds(model) == ["MatMul"]) == fewer
    np.testing.assert_array_equal(run(model, X)[0], before)


@pytest.mark.parametrize(("axis", "other", "fewer"), [(0, "x", True), (1, "x", False), (0, "z", False)])
def test_sizes_that_stay_are_not_computed(axis, other, fewer):
    """Sizes of another axis, or of another tensor, do not stay by themselves."""
    nodes = [node("Shape", [other], ["shape"]), node("Slice", ["shape", "from", "to", "zero"], ["size"]),
             node("Concat", ["size", "rest", "last"], ["sizes"], axis=0), node("Reshape", ["x", "sizes"], ["y"]),
             node("Identity", ["z"], ["copy"])]  # fmt: skip
    numbers = {"from": axis, "to": axis + 1, "zero": 0, "rest": -1, "last": 2}
    constants = [constant(name, np.array([number], np.int64)) for name, number in numbers.items()]
    model = model_of(
        nodes, values(x=(None, None, 4), z=(None, 2)), values(y=(None, None, 2), copy=(None, 2)), constants
    )
    arrays = X, np.zeros((4, 2), np.float32)
    before = run(model, *arrays)[0]
    assert (kinds(model) == ["Reshape", "Identity"]) == fewer
    np.testing.assert_array_equal(run(model, *arrays)[0], before)
