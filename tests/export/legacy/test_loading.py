"""Weights of a file for a model that is built already."""

import keras
import numpy as np
import pytest
import tf_keras

import export
from tests.export.legacy.keras1_files import gates, random_arrays, write
from tests.export.legacy.test_reading import assert_same, inputs_of, outputs_of, randomized
from zoo.errors import ArgumentError, ModelFileError


def built(layers, prefix=""):
    return [
        layers.LSTM(3, return_sequences=True, name=f"{prefix}lstm"), layers.BatchNormalization(name=f"{prefix}norm"),
        layers.Bidirectional(layers.GRU(2, name="inner"), name=f"{prefix}both"), layers.Dense(2, name=f"{prefix}dense"),
    ]  # fmt: skip


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_weights_of_keras_2(by_name, whole, tmp_path):
    old = randomized(tf_keras.Sequential([tf_keras.layers.Input((6, 4)), *built(tf_keras.layers)]))
    path = tmp_path / "w.h5"
    old.save(path) if whole else old.save_weights(path)
    new = keras.Sequential([keras.Input((6, 4)), *built(keras.layers, "" if by_name else "other_")])
    names = export.load_weights(new, path, by_name=by_name)
    assert names == [layer.name for layer in new.layers]
    [x] = inputs_of(old)
    assert_same(outputs_of(old, [x]), outputs_of(new, [x]))


def test_by_name_leaves_other_layers(tmp_path):
    old = randomized(tf_keras.Sequential([tf_keras.layers.Input((6, 4)), *built(tf_keras.layers)]))
    old.save_weights(tmp_path / "w.h5")
    new = keras.Sequential([keras.Input((6, 4)), *built(keras.layers)[:3], keras.layers.Dense(7, name="classes")])
    before = new.get_layer("classes").get_weights()[0]
    assert export.load_weights(new, tmp_path / "w.h5", by_name=True) == ["lstm", "norm", "both"]
    np.testing.assert_array_equal(new.get_layer("classes").get_weights()[0], before)
    np.testing.assert_array_equal(new.get_layer("lstm").get_weights()[0], old.get_layer("lstm").get_weights()[0])


def test_weights_of_keras_1_and_of_zip_archives(tmp_path):
    rng = np.random.default_rng(0)
    arrays = gates(rng, "l", "icfo", 4, 3)
    path = write(tmp_path / "w.h5", None, {"l": arrays}, None, group=None)
    model = keras.Sequential([keras.Input((6, 4)), keras.layers.LSTM(3)])
    export.load_weights(model, path)
    np.testing.assert_allclose(model.get_weights()[0], np.concatenate([arrays[f"l_W_{g}"] for g in "ifco"], 1))
    for file, save in (("m.keras", model.save), ("m.weights.h5", model.save_weights)):
        save(tmp_path / file)
        other = keras.Sequential([keras.Input((6, 4)), keras.layers.LSTM(3)])
        export.load_weights(other, tmp_path / file)
        np.testing.assert_array_equal(other.get_weights()[1], model.get_weights()[1])


def test_what_does_not_fit_changes_nothing(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"a": random_arrays(rng, k=(4, 12), r=(3, 12), b=(12,)), "b": random_arrays(rng, k=(9, 2), b=(2,))}
    path = write(tmp_path / "w.h5", None, arrays, "2.2.4")
    model = keras.Sequential([keras.Input((6, 4)), keras.layers.LSTM(3), keras.layers.Dense(2)])
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=r"\(9, 2\) where .*kernel is \(3, 2\)"):
        export.load_weights(model, path)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ModelFileError, match="no layer of the model's names: it has a, b"):
        export.load_weights(model, path, by_name=True)
    with pytest.raises(ModelFileError, match=r"2 layers \(a, b\), the model has 1"):
        export.load_weights(keras.Sequential([keras.Input((6, 4)), keras.layers.LSTM(3)]), path)
    with pytest.raises(ArgumentError, match="no weights yet"):
        export.load_weights(keras.Sequential([keras.layers.LSTM(3)]), path)
    with pytest.raises(ArgumentError, match="give a keras.Model"):
        export.load_weights(3, path)


def test_arrays_of_another_kind_change_nothing(tmp_path):
    arrays = {"a": {"k": np.zeros((4, 12), np.float32)}, "b": {"k": np.zeros((2, 2), np.float32)}}
    path = write(tmp_path / "w.h5", None, arrays, None, group=None)
    model = keras.Sequential([keras.Input((6, 4)), keras.layers.LSTM(3), keras.layers.Dense(2)])
    before = model.get_weights()
    with pytest.raises(ModelFileError, match=r"w\.h5"):
        export.load_weights(model, path)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
