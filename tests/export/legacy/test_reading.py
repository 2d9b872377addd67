"""Files of Keras 2 compute in Keras 3 what they did in Keras 2: tf_keras writes them, and is the judge."""

import shutil

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import export
from tests.export.legacy.keras2_models import ROWS, K, mixed_precision, sequential
from zoo.errors import ModelFileError

TOLERANCE = 2e-5


def randomized(model, seed=0):
    """Give a model of Keras 2 asymmetric random weights."""
    rng = np.random.default_rng(seed)
    values = [rng.normal(0.1, 0.4, variable.shape) for variable in model.weights]
    model.set_weights(
        [np.abs(a) + 0.5 if "variance" in v.name else a for v, a in zip(model.weights, values, strict=True)]
    )
    return model


def inputs_of(model, seed=1):
    """Draw inputs: ids for two axes of which one is free, some of them padding; numbers otherwise."""
    rng, found = np.random.default_rng(seed), []
    for tensor in model.inputs:
        shape = [(2 if axis == 0 else 6) if size is None else size for axis, size in enumerate(tensor.shape)]
        ids = len(shape) == 2 and tensor.shape[1] is None
        array = (rng.integers(0, 9, shape) if ids else rng.normal(0, 1, shape)).astype(np.float32)
        if ids:
            array[0, 4:] = array[1, 1] = 0
        elif len(shape) == 3:
            array[0, 3:] = array[1, 0] = -1  # for Masking(-1)
        found.append(array)
    return found


def outputs_of(model, arrays):
    """Call a model of either Keras, by name if it has names."""
    if "series" in (names := [tensor.name.split(":")[0] for tensor in model.inputs]):
        given = dict(zip(names, arrays, strict=True))
    else:
        given = arrays if len(arrays) > 1 else arrays[0]
    result = model(given)
    return [np.asarray(t) for t in (result if isinstance(result, (list, tuple)) else [result])]


def assert_same(expected, found, tolerance=TOLERANCE):
    assert len(expected) == len(found)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, atol=tolerance * max(1, np.abs(one).max()))


def assert_read(model, folder, arrays, suffixes=(".h5", ".keras")):
    """Save a model of Keras 2 and read it; return what it computes."""
    expected = outputs_of(model, arrays)
    for suffix in suffixes:
        model.save(folder / f"m{suffix}")
        found = export.read(folder / f"m{suffix}")
        assert isinstance(found, keras.Model)
        assert export.reading(found).version == tf_keras.__version__
        assert_same(expected, outputs_of(found, arrays))
    return expected


CONVERTED = ("lstm hard everywhere", "gru before", "cells", "bidirectional", "distributed", "frames", "conv lstm", "seq2seq",
             "arithmetic", "frozen nested", "shared", "several")  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_file_of_keras_2_computes_the_same(name, tmp_path):
    """As HDF5 and as a zip archive; some are converted to a file of Keras 3, too."""
    tf_keras.backend.clear_session()
    model = ROWS[name]()
    if name != "adapted":
        randomized(model)
    arrays = inputs_of(model)
    expected = assert_read(model, tmp_path, arrays)
    if name not in CONVERTED:
        return
    converted = export.convert(tmp_path / "m.h5", tmp_path / "new.keras")
    assert converted.difference < TOLERANCE
    assert_same(expected, outputs_of(keras.models.load_model(tmp_path / "new.keras"), arrays))


def test_mixed_precision(tmp_path):
    model = randomized(mixed_precision())
    assert_read(model, tmp_path, inputs_of(model))
    assert export.read(tmp_path / "m.h5").layers[0].compute_dtype == "float16"


def lookup(layer, data, dtype):
    """A model that looks up what it was adapted to; of the words `c` is the most frequent, `z` is unknown."""
    layer.adapt(data)
    return sequential(layer, K.Embedding(9, 3), K.LSTM(2), shape=(3,) if layer.name != "text" else (1,), dtype=dtype)


WORDS = ["c", "a", "c", "b", "c", "a"]


@pytest.mark.parametrize(
    ("layer", "data", "dtype", "given"),
    [
        (lambda: K.StringLookup(name="words"), WORDS, "string", [["a", "z", "c"], ["b", "b", "a"]]),
        (lambda: K.TextVectorization(output_sequence_length=4, name="text"), WORDS, "string", [["A c, z"], ["b"]]),
        (lambda: K.IntegerLookup(name="numbers"), [5, 7, 5, 9], "int64", [[5, 6, 9], [7, 7, 5]]),
    ],
    ids=["StringLookup", "TextVectorization", "IntegerLookup"],
)
def test_lookups(layer, data, dtype, given, tmp_path):
    """Their vocabularies are in the zip archive, beside the weights."""
    model = lookup(layer(), data, dtype)
    assert_read(model, tmp_path, [tf.constant(given, dtype)], suffixes=[".keras"])


def test_two_lookups_one_in_a_nested_model(tmp_path):
    """Each gets its own vocabulary, also where its model has no weights."""
    layers, words = tf_keras.layers, [["a", "b"], ["c", "a", "b"]]
    x, first, second = layers.Input((3,), dtype="string"), layers.StringLookup(), layers.StringLookup()
    first.adapt(words[0])
    second.adapt(words[1])
    inner = tf_keras.Sequential([layers.Input((3,), dtype="string"), second])
    model = tf_keras.Model(x, [layers.Embedding(4, 2)(first(x)), inner(x)])
    model.save(tmp_path / "m.keras")
    given = tf.constant([["a", "b", "c"]])
    assert_same(outputs_of(model, [given]), outputs_of(export.read(tmp_path / "m.keras"), [given]))


def test_cases_with_known_answers(data):
    folder = data.parent / "cases/legacy"
    x, expected = np.load(folder / "inputs.npz")["x"], np.load(folder / "expected.npz")
    for name in expected.files:
        [path] = folder.glob(f"{name}.h*5")
        given = [x[:, :, :3], x] if name == "initial_state" else x
        np.testing.assert_allclose(export.read(path)(given), expected[name], atol=TOLERANCE)


@pytest.fixture
def saved(tmp_path):
    """A file of Keras 2 with the old `hard_sigmoid`, and its input and output."""
    model = randomized(ROWS["lstm hard"]())
    model.save(tmp_path / "m.h5")
    [x] = inputs_of(model)
    return tmp_path / "m.h5", x, outputs_of(model, [x])


@pytest.mark.parametrize("name", ["m.keras", "m.hdf5", "m", "m.bin"])
def test_content_counts_not_the_suffix(name, saved, tmp_path):
    path, x, expected = saved
    shutil.copy(path, tmp_path / name)
    assert_same(expected, outputs_of(export.read(tmp_path / name), [x]))


def test_file_that_keras_3_loads_as_another_function(saved, tmp_path):
    """With `time_major` taken out, Keras 3 loads the file, and computes its own `hard_sigmoid`."""
    path, x, expected = saved
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = file.attrs["model_config"].replace('"time_major": false, ', "")
    loaded = keras.models.load_model(path, compile=False)
    assert np.abs(np.asarray(loaded(x)) - expected[0]).max() > 1e-3
    model = export.read(path)
    assert_same(expected, outputs_of(model, [x]))
    assert "hard_sigmoid computes clip(0.2 x + 0.5, 0, 1), as in Keras 2" in export.reading(model).mapped
    report = export.save(model, tmp_path / "m.onnx")
    assert report.operators["LSTM"] == 1
    assert "Loop" not in report.operators
    np.testing.assert_allclose(export.load(tmp_path / "m.onnx")(x), expected[0], atol=TOLERANCE)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_files_of_keras_3_are_read_by_keras(suffix, tmp_path):
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(4, recurrent_activation="hard_sigmoid")])
    model.save(tmp_path / f"m{suffix}")
    shutil.move(tmp_path / f"m{suffix}", tmp_path / "m.other")
    found = export.read(tmp_path / "m.other")
    x = np.ones((2, 5, 3), np.float32)
    np.testing.assert_array_equal(found(x), model(x))
    assert export.reading(found).version == keras.__version__
    assert export.reading(model) is None


def scale_of(base):
    """The custom layer of a user, for either Keras."""

    class Scale(base):
        def __init__(self, factor=2.0, **options):
            super().__init__(**options)
            self.factor = factor

        def build(self, shape):
            self.gain = self.add_weight(name="gain", shape=(shape[-1],), initializer="ones")

        def call(self, x):
            return x * self.gain * self.factor

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    return Scale


Scale = tf_keras.utils.register_keras_serializable("mine")(scale_of(tf_keras.layers.Layer))


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_custom_layer(suffix, tmp_path):
    layers = tf_keras.layers
    model = randomized(tf_keras.Sequential([layers.Input((6, 4)), layers.LSTM(3), Scale(3.0, name="scale")]))
    model.save(path := tmp_path / f"m{suffix}")
    with pytest.raises(ModelFileError, match=r"scale .*Scale.*custom_objects=.*--import MODULE"):
        export.read(path)
    [x] = inputs_of(model)
    found = export.read(path, custom_objects={"Scale": scale_of(keras.layers.Layer)})
    assert_same(outputs_of(model, [x]), outputs_of(found, [x]))


def test_what_does_not_fit_is_told(tmp_path):
    layers = tf_keras.layers
    for layer, message in (
        (layers.LocallyConnected1D(2, 3), "LocallyConnected1D.*Keras 3 has no such layer.*Conv1D"),
        (layers.LSTM(3, time_major=True), "time_major=True"),
    ):
        model = tf_keras.Sequential([layers.Input((6, 4)), layers.Masking(), layer])
        model.save(tmp_path / "m.h5")
        with pytest.raises(ModelFileError, match=message):
            export.read(tmp_path / "m.h5")


def test_refusals_of_files_of_keras_3_name_layer_and_class(tmp_path):
    class Own(keras.layers.Layer):
        def call(self, x):
            return x

    for layer, message in (
        (Own(name="mine"), r"mine is a layer of a class Own.*custom_objects=.*--import MODULE"),
        (keras.layers.Lambda(lambda x: x * 2, name="twice"), r"twice \(Lambda\) holds code.*trust=True"),
    ):
        keras.Sequential([keras.Input((6, 4)), keras.layers.LSTM(2), layer]).save(tmp_path / "m.keras")
        with pytest.raises(ModelFileError, match=message):
            export.read(tmp_path / "m.keras")
    found = export.read(tmp_path / "m.keras", trust=True)
    assert "the code of Lambda layers was run: twice" in str(export.reading(found))
