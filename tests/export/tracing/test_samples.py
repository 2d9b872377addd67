"""Random inputs: their types, limits and padding."""

import keras
import numpy as np
import pytest
from keras import layers

from export.tracing.samples import MAX_ID, SPACE, draw, ids, padding_of
from tests.conftest import FEATURES
from zoo.runtime.signature import Tensor


def network(*stack, shape=(None, FEATURES), dtype="float32"):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *stack])


def drawn(model, shape, dtype="float32", name="x", batch=10, time=20, padded=True):
    return draw(np.random.default_rng(0), model, Tensor(name, shape, dtype), batch, time, padded)


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((None, None, 3), (10, 20, 3)),
        ((None, 6, 3), (10, 6, 3)),
        ((None, None, None, 2), (10, 20, SPACE, 2)),
        ((None,), (10,)),
        ((None, 4), (10, 4)),
    ],
)
def test_free_axes_are_batch_and_time_and_others_are_small(shape, found):
    assert drawn(network(layers.GRU(2)), shape).shape == found


def test_numbers_by_type():
    model = network(layers.GRU(2))
    for dtype in ("float32", "float64", "int8", "int64", "bool"):
        values = drawn(model, (None, None), dtype)
        assert values.dtype == dtype
        assert len(np.unique(values)) > 1
    assert drawn(model, (None, None, 3)).min() < -1
    state = drawn(model, (None, 50), name="c0_3")
    assert -1 <= state.min() < -0.9
    assert 0.9 < state.max() <= 1


def test_ids_are_those_that_every_embedding_knows():
    two = network(layers.Embedding(7, 2), layers.Dense(2), shape=(None,), dtype="int32")
    assert ids(two) == 7
    other = keras.Sequential([keras.Input((None,), dtype="int32"), keras.Sequential([layers.Embedding(4, 1)])])
    assert ids(keras.Sequential([keras.Input((None,)), two, layers.Reshape((-1,)), other])) == 4
    assert ids(network(layers.CategoryEncoding(5), shape=(5,), dtype="int32")) == 5
    assert ids(network(layers.GRU(2))) == MAX_ID
    for dtype in ("int32", "float32"):  # an embedding also takes ids that are floats
        assert set(np.unique(drawn(two, (None, None), dtype, padded=False))) == set(range(1, 7))
        assert set(np.unique(drawn(two, (None, None), dtype))) == set(range(7))
    one = network(layers.Embedding(1, 2), shape=(None,), dtype="int32")
    assert set(np.unique(drawn(one, (None, None), "int32"))) == {0}


def test_padding_is_the_value_that_the_model_masks():
    model = network(layers.Masking(mask_value=-9.0), layers.GRU(2))
    padded = (drawn(model, (None, None, FEATURES)) == -9).all(axis=2)
    assert padded.any()
    assert not padded.all(axis=1).any()
    assert not (drawn(model, (None, None, FEATURES), padded=False) == -9).any()
    assert not (drawn(network(layers.GRU(2)), (None, None, FEATURES)) == 0).any()


def test_padding_of_rows_in_turn():
    """Not padded, right, left, in the middle, at random; and again."""
    for seed in range(20):
        padded = padding_of(np.random.default_rng(seed), 10, 12).astype(int)
        assert not padded[[0, 5]].any()
        assert (np.diff(padded[[1, 6]]) >= 0).all()
        assert (np.diff(padded[[2, 7]]) <= 0).all()
        assert (padded[[3, 8], 0] == 0).all()
        assert (np.abs(np.diff(padded[[3, 8]])).sum(axis=1) <= 2).all()
        assert not padded.all(axis=1).any()
    several = np.array([padding_of(np.random.default_rng(seed), 5, 12) for seed in range(20)])
    assert several[:, 1:].any(axis=(0, 2)).all()  # every kind of padding occurs
    assert not padding_of(np.random.default_rng(0), 50, 1).any()
