"""Subclassed models, whose inputs are given."""

import numpy as np
import pytest

import export
from tests.conftest import NAMES
from tests.export.artifacts import EVERY_FORMAT, everything
from tests.export.models import subclassed
from zoo.errors import ArgumentError
from zoo.runtime.signature import Tensor

pytestmark = pytest.mark.usefixtures("quick")


def test_subclassed_model_says_that_it_needs_inputs(tmp_path):
    import keras

    with pytest.raises(ArgumentError, match=r"'subclassed' does not say what it takes: give inputs=.*keras\.Input"):
        export.save(subclassed(), tmp_path / "a.onnx")
    assert everything(tmp_path) == []
    called = subclassed()
    called.built = False
    called(np.zeros((2, 5), np.int32))  # Keras notes the shape alone
    with pytest.raises(ArgumentError, match="give inputs="):
        export.save(called, tmp_path / "a.onnx")
    unbuilt = keras.Sequential([keras.layers.LSTM(2)], name="early")
    with pytest.raises(ArgumentError, match="'early' has no weights yet"):
        export.save(unbuilt, tmp_path / "a.onnx")


@pytest.mark.parametrize("given", ["Input", "InputSpec", "TensorSpec", "array"])
def test_subclassed_model_with_inputs(tmp_path, given):
    import keras
    import tensorflow as tf

    words = np.random.default_rng(0).integers(0, 9, (2, 6)).astype(np.int32)
    inputs = {
        "Input": keras.Input((None,), dtype="int32", name="words"),
        "InputSpec": keras.InputSpec("int32", (None, None), name="words"),
        "TensorSpec": tf.TensorSpec((None, None), tf.int32, "words"),
        "array": words,
    }[given]
    model = subclassed()
    report = export.save(model, tmp_path / "a.onnx", inputs=inputs)
    run = export.load(tmp_path / "a.onnx")
    assert run.inputs == (Tensor("x" if given == "array" else "words", (None, None), "int32"),)
    assert report.operators["LSTM"] == 1
    for ids in (words, words[:1, :2]):
        np.testing.assert_allclose(run(ids), model(ids), atol=1e-6)


@EVERY_FORMAT
def test_subclassed_model_with_named_inputs(tmp_path, name):
    words, scale = np.ones((2, 6), np.int32), np.array([[2.0], [3.0]], np.float32)
    model = subclassed()
    export.save(model, tmp_path / NAMES[name], inputs={"words": words, "scale": scale})
    run = export.load(tmp_path / NAMES[name])
    np.testing.assert_allclose(run(words=words, scale=scale), model(words, scale), atol=1e-6)
    assert not np.allclose(run(words=words, scale=scale), model(words))
