"""Sequential models, models of the user's classes, and the shapes of inputs."""

from pathlib import Path

import keras
import numpy as np
import pytest

import export
from export.legacy.files import Stored
from export.legacy.models import Builder, shape_of
from tests.export.legacy.keras1_files import layer, write
from zoo.errors import ModelFileError


def builder(custom=None, **layers):
    return Builder(Stored(Path("m.h5"), "hdf5", "2.2.4", layers=layers), custom or {})


@pytest.mark.parametrize(
    ("spec", "shape", "dtype"),
    [
        (layer("LSTM", "a", batch_input_shape=[None, 6, 4]), [None, 6, 4], None),
        (layer("InputLayer", "a", batch_shape=[2, 3], dtype="int32"), [2, 3], "int32"),
        (layer("Dense", "a", batch_input_shape=[None, 3], input_dtype="float64"), [None, 3], "float64"),
        (layer("Dense", "a", input_shape=[3]), [None, 3], None),
        (layer("Dense", "a", input_dim=3), [None, 3], None),
        (layer("LSTM", "a", input_dim=4, input_length=6), [None, 6, 4], None),
        (layer("Convolution1D", "a", input_dim=4), [None, None, 4], None),
        (layer("Embedding", "a", input_dim=9), [None, None], None),
        (layer("Embedding", "a", input_dim=9, input_length=7), [None, 7], None),
        (
            layer("Bidirectional", "a", layer=layer("GRU", "b", batch_input_shape=[None, None, 4])),
            [None, None, 4],
            None,
        ),
        ({"class_name": "Sequential", "config": [layer("Dense", "a", input_dim=3)]}, [None, 3], None),
        ({"class_name": "Sequential", "config": {"layers": [layer("Dense", "a", input_dim=3)]}}, [None, 3], None),
        ({"class_name": "Sequential", "config": []}, None, None),
        (layer("Dense", "a"), None, None),
    ],
)
def test_stated_shapes(spec, shape, dtype):
    assert shape_of(spec) == (shape, dtype)


@pytest.mark.parametrize(
    ("spec", "kernel", "shape"),
    [
        (layer("Dense", "a", units=2), (3, 2), (None, 3)),
        (layer("GRU", "a", units=2), (3, 6), (None, None, 3)),
        (layer("Conv1D", "a", filters=2, kernel_size=5), (5, 3, 2), (None, None, 3)),
    ],
)
def test_shapes_that_follow_from_the_weights(spec, kernel, shape):
    made = builder(a={"bias": np.zeros(2), "kernel": np.zeros(kernel)})
    assert made.model({"class_name": "Sequential", "config": [spec]}).layer.input_shape == shape
    assert made.told["the file does not state the shape of the input, which follows from the weights"] == ["a"]


def test_shape_of_the_input_is_not_known():
    with pytest.raises(ModelFileError, match="does not state the shape of the input.*export.load_weights"):
        builder().model({"class_name": "Sequential", "config": [layer("Dense", "a", units=2)]})
    stated = {"name": "s", "layers": [layer("Dense", "a", units=2)], "build_input_shape": [None, 3]}
    assert builder().model({"class_name": "Sequential", "config": stated}).layer.input_shape == (None, 3)


def test_layers_that_do_not_fit(tmp_path):
    config = [layer("LSTM", "a", units=3, batch_input_shape=[None, 6, 4]), layer("LSTM", "b", units=3)]
    with pytest.raises(ModelFileError, match="Keras 3 cannot connect the layers"):
        export.read(write(tmp_path / "m.h5", {"class_name": "Sequential", "config": config}, {}, "2.2.4"))


class Doubling(keras.Model):
    def __init__(self, factor=2, **options):
        super().__init__(**options)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def test_models_of_the_user_s_classes():
    spec = {"class_name": "Doubling", "config": {"name": "d", "factor": 3}}
    with pytest.raises(ModelFileError, match="is a Doubling, a model class of the file's author.*load_weights"):
        builder().model(spec)
    made = builder({"Doubling": Doubling}).model(spec)
    np.testing.assert_array_equal(made.layer(np.ones(3)), 3)
    with pytest.raises(ModelFileError, match="Doubling does not take its stored settings"):
        builder({"Doubling": Doubling}).model({"class_name": "Doubling", "config": {"size": 3}})
