"""The model is left exactly as it was, and its machine does not matter."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import export
from export import saving
from export.formats import formats
from export.formats import onnx as onnx_format
from export.tracing.cells import walk
from tests.conftest import FEATURES, randomized
from tests.export.artifacts import EVERY_FORMAT, everything
from tests.export.models import example
from zoo.errors import ArgumentError, ExportError, UnsupportedLayer, VerificationError

pytestmark = pytest.mark.usefixtures("quick")


def snapshot(model):
    """All that one can see of a model: containers by identity and content, numbers by value."""

    def seen(value):
        if isinstance(value, (list, tuple)):
            return [id(value), *map(seen, value)]
        if isinstance(value, dict):
            return {"": id(value), **{key: seen(inner) for key, inner in value.items()}}
        return value if isinstance(value, (bool, int, float, str, type(None))) else id(value)

    return {
        "config": json.dumps(model.get_config(), default=str),
        "weights": [np.array(variable).tolist() for variable in model.weights],
        "vars": {path: {key: seen(value) for key, value in vars(layer).items()} for path, layer in walk(model)},
        "policies": {path: layer.dtype_policy.name for path, layer in walk(model)},
    }


def broken_trace(monkeypatch):
    def stop(*_):
        raise RuntimeError("in the middle of it")

    monkeypatch.setattr(onnx_format, "choose", stop)


def broken_check(monkeypatch):
    monkeypatch.setattr(saving, "verify", lambda *_: (_ for _ in ()).throw(VerificationError("parity", "no")))


def interrupted(monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(onnx_format, "_stand_in", stop)


@pytest.mark.parametrize(
    ("file", "options", "change", "error"),
    [
        ("a.onnx", {}, None, None),
        ("a.tflite", {}, None, None),
        ("a", {}, None, None),
        ("a.onnx", {"form": "step"}, None, UnsupportedLayer),
        ("a.tflite", {"recurrence": "fused", "batch": 2, "steps": 3}, None, UnsupportedLayer),
        ("a.onnx", {}, broken_trace, ExportError),
        ("a.onnx", {}, broken_check, VerificationError),
        ("a.onnx", {}, interrupted, KeyboardInterrupt),
        ("a.onnx", {"inputs": np.zeros((2, 3, 1))}, None, ArgumentError),
    ],
    ids=["onnx", "tflite", "saved_model", "step", "fused", "broken trace", "broken check", "interrupted", "bad inputs"],
)
def test_model_is_left_as_it_was(touched, few_shapes, tmp_path, monkeypatch, file, options, change, error):
    before = snapshot(touched)
    if change:
        change(monkeypatch)
    if error is None:
        export.save(touched, tmp_path / file, **options)
    else:
        with pytest.raises(error):
            export.save(touched, tmp_path / file, **options)
    after = snapshot(touched)
    assert after["config"] == before["config"]
    assert after["weights"] == before["weights"]
    assert after["policies"] == before["policies"]
    for path, found in after["vars"].items():
        assert "call" not in found, path
        assert found == before["vars"][path], path
    assert [layer.use_cudnn for _, layer in walk(touched) if hasattr(layer, "use_cudnn")] == ["auto"] * 3
    assert sum(getattr(layer, "stateful", False) for _, layer in walk(touched)) == 1
    assert everything(tmp_path) == ([] if error else [file])


def test_random_numbers_of_the_model_are_not_used_up(touched, tmp_path):
    """Training goes on as if there had been no export."""
    seeds = [variable for variable in touched.variables if "seed" in variable.path]
    assert seeds
    before = [np.array(variable).tolist() for variable in seeds]
    with pytest.raises(UnsupportedLayer):
        export.save(touched, tmp_path / "a.onnx", form="step")
    assert [np.array(variable).tolist() for variable in seeds] == before


def test_model_computes_what_it_did(touched, tmp_path):
    x = np.random.default_rng(0).normal(0, 1, (2, 4, FEATURES)).astype(np.float32)
    stateful = [layer for layer in touched._flatten_layers() if getattr(layer, "stateful", False)]

    def outputs():
        for layer in stateful:
            layer.reset_state()
        return [np.array(touched(x)), np.array(touched(x)), touched.predict(x, verbose=0)]

    before = outputs()
    assert not np.allclose(before[0], before[1])  # the state goes on from call to call
    with pytest.raises(UnsupportedLayer):
        export.save(touched, tmp_path / "a.onnx", form="step")
    after = outputs()
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_failed_export_leaves_a_model_that_trains(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.LSTM(2, dropout=0.5, recurrent_dropout=0.5)])
    with pytest.raises(ArgumentError, match="give inputs="):
        export.save(model, tmp_path / "a.onnx", inputs=np.zeros((2, 3, 1)))
    model(np.zeros((2, 3, FEATURES)), training=True)
    model(np.zeros((5, 3, FEATURES)), training=True)


def test_activity_regularizer_leaves_nothing_behind(few_shapes, tmp_path):
    import keras

    layer = keras.layers.LSTM(2, activity_regularizer="l2")
    model = keras.Sequential([keras.Input((None, FEATURES)), layer])
    model(np.ones((1, 2, FEATURES)))
    before = [float(loss) for loss in model.losses]
    export.save(model, tmp_path / "a.onnx")
    assert [float(loss) for loss in model.losses] == before


def gpu_model():
    """Layers that Keras computes with cuDNN where there is a GPU."""
    import keras
    from keras import layers

    stack = [keras.Input((None, FEATURES)), layers.LSTM(2, return_sequences=True), layers.Bidirectional(layers.GRU(2))]
    return randomized(keras.Sequential(stack))


def claim_gpu(monkeypatch):
    import tensorflow as tf

    for name in ("list_physical_devices", "list_logical_devices"):
        real = getattr(tf.config, name)

        def devices(device_type=None, real=real):
            gpu = [tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")]
            return gpu if device_type == "GPU" else real(device_type) + (gpu if device_type is None else [])

        monkeypatch.setattr(tf.config, name, devices)
    assert sys.modules["keras.src.backend.tensorflow.rnn"]._is_gpu_available()


def network_of(path: Path, name: str) -> object:
    """The artifact without its manifest; in ONNX without names and order, which are tf2onnx's, not the same twice."""
    content = path.read_bytes()[: int(formats()[name].manifest(path)["bytes"])]
    if name != "onnx":
        return content
    import onnx

    graph = onnx.load_from_string(content).graph
    parts = [re.sub(r"(?m)^ *(name|input|output): .*$", "", str(part)) for part in (*graph.node, *graph.initializer)]
    return sorted(parts)


@EVERY_FORMAT
def test_gpu_of_the_exporting_machine_is_not_seen(few_shapes, tmp_path, monkeypatch, name):
    import tensorflow as tf

    model, (there, here) = gpu_model(), [tmp_path / f"{p}{formats()[name].suffix}" for p in ("there", "here")]
    export.save(model, here)
    claim_gpu(monkeypatch)
    traced = tf.function(model).get_concrete_function(tf.TensorSpec((None, None, FEATURES)))
    assert [node for node in traced.graph.as_graph_def().node if node.op.startswith("Cudnn")]  # what Keras would do
    export.save(model, there)
    operators = [formats()[name].operators(path) for path in (there, here)]
    assert sorted(operators[0]) == sorted(operators[1])
    assert not [operator for operator in operators[0] if operator.startswith("Cudnn")]
    if name != "saved_model":
        assert network_of(there, name) == network_of(here, name)
    monkeypatch.undo()
    x = example()
    np.testing.assert_array_equal(export.load(there)(x), export.load(here)(x))
