"""Activations as files name them."""

import keras
import numpy as np
import pytest

from export.legacy.activations import activation, hard_sigmoid_keras2
from zoo.errors import ModelFileError

X = np.linspace(-4, 4, 33, dtype=np.float32)


def test_the_old_hard_sigmoid():
    np.testing.assert_allclose(hard_sigmoid_keras2(X), np.clip(0.2 * X + 0.5, 0, 1), atol=1e-7)
    assert np.abs(np.asarray(keras.activations.hard_sigmoid(X)) - np.asarray(hard_sigmoid_keras2(X))).max() > 0.03


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("hard_sigmoid", hard_sigmoid_keras2),
        ("tanh", keras.activations.tanh),
        ("softmax_v2", keras.activations.softmax),
        ({"class_name": "function", "config": "relu", "registered_name": "relu"}, keras.activations.relu),
        ({"class_name": "hard_sigmoid"}, hard_sigmoid_keras2),
        (None, None),
    ],
)
def test_names_and_configurations(stored, expected):
    assert activation(stored, {}, "a") is expected


def test_layers_as_activations():
    found = activation({"class_name": "LeakyReLU", "config": {"name": "leaky", "alpha": 0.25}}, {}, "a")
    np.testing.assert_allclose(found(X), np.where(X > 0, X, 0.25 * X), atol=1e-7)


def test_functions_of_the_user():
    assert activation("tanh", {"tanh": abs}, "a") is abs
    assert activation("snake", {"snake": abs}, "a") is abs
    with pytest.raises(ModelFileError, match=r"net/a: its activation 'snake' .*custom_objects=\{'snake': …\}"):
        activation("snake", {}, "net/a")
