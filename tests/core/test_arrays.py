import numpy as np
import pytest

from zoo.core.arrays import ARRAYS, SCALARS


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_axis_is_added_where_numpy_adds_it(axis):
    array = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(ARRAYS.expand_dims(array, axis), np.expand_dims(array, axis), strict=True)


def test_the_rest_is_that_of_numpy():
    assert (ARRAYS.where, ARRAYS.maximum, ARRAYS.int32) == (np.where, np.maximum, np.int32)


@pytest.mark.parametrize("shown", [True, False])
def test_numbers_are_computed_with_as_arrays_are(shown):
    for name, given in (("where", (shown, 3, 5)), ("maximum", (3, 5)), ("minimum", (3, 5))):
        assert getattr(SCALARS, name)(*given) == getattr(np, name)(*given)
