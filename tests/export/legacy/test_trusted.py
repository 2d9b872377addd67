"""Lambda layers: their code is run only on request."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import export
from tests.export.legacy.keras1_files import layer, write
from tests.export.legacy.test_reading import inputs_of, outputs_of, randomized
from zoo.errors import ModelFileError

K = tf_keras.layers


@pytest.fixture(params=[".h5", ".keras"])
def saved(request, tmp_path):
    layers = [
        K.LSTM(3, return_sequences=True),
        K.Lambda(lambda x: tf.reduce_sum(x, axis=1) * 2.0, name="total"),
        K.Dense(2),
    ]
    model = randomized(tf_keras.Sequential([K.Input((6, 4)), *layers]))
    model.save(path := tmp_path / f"m{request.param}")
    return model, path


def test_code_is_not_run_unasked(saved):
    with pytest.raises(
        ModelFileError, match=r"total \(Lambda\) holds code.*custom_objects=.*--import.*trust=True.*--trust"
    ):
        export.read(saved[1])


def test_trusted_code_runs(saved):
    model, path = saved
    [x] = inputs_of(model)
    np.testing.assert_allclose(export.read(path, trust=True)(x), outputs_of(model, [x])[0], atol=2e-5)


def test_own_function_takes_its_place(saved):
    from keras import ops

    model, path = saved
    [x] = inputs_of(model)
    found = export.read(path, custom_objects={"total": lambda x: ops.sum(x, axis=1) * 2})
    np.testing.assert_allclose(found(x), outputs_of(model, [x])[0], atol=2e-5)


@pytest.mark.parametrize("stored", [["bm90IGNvZGU=\n", None, None], "squared"])
def test_code_that_cannot_be_run(stored, tmp_path):
    """Of another Python, and a function that the file only names."""
    kind = "function" if isinstance(stored, str) else "lambda"
    spec = layer("Lambda", "odd", function=stored, function_type=kind, arguments={}, batch_input_shape=[None, 4])
    path = write(tmp_path / "m.h5", {"class_name": "Sequential", "config": [spec]}, {"odd": {}}, "2.1.6")
    message = (
        "compiled by another Python.*'odd'" if kind == "lambda" else "calls the function 'squared'.*custom_objects"
    )
    with pytest.raises(ModelFileError, match=message):
        export.read(path, trust=True)
    x = np.ones((2, 4), np.float32)
    given = {"odd" if kind == "lambda" else "squared": lambda x: x * 3}
    np.testing.assert_array_equal(export.read(path, custom_objects=given)(x), x * 3)
