"""The old `hard_sigmoid` by Keras 3's, with weights multiplied: the same function for every kind of layer."""

import keras
import numpy as np
import pytest

from export.legacy.activations import hard_sigmoid_keras2
from export.legacy.portable import GATED, LINEAR, foldable, folded

SHAPES = {
    "Dense": (2, 4), "Conv1D": (2, 6, 4), "Conv2D": (2, 5, 5, 2), "Conv3D": (2, 4, 4, 4, 2),
    "Conv2DTranspose": (2, 5, 5, 2), "ConvLSTM1D": (2, 3, 5, 2), "ConvLSTM2D": (2, 3, 5, 5, 2),
    "ConvLSTM3D": (2, 3, 4, 4, 4, 2),
}  # fmt: skip
ROWS = [(kind, argument) for kind in (*LINEAR, *GATED) for argument in ("activation", "recurrent_activation")
        if foldable(kind, argument)]  # fmt: skip


def made(kind, **options):
    size = {"kernel_size": 2} if "Conv" in kind else {}
    layer = getattr(keras.layers, kind)(3, **size, **options)
    return keras.layers.RNN(layer) if kind.endswith("Cell") else layer


@pytest.mark.parametrize(("kind", "argument"), ROWS)
def test_folded_weights_compute_the_same(kind, argument):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=SHAPES.get(kind, (2, 5, 4))).astype(np.float32)
    old, new = made(kind, **{argument: hard_sigmoid_keras2}), made(kind, **{argument: "hard_sigmoid"})
    old(x), new(x)
    old.set_weights([rng.normal(0, 0.7, w.shape) for w in old.weights])
    expected = old(x)
    new.set_weights(old.get_weights())
    without = new(x)
    new.set_weights(folded(kind, (argument,), old.get_weights()))
    np.testing.assert_allclose(new(x), expected, atol=1e-6)
    assert np.abs(np.asarray(without) - np.asarray(expected)).max() > 1e-3


def test_both_activations_of_a_gru():
    kernel = np.ones((4, 9), np.float32)
    [found] = folded("GRU", ("recurrent_activation", "activation"), [kernel])
    np.testing.assert_allclose(found, 1.2)
    np.testing.assert_array_equal(kernel, 1)  # the array of the file stays as it is


def test_the_state_of_an_lstm_has_no_weights():
    assert not foldable("LSTM", "activation")
    assert not foldable("ConvLSTM2D", "activation")
    assert not foldable("Activation", "activation")
    assert {argument for kind, argument in ROWS if kind == "LSTM"} == {"recurrent_activation"}
