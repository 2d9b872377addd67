"""Nodes and constants by name, and products whose weights are stored in fewer bits."""

import numpy as np
import onnx
import pytest

from export.formats.onnx.builder import FULL, HALF, LEAST_INTEGER, Builder, product, rounded, rowwise, stored
from tests.export.formats.onnx.handmade import model_of, run, values

WEIGHT = np.random.default_rng(0).normal(0, [1, 10, 0.1], (5, 3)).astype(np.float32)


def computed(b, result, *arrays):
    """Run what a builder has built from inputs called a, b, …."""
    names = dict(zip("abc", (list(array.shape) for array in arrays), strict=False))
    ends = b.one("Identity", result)
    return run(model_of(b.nodes, values(**names), values(**{ends: None}), b.constants), *arrays)[0]


def test_rounded_by_hand():
    """Each output has its own scale; an output of zeros stays zero."""
    whole, scale = rounded(np.array([[1.0, -8.0, 0.0], [-0.24, 2.1, 0.0]]), 4)
    assert whole.dtype == np.int8
    assert whole.tolist() == [[4, -4, 0], [-1, 1, 0]]
    np.testing.assert_allclose(scale[:, :2], [[0.25, 2.0]])
    assert scale.shape == (1, 3)
    kernel = np.zeros((2, 3, 1, 1))  # of a convolution: outputs come first
    kernel[:, 0, 0, 0] = 2, -6
    whole, scale = rounded(kernel, FULL, (1, 2, 3))
    assert whole[:, 0, 0, 0].tolist() == [127, -127]
    np.testing.assert_allclose(scale.ravel(), [2 / 127, 6 / 127], rtol=1e-6)


def test_names_are_unique_and_begin_with_the_prefix():
    b = Builder("layer")
    outputs = [*b.node("Split", ["x", ""], 2, axis=1), b.one("Add", "x", "y"), b.one("Add", "x", "y")]
    constants = [b.constant(1), b.constant([2], np.int64)]
    assert len({*outputs, *constants, *(node.name for node in b.nodes)}) == 4 + 2 + 3
    assert all(name.startswith("layer/") for name in (*outputs, *constants))
    assert [(node.op_type, len(node.input), len(node.output)) for node in b.nodes] == [
        ("Split", 2, 2), ("Add", 2, 1), ("Add", 2, 1)
    ]  # fmt: skip
    b.nodes.clear()  # as a rewriter does between nodes
    assert b.one("Add", "x", "y") not in outputs
    arrays = [onnx.numpy_helper.to_array(tensor) for tensor in b.constants]
    assert [(array.dtype, array.tolist()) for array in arrays] == [(np.float32, 1.0), (np.int64, [2])]


def test_a_transposed_array_is_stored_as_it_reads():
    b = Builder("b")
    b.constant(WEIGHT.T)
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(b.constants[0]), WEIGHT.T)


@pytest.mark.parametrize(
    ("storage", "bits", "error"),
    [
        ("float32", np.float32, np.zeros(3)),
        ("float16", np.float16, np.abs(WEIGHT).max(0) * 2**-11),
        ("int8", np.int8, np.abs(WEIGHT).max(0) / 254 * 1.001),
    ],
)
def test_stored_weights_come_back(storage, bits, error):
    b = Builder("b")
    found = computed(b, stored(b, WEIGHT, storage))
    assert found.dtype == np.float32
    assert (np.abs(found - WEIGHT) <= error).all()
    assert (found == WEIGHT).all() == (storage == "float32")
    [array] = [a for a in map(onnx.numpy_helper.to_array, b.constants) if a.size == WEIGHT.size]
    assert array.dtype == bits


def test_stored_with_outputs_on_another_axis():
    """The rows of a transposed weight differ a hundredfold: only with a scale of its own does each keep its digits."""
    b = Builder("b")
    found = computed(b, stored(b, WEIGHT.T, "int8", outputs=0))
    assert (np.abs(found - WEIGHT.T) <= np.abs(WEIGHT.T).max(1, keepdims=True) / 254 * 1.001).all()


@pytest.mark.parametrize("form", ["float32", "float16", "weights", "dynamic", "rows"])
@pytest.mark.parametrize("biased", [True, False])
def test_products_of_whole_numbers_are_exact(form, biased):
    """Numbers that every form can hold, since the largest of a column or a row is what its scale divides."""
    x = np.float32([[0, 127, 3], [17, 1, -127]] if form == "rows" else [[0, 255, 3], [17, 1, 200]])
    most = {"weights": FULL, "dynamic": HALF, "rows": HALF}.get(form, 64)
    weight, bias = np.float32([[most, 1], [2, -most], [-5, 7]]) * np.float32([1, 0.5]), np.float32([0.25, -3])
    b = Builder("b")
    found = computed(b, product(b, "a", weight, bias if biased else None, form), x)
    np.testing.assert_allclose(found, x @ weight + (bias if biased else 0), rtol=1e-6)
    whole = {"dynamic": {"DynamicQuantizeMatMul"}, "rows": {"MatMulIntegerToFloat"}}
    assert {node.op_type for node in b.nodes if "Integer" in node.op_type or "Dynamic" in node.op_type} == whole.get(
        form, set()
    )


def test_a_row_does_not_depend_on_the_others():
    """Rows a millionfold apart, one of zeros, one of a single sign: each keeps its digits, to half a step of its scale."""
    rng = np.random.default_rng(0)
    x = (rng.normal(0, 1, (5, 96)) * 10.0 ** np.array([[-3], [3], [0], [0], [0]])).astype(np.float32)
    x[3], x[4] = 0, np.abs(x[4])
    weight = rng.normal(0, 1, (96, 32)).astype(np.float32)
    b = Builder("b")
    y = product(b, "a", weight, None, "rows")
    found = computed(b, y, x)
    for i in range(len(x)):
        np.testing.assert_array_equal(found[i : i + 1], computed(b, y, x[i : i + 1]))
    largest = np.abs(x).max(1, keepdims=True) * np.sqrt(96)
    assert (np.abs(found - x @ weight) <= 0.05 * largest).all()
    assert not found[3].any()


def test_large_weights_are_multiplied_in_integers():
    assert [rowwise(size) for size in (LEAST_INTEGER - 1, LEAST_INTEGER)] == ["weights", "rows"]
