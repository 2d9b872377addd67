"""Arrays of a file go to the layers they belong to; what does not fit is named."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tf_keras

import export
from export.legacy.files import Stored
from export.legacy.parts import Part
from export.legacy.weights import Filler
from tests.export.legacy.keras1_files import layer, random_arrays, write
from tests.export.legacy.test_reading import assert_same, inputs_of, outputs_of, randomized
from zoo.errors import ModelFileError

K = tf_keras.layers


def filler(version="2.2.4"):
    return Filler(Stored(Path("m.h5"), "hdf5", version), lambda *_: None, [])


def part(made, shape, children=(), name="a"):
    made.build(shape)
    return Part(type(made).__name__, name, made, list(children))


def test_arrays_are_shared_out_between_nested_layers():
    """First those that are trained, layer by layer, then the others."""
    dense, norm, last = (
        part(keras.layers.Dense(2), (None, 3)), part(keras.layers.BatchNormalization(), (None, 2)),
        part(keras.layers.Dense(1), (None, 2)),
    )  # fmt: skip
    last.layer.trainable = False
    rng = np.random.default_rng(0)
    shapes = [(3, 2), (2,), (2,), (2,), (2,), (2,), (2, 1), (1,)]
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    outer = Part(
        "Sequential", "outer", keras.Sequential([one.layer for one in (dense, norm, last)]), [dense, norm, last]
    )
    filler().layer(outer, arrays)
    for one, mine in ((dense, [0, 1]), (norm, [2, 3, 4, 5]), (last, [6, 7])):
        for value, i in zip(one.layer.get_weights(), mine, strict=True):
            np.testing.assert_array_equal(value, arrays[i])
    with pytest.raises(ModelFileError, match="outer: the file has 7 arrays for it, its layers have 8"):
        filler().layer(outer, arrays[:-1])


def test_a_layer_used_twice_has_its_arrays_once():
    shared = part(keras.layers.Dense(2), (None, 2), name="shared")
    outer = Part("Functional", "outer", None, [shared, Part("Functional", "inner", None, [shared])])
    filler().layer(outer, [np.ones((2, 2), np.float32), np.ones(2, np.float32)])
    np.testing.assert_array_equal(shared.layer.get_weights()[0], 1)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"k": (4, 12), "r": (3, 12)}, r"lstm \(LSTM\): the file has 2 arrays, the layer 3 weights"),
        ({"k": (4, 12), "r": (3, 12), "b": (9,)}, r"lstm \(LSTM\): the file has \(9,\) where .*bias is \(12,\)"),
        ({}, r"lstm \(LSTM\): the file has 0 arrays"),
        (None, "no weights of the layer 'lstm': the file has those of other; save the model again"),
    ],
)
def test_what_does_not_fit_is_named(arrays, message, tmp_path):
    config = {"class_name": "Sequential", "config": [layer("LSTM", "lstm", units=3, batch_input_shape=[None, 6, 4])]}
    found = {"other": {}} if arrays is None else {"lstm": random_arrays(np.random.default_rng(0), **arrays)}
    with pytest.raises(ModelFileError, match=message):
        export.read(write(tmp_path / "m.h5", config, found, "2.2.4"))


def test_many_layers_of_a_class_in_a_zip_archive(tmp_path):
    """`dense_10` comes after `dense_9`, whatever the layers are called."""
    dense = [K.Dense(3, "tanh", name=f"layer_{chr(122 - i)}") for i in range(12)]
    model = randomized(tf_keras.Sequential([K.Input((3,)), *dense]))
    model.save(tmp_path / "m.keras")
    [x] = inputs_of(model)
    assert_same(outputs_of(model, [x]), outputs_of(export.read(tmp_path / "m.keras"), [x]))
    without = keras.Sequential([keras.Input((3,)), *(keras.layers.Dense(3) for _ in range(13))])
    with pytest.raises(
        ModelFileError, match=r"no weights of the layer .* \(Dense\): the file has those of layers/dense,"
    ):
        export.load_weights(without, tmp_path / "m.keras")


def test_archive_with_cells_of_several_classes_and_shared_layers(tmp_path):
    """Weights stand by class and number, and those of a shared layer once."""
    x, inner = K.Input((6, 4)), K.Input((6, 4))
    shared, dense = K.LSTM(4, return_sequences=True, name="shared"), K.Dense(3)
    nested = tf_keras.Model(inner, K.Dense(4)(shared(inner)), name="nested")
    cells = K.RNN([K.LSTMCell(3), K.GRUCell(2), K.LSTMCell(2)])(shared(nested(x)))
    model = tf_keras.Model(x, [cells, K.TimeDistributed(dense)(x), K.TimeDistributed(dense)(x)])
    randomized(model).save(tmp_path / "m.keras")
    arrays = inputs_of(model)
    assert_same(outputs_of(model, arrays), outputs_of(export.read(tmp_path / "m.keras"), arrays))


def scale_layer(of):
    """Return a custom layer whose parts come in another order than their names."""

    class Scored(of.layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.query, self.key = of.layers.Dense(4), of.layers.Dense(4)
            self.parts = [of.layers.LSTM(3, return_sequences=True), of.layers.LSTM(2)]

        def build(self, shape):
            self.gain = self.add_weight(name="gain", shape=(4,))
            for part in (self.query, self.key, self.parts[0]):
                part.build(shape)
            self.parts[1].build((*shape[:2], 3))
            super().build(shape)

        def call(self, x):
            return self.parts[1](self.parts[0](self.query(x) * self.gain + 2 * self.key(x)))

    return Scored


def test_custom_layers_in_archives_go_by_attribute(tmp_path):
    old = tf_keras.Sequential([tf_keras.layers.Input((6, 4)), scale_layer(tf_keras)()])
    randomized(old).save(tmp_path / "m.keras")
    own = scale_layer(keras)
    arrays = inputs_of(old)
    found = export.read(tmp_path / "m.keras", custom_objects={"Scored": own})
    assert_same(outputs_of(old, arrays), outputs_of(found, arrays))
    found.save_weights(tmp_path / "w.weights.h5")
    other = keras.Sequential([keras.Input((6, 4)), own()])
    export.load_weights(other, tmp_path / "w.weights.h5")
    assert_same(outputs_of(found, arrays), outputs_of(other, arrays))


def test_frozen_wrapper_in_a_nested_model(tmp_path):
    wrapper = K.Bidirectional(K.LSTM(2, return_sequences=True), trainable=False)
    wrapper.trainable = False
    nested = tf_keras.Sequential([K.Input((6, 4)), wrapper, K.BatchNormalization()])
    x = K.Input((6, 4))
    model = tf_keras.Model(x, K.LSTM(2)(nested(x)))
    randomized(model).save(tmp_path / "m.h5")
    arrays = inputs_of(model)
    assert_same(outputs_of(model, arrays), outputs_of(export.read(tmp_path / "m.h5"), arrays))
