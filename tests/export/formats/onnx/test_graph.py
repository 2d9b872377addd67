"""Changes to ONNX graphs written by hand, compared by what they compute."""

import math

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from export.formats import MissingOperator
from export.formats.onnx import graph
from tests.export.formats.onnx.handmade import constant, model_of, run, values

X = np.random.default_rng(0).normal(0, 1, (2, 32)).astype(np.float32)
WEIGHT = np.random.default_rng(1).normal(0, 1, (32, 32)).astype(np.float32)
node = helper.make_node


def loop(body_nodes, carried, steps=3):
    """A loop over the tensors given: `{name inside: name outside}`; each leaves as `new_…` inside, `…_end` outside."""
    inputs = [helper.make_tensor_value_info("step", TensorProto.INT64, []),
              helper.make_tensor_value_info("go", TensorProto.BOOL, [])]  # fmt: skip
    inputs += values(**dict.fromkeys(carried, (None, None)))
    outputs = [
        helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
        *values(**{f"new_{n}": (None, None) for n in carried}),
    ]
    body = helper.make_graph([node("Identity", ["go"], ["go_on"]), *body_nodes], "body", inputs, outputs)
    steps = node("Constant", [], ["steps"], value=constant("", np.int64(steps)))
    return [steps, node("Loop", ["steps", "", *carried.values()], [f"{n}_end" for n in carried], body=body)]


def looped(*outputs):
    """Multiply a state by a weight, which the loop passes on, three times."""
    body = [node("MatMul", ["state", "weight"], ["new_state"]), node("Identity", ["weight"], ["new_weight"])]
    nodes = [*loop(body, {"state": "x", "weight": "w"}), node("MatMul", ["state_end", "weight_end"], ["y"])]
    shapes = dict.fromkeys(outputs, (None, None))
    return model_of(nodes, values(x=(None, 32)), values(**shapes), [constant("w", WEIGHT / 8)])


def truth():
    y = X
    for _ in range(4):
        y = y @ (WEIGHT / 8)
    return y


def test_graphs_lists_outer_ones_first():
    assert [one.name for one in graph.graphs(looped("y").graph)] == ["handmade", "body"]


@pytest.mark.parametrize("inside", [True, False])
def test_rewrite_inside_of_loops_or_not(inside):
    """The loop runs its products twice where the change reaches it."""

    def doubled(one):
        if one.op_type != "MatMul":
            return [one]
        middle = f"{one.output[0]}/once"
        return [node("MatMul", one.input, [middle]), node("MatMul", [middle, one.input[1]], one.output)]

    model = looped("y")
    graph.rewrite(model, doubled, inside)
    expected = X
    for _ in range(8 if inside else 5):
        expected = expected @ (WEIGHT / 8)
    np.testing.assert_allclose(run(model, X)[0], expected, rtol=1e-3, atol=1e-5)


def test_erfc_is_computed_although_onnx_has_none():
    model = model_of([node("Erfc", ["x"], ["y"])], values(x=(None, 32)), values(y=(None, 32)))
    with pytest.raises(MissingOperator):
        graph.check_known(model)
    graph.add_erfc(model)
    graph.check_known(model)
    np.testing.assert_allclose(run(model, X)[0], np.vectorize(math.erfc)(X), atol=1e-6)


def test_unknown_operators_are_found_inside_of_loops():
    body = [node("Bitcast", ["state"], ["new_state"], name="model/own/Bitcast")]
    model = model_of(loop(body, {"state": "x"}), values(x=(None, 32)), values(state_end=(None, None)))
    with pytest.raises(MissingOperator) as caught:
        graph.check_known(model)
    assert (caught.value.operator, caught.value.scope) == ("Bitcast", "model/own/Bitcast")
    body[0].domain = graph.DOMAIN  # an operator set of its own may have any
    graph.check_known(model_of(loop(body, {"state": "x"}), values(x=(None, 32)), values(state_end=(None, None))))


def test_free_loops_takes_out_what_is_not_changed():
    model = looped("y")
    graph.free_loops(model)
    [inner] = [one for one in model.graph.node if one.op_type == "Loop"]
    assert list(inner.input) == ["steps", "", "x"]
    assert list(inner.output) == ["state_end"]
    assert [value.name for value in inner.attribute[0].g.input] == ["step", "go", "state"]
    np.testing.assert_allclose(run(model, X)[0], truth(), rtol=1e-4, atol=1e-5)


def test_free_loops_leaves_what_the_graph_gives():
    model = looped("y", "weight_end")
    graph.free_loops(model)
    assert [len(one.input) for one in model.graph.node if one.op_type == "Loop"] == [4]
    y, weight = run(model, X)
    np.testing.assert_allclose(y, truth(), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(weight, WEIGHT / 8)


def stored(model):
    """Dtype of every constant with many numbers."""
    arrays = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    return [array.dtype.name for array in arrays if array.size >= graph.SMALL]


SHARED = [node("MatMul", ["x", "w"], ["h"]), node("Add", ["h", "w"], ["y"])]


@pytest.mark.parametrize(("how", "least"), [("float16", 1), ("int8", 1), ("int8", 1025)])
def test_quantize_products_and_others(how, least, monkeypatch):
    """A weight that is multiplied and added; where products are faster in float32, it is stored once for both."""
    monkeypatch.setattr("export.formats.onnx.builder.LEAST_INTEGER", least)
    whole = how == "int8" and least == 1
    x = np.random.default_rng(2).normal(0, 1, (32, 32)).astype(np.float32)
    model = model_of(SHARED, values(x=(32, 32)), values(y=(32, 32)), [constant("w", WEIGHT)])
    graph.quantize(model, how, inside=True)
    assert stored(model) == [how, how] if whole else [how]  # computed with, and only stored
    operators = [one.op_type for one in model.graph.node]
    assert ("MatMulIntegerToFloat" in operators) == whole
    expected = x @ WEIGHT + WEIGHT
    error = np.abs(run(model, x)[0] - expected).max()
    assert 0 < error < {"float16": 0.01, "int8": 0.5}[how]


def test_quantize_stores_a_shared_weight_once():
    nodes = [node("Add", ["x", "w"], ["h"]), node("Mul", ["h", "w"], ["y"])]
    model = model_of(nodes, values(x=(32, 32)), values(y=(32, 32)), [constant("w", WEIGHT)])
    graph.quantize(model, "int8", inside=True)
    assert stored(model) == ["int8"]
    expected = (WEIGHT.T + WEIGHT) * WEIGHT
    np.testing.assert_allclose(run(model, WEIGHT.T)[0], expected, atol=0.3)


@pytest.mark.parametrize("inside", [True, False])
def test_quantize_leaves_small_weights_those_of_layers_and_perhaps_loops(inside):
    names, arrays = ("w", "small", "recurrent_0/r"), (WEIGHT, WEIGHT[:, :31], WEIGHT)
    body = [node("MatMul", ["state", "recurrent_0/r"], ["h"]), node("MatMul", ["h", "w"], ["new_state"])]
    nodes = [*loop(body, {"state": "x"}, 1), node("MatMul", ["state_end", "small"], ["y"])]
    model = model_of(nodes, values(x=(None, 32)), values(y=(None, 31)), map(constant, names, arrays))
    graph.quantize(model, "int8", inside)
    assert sorted(stored(model)) == ["float32", "int8" if inside else "float32"]
    assert {tensor.name for tensor in model.graph.initializer} >= {"small", "recurrent_0/r"}
    expected = X @ WEIGHT @ WEIGHT @ WEIGHT[:, :31]
    assert np.abs(run(model, X)[0] - expected).max() < (0.03 if inside else 1e-5) * np.abs(expected).max()


def test_operator_sets_that_do_not_occur_are_dropped():
    model = looped("y")
    assert [entry.domain for entry in model.opset_import] == ["", graph.MICROSOFT]
    graph.drop_domains(model)
    assert [entry.domain for entry in model.opset_import] == [""]
