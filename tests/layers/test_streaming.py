"""Reshaping and flat states of the layers below the recurrent ones."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.layers.streaming import Front, Regroup, behind, last_of, regrouped

X = np.arange(2 * 6 * 4, dtype=np.float32).reshape(2, 6, 4)


@pytest.mark.parametrize(
    ("times", "rest", "shape"),
    [(2, (2,), (2, 12, 2)), (0.5, (8,), (2, 3, 8)), (1, (2, 2), (2, 6, 2, 2)), (1, (-1, 1), (2, 6, 4, 1)), (1 / 3, (12,), (2, 2, 12))],
)  # fmt: skip
def test_numbers_keep_their_order(times, rest, shape):
    found = ops.convert_to_numpy(regrouped(X, times, rest))
    assert found.shape == shape
    assert found.ravel().tolist() == X.ravel().tolist()


def test_minus_one_stands_for_all_numbers_of_a_step():
    assert regrouped(X.reshape(2, 6, 2, 2), 1, (-1,)).shape == (2, 6, 4)


def test_the_time_is_known_where_it_is_known():
    for time, new in ((6, 12), (None, None)):
        found = regrouped(keras.Input((time, 4)), 2, (2,))
        assert found.shape == (None, new, 2)


def test_the_layer_is_stored_with_its_arguments():
    layer = Regroup(0.5, [8], name="pairs")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (type(again), again.name, again.times, again.rest) == (Regroup, "pairs", 0.5, (8,))
    assert ops.convert_to_numpy(again(X)).tolist() == X.reshape(2, 3, 8).tolist()
    assert isinstance(again, Front)
    assert (again.trainable, again.weights) == (False, [])


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("rest", [(3,), (2, 2)])
def test_parts_with_their_past_are_the_whole_with_its_past(dtype, rest):
    """What a layer that looks two steps back sees of parts is what it sees of all; at first, zeros."""
    x = np.random.default_rng(0).integers(0, 255, (2, 7, *rest)).astype(dtype)
    whole = np.concatenate([np.zeros((2, 2, *rest), dtype), x], axis=1)
    state, at = None, 0
    for part in np.split(x, [3, 4], axis=1):
        seen = behind(ops.convert_to_tensor(part), state, 2)
        state = last_of(seen, 2)
        assert keras.backend.standardize_dtype(seen.dtype) == dtype
        assert ops.convert_to_numpy(seen).tolist() == whole[:, at : at + part.shape[1] + 2].tolist()
        assert keras.backend.standardize_dtype(state.dtype) == "float32"  # as states are, whatever the input is
        assert tuple(state.shape) == (2, 2 * int(np.prod(rest)))
        at += part.shape[1]
    assert ops.convert_to_numpy(state).tolist() == x[:, -2:].reshape(2, -1).tolist()
