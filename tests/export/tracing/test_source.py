"""A Keras model with names for its inputs and outputs, and what it computes."""

import keras
import numpy as np
import pytest
from keras import layers

from export.tracing.source import Source
from tests import cells
from tests.conftest import FEATURES, UNITS, randomized
from zoo.errors import ArgumentError
from zoo.runtime.signature import Signature, Tensor


def sequential(*stack, shape=(None, FEATURES)):
    return randomized(keras.Sequential([keras.Input(shape), *stack]))


def lstm(**options):
    return layers.LSTM(UNITS, return_sequences=True, **options)


X = Tensor("x", (None, None, FEATURES), "float32")
Y = Tensor("y", (None, None, UNITS), "float32")


def states(kind, batch=None):
    return [Tensor(f"{letter}{kind}_0", (batch, UNITS), "float32") for letter in "hc"]


def test_signatures_by_hand():
    model = sequential(lstm())
    assert Source(model).signature("sequence") == Signature("sequence", (X,), (Y,))
    source = Source(model, every_state=True)
    assert source.signature("sequence") == Signature("sequence", (X, *states("0")), (Y, *states("n")))
    fixed = source.signature("step", batch=2)
    assert fixed.inputs == (Tensor("x", (2, 1, FEATURES), "float32"), *states("0", 2))
    assert fixed.outputs == (Tensor("y", (2, 1, UNITS), "float32"), *states("n", 2))
    assert source.signature("sequence", steps=7).outputs[0].shape == (None, 7, UNITS)


def test_run_computes_the_equations():
    source = Source(sequential(lstm()), every_state=True)
    arrays = source.sample(np.random.default_rng(0), 2, 6)
    y, state = cells.over_time("lstm", arrays[0], source.network.layers[0].get_weights(), arrays[1:])
    for found, expected in zip(source.run(arrays), (y, *state), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert len(source.run(arrays[:1])) == 3  # states that are not given are zeros, and still leave
    zeros = [np.zeros_like(array) for array in arrays[1:]]
    np.testing.assert_allclose(source.run(arrays[:1])[0], source.run([arrays[0], *zeros])[0], atol=1e-7)


def test_axes_that_follow_the_length_and_those_that_do_not():
    """Pooled to half the length, or to one step; and a fixed number of steps, which the input has too."""
    x = keras.Input((None, FEATURES))
    hidden = lstm()(x)
    halves = layers.AveragePooling1D(2, padding="same")(hidden)
    ends = layers.GlobalAveragePooling1D()(hidden)
    source = Source(keras.Model(x, [hidden, halves, layers.RepeatVector(4)(ends), ends]))
    assert [tensor.shape for tensor in source.outputs] == [
        (None, None, UNITS), (None, None, UNITS), (None, 4, UNITS), (None, UNITS)
    ]  # fmt: skip
    assert [source.timed_output(tensor) for tensor in source.outputs] == [True, False, False, False]


def test_a_fixed_time_axis_takes_no_other_length():
    source = Source(sequential(lstm(), shape=(6, FEATURES)))
    assert (source.lengths, source.timed(source.inputs[0])) == (0, True)
    assert source.signature("sequence").inputs[0].shape == (None, 6, FEATURES)
    assert source.signature("sequence", steps=6).outputs[0].shape == (None, 6, UNITS)
    with pytest.raises(ArgumentError, match="steps=5: the model takes 6, no other number"):
        source.signature("sequence", steps=5)


def test_the_least_length_that_a_model_is_known_to_take():
    """31 steps are the first tried that a kernel of 8 fits into."""
    assert Source(sequential(lstm())).least == 0
    source = Source(sequential(layers.Conv1D(2, 8), lstm()))
    assert source.least == 31
    assert source.signature("sequence").outputs[0].shape == (None, None, UNITS)


def test_a_model_that_runs_at_no_size_names_its_inputs_and_the_reason():
    model = sequential(lstm())
    message = r"does not run on x float32\[None, None, 5\]|does not run on x float32\[None, 4, 5\]"
    with pytest.raises(ArgumentError, match=rf"({message}) \(\w+: .+\): give inputs= it takes"):
        Source(model, np.zeros((2, 4, FEATURES + 2), np.float32))


def test_an_output_that_is_called_like_an_input_gets_another_name():
    a, b = keras.Input((None, FEATURES), name="sound"), keras.Input((None, FEATURES), name="sound_out")
    source = Source(keras.Model([a, b], layers.GRU(2, name="Sound")(a + b)))
    assert [tensor.name for tensor in source.inputs] == ["sound", "sound_out"]
    assert [tensor.name for tensor in source.outputs] == ["Sound_1"]


def test_samples_fit_the_inputs_and_repeat_themselves():
    a, b = keras.Input((None, FEATURES), name="a"), keras.Input((None,), dtype="int32", name="b")
    hidden = layers.GRU(2)(a) + layers.GRU(2)(layers.Embedding(5, 2)(b))
    source = Source(keras.Model([a, b], hidden), every_state=True)
    assert source.lengths == 2
    found = source.sample(np.random.default_rng(1), 3, 6, apart=4)
    assert [array.shape for array in found] == [(3, 6, FEATURES), (3, 10), (3, 2), (3, 2)]
    for one, two in zip(found, source.sample(np.random.default_rng(1), 3, 6, apart=4), strict=True):
        np.testing.assert_array_equal(one, two)
    own = Source(sequential(lstm()), example=lambda rng, batch, time: np.full((batch, time, FEATURES), 7, np.float32))
    assert (own.sample(np.random.default_rng(1), 2, 3)[0] == 7).all()


def test_a_mask_is_as_long_as_what_it_masks():
    """Keras reads no further than the input; a graph that compares their lengths would not run."""
    x, mask, other = (keras.Input(shape, dtype=dtype) for shape, dtype in
                      (((None, 3), "float32"), ((None,), "bool"), ((None, 2), "float32")))  # fmt: skip
    source = Source(keras.Model([x, mask, other], [layers.GRU(2)(x, mask=mask), layers.GRU(2)(other)]))
    lengths = [array.shape[1] for array in source.sample(np.random.default_rng(0), 2, 4, apart=5)]
    assert lengths == [4, 4, 9]
