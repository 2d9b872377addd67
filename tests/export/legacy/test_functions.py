"""Functions with TensorFlow's arguments: what models of Keras 2 rarely have, and what is refused."""

import numpy as np
import pytest

from export.legacy import functions
from export.legacy.functions import Shape, plain, reduction

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def test_arguments_by_name_and_position():
    subtract = plain("subtract", "x", "y")
    np.testing.assert_array_equal(subtract(X, y=1), X - 1)
    np.testing.assert_array_equal(subtract(X, 1, name="minus"), X - 1)
    with pytest.raises(TypeError, match="arguments casting"):
        subtract(X, 1, casting="safe")


def test_reductions_with_arguments_of_before():
    total = reduction("sum")
    np.testing.assert_array_equal(total(X, reduction_indices=[1], keep_dims=True), X.sum(1, keepdims=True))
    np.testing.assert_array_equal(total(X, [0, 2]), X.sum((0, 2)))


def test_shapes_are_values():
    shape = functions.shape(X)
    assert functions.getitem(shape, {"start": 1, "stop": None, "step": None}) == Shape((3, 4))
    assert functions.getitem(Shape((None, 6, 4)), [{"start": 0, "stop": 2, "step": 1}]) == Shape((None, 6))
    assert functions.getitem(Shape((None, 6, 4)), 0) is None
    assert functions.reshape(X, Shape((6, 4))).shape == (6, 4)


@pytest.mark.parametrize(
    ("shape", "expected"), [((None, -1), (2, 12)), ((None, 6, -1), (2, 6, 2)), ((-1, 4), (6, 4)), ([None, 12], (2, 12))]
)
def test_reshape_with_an_unknown_batch(shape, expected):
    assert functions.reshape(X, shape).shape == expected


def test_indices_as_they_are_stored():
    spec = ["...", None, {"start": 1, "stop": None, "step": 2}]
    np.testing.assert_array_equal(functions.getitem(X, spec), X[..., None, 1::2])


def test_sizes_of_a_split():
    parts = functions.split(X, [1, 2, 1], axis=2, num=3)
    assert [part.shape[2] for part in parts] == [1, 2, 1]


def test_arguments_of_before():
    assert functions.expand_dims(X, dim=1).shape == (2, 1, 3, 4)
    assert functions.squeeze(X[:, :1], squeeze_dims=[1]).shape == (2, 4)


def test_padding():
    paddings = [[0, 0], [1, 1], [0, 0]]
    np.testing.assert_array_equal(functions.pad(X, paddings, "REFLECT"), np.pad(X, paddings, "reflect"))
    found = functions.pad(X, paddings, constant_values=7)
    np.testing.assert_array_equal(found, np.pad(X, paddings, constant_values=7))


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (functions.gather, {"indices": [0], "batch_dims": 1}),
        (functions.one_hot, {"depth": 3, "on_value": 2}),
        (functions.cumsum, {"exclusive": True}),
        (functions.matmul, {"b": X, "adjoint_a": True}),
    ],
)
def test_what_is_not_computed_is_refused(function, options):
    with pytest.raises(TypeError, match="argument"):
        function(X, **options)
