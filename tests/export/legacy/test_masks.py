"""Masks of merged tensors: those of Keras 2, which tf_keras computes, also after the model was stored by Keras 3."""

import keras
import numpy as np
import pytest
import tf_keras

import export
from tests.export.legacy.test_reading import assert_same, outputs_of, randomized

K = tf_keras.layers
LEFT, RIGHT = (np.random.default_rng(seed).integers(1, 9, (3, 6)).astype(np.float32) for seed in (0, 1))
LEFT[0, 3:] = RIGHT[1, 4:] = LEFT[2, 1] = 0
MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")


def embedded(x, masked=True):
    return K.Embedding(9, 4, mask_zero=masked)(x)


def assert_read(model, arrays, tmp_path):
    randomized(model).save(tmp_path / "m.h5")
    expected = outputs_of(model, arrays)
    assert_same(expected, outputs_of(export.read(tmp_path / "m.h5"), arrays))
    return expected


def assert_read_and_converted(model, arrays, tmp_path):
    expected = assert_read(model, arrays, tmp_path)
    export.convert(tmp_path / "m.h5", tmp_path / "new.keras")
    assert_same(expected, outputs_of(keras.models.load_model(tmp_path / "new.keras"), arrays))


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("kind", MERGES)
def test_merged(kind, both, tmp_path):
    """Valid is a step that is valid in all that have a mask; layers between pass the mask on."""
    x, y = K.Input((6,)), K.Input((6,))
    merged = K.Dropout(0.1)(getattr(K, kind)()([embedded(x), embedded(y, both)]))
    outputs = [K.LSTM(3)(merged), K.GlobalAveragePooling1D()(K.Dense(2)(merged))]
    assert_read(tf_keras.Model([x, y], outputs), [LEFT, RIGHT], tmp_path)


def test_one_after_the_other_in_time(tmp_path):
    x, y = K.Input((6,)), K.Input((6,))
    model = tf_keras.Model([x, y], K.GRU(3)(K.Concatenate(axis=1)([embedded(x), embedded(y)])))
    assert_read_and_converted(model, [LEFT, RIGHT], tmp_path)


def test_on_through_stacks_states_and_both_directions(tmp_path):
    """Also after the model was stored by Keras 3."""
    x, y = K.Input((6,)), K.Input((6,))
    both = K.Bidirectional(K.GRU(2, return_sequences=True))(K.Multiply()([embedded(x), embedded(y)]))
    _, *states = K.LSTM(4, return_state=True)(K.Add()([embedded(x), embedded(y, False)]))
    decoded = K.LSTM(4, return_sequences=True)(both, initial_state=states)
    assert_read_and_converted(tf_keras.Model([x, y], K.LSTM(2)(decoded)), [LEFT, RIGHT], tmp_path)


def test_caption(tmp_path):
    """The default name of `Concatenate` is the one that Keras 3 gives to the operation of its mask."""
    image, x = K.Input((4,)), K.Input((6,))
    merged = K.Concatenate(name="concatenate")([K.RepeatVector(6)(K.Dense(4)(image)), embedded(x)])
    pixels = np.random.default_rng(2).normal(0, 1, (3, 4)).astype(np.float32)
    assert_read_and_converted(tf_keras.Model([image, x], K.LSTM(4)(merged)), [pixels, LEFT], tmp_path)


def test_layers_that_end_a_mask(tmp_path):
    layers = [K.Embedding(9, 4, mask_zero=True), K.Rescaling(0.5), K.LSTM(3)]
    assert_read_and_converted(tf_keras.Sequential([K.Input((6,)), *layers]), [LEFT], tmp_path)
    x = K.Input((6,))
    assert_read_and_converted(tf_keras.Model(x, K.LSTM(3)(K.Rescaling(0.5)(embedded(x)))), [LEFT], tmp_path)


def test_same_mask_is_left_to_keras(tmp_path):
    """A residual connection needs nothing beside what Keras 3 finds."""
    x = K.Input((6,))
    y = embedded(x)
    model = tf_keras.Model(x, K.GRU(2)(K.Add()([y, K.LSTM(4, return_sequences=True)(y)])))
    assert_read_and_converted(model, [LEFT], tmp_path)
