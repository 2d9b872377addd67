"""What model files of Keras are said to contain, compared with the models themselves; without Keras."""

import json
import shutil
import subprocess
import sys

import h5py
import keras
import numpy as np
import pytest

from export.model_files import Weight, describe, is_meant
from tests.conftest import ROOT
from tests.zoo_of_layers import L, seq
from zoo.errors import ModelFileError


@pytest.fixture(scope="module")
def model():
    """A nested model, two layers of one class, and one with a layer inside."""
    inner = keras.Sequential([keras.Input((5,)), L.Dense(3), L.Dense(2)], name="inner")
    x = keras.Input((None, 3), name="x")
    h = L.Bidirectional(L.LSTM(4, return_sequences=True), name="both")(x)
    h = L.GRU(5, name="first")(L.GRU(6, return_sequences=True, name="second")(h))
    return keras.Model(x, inner(h), name="mine")


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".model"])
def test_layers_and_weights_are_those_of_the_model(model, tmp_path, suffix):
    """A file is what it contains, whatever its name ends in."""
    path = tmp_path / f"a{suffix}"
    model.save(tmp_path / ("a.keras" if suffix == ".model" else path.name))
    if suffix == ".model":
        shutil.move(tmp_path / "a.keras", path)
    found = describe(path)
    assert is_meant(path)
    assert (found.kind, found.name, found.keras_version) == ("Functional", "mine", keras.__version__)
    assert found.container == ("hdf5" if suffix == ".h5" else "zip")
    assert found.parameters == model.count_params()
    assert [layer.name for layer in found.layers] == ["x", "both", "second", "first", "inner"]
    assert [layer.kind for layer in found.layers] == ["InputLayer", "Bidirectional(LSTM)", "GRU", "GRU", "Sequential"]
    for layer in found.layers:
        shapes = [tuple(weight.shape) for weight in model.get_layer(layer.name).weights]
        assert [weight.shape for weight in layer.weights] == shapes
        assert {weight.dtype for weight in layer.weights} <= {"float32"}
    if suffix == ".h5":
        assert [weight.name.split("/")[-1] for weight in found.layers[2].weights] == [
            "kernel",
            "recurrent_kernel",
            "bias",
        ]
    text = str(found)
    assert f"written by Keras {keras.__version__}" in text
    assert "Bidirectional(LSTM)" in text
    assert f"zoo export {path}" in text
    assert json.loads(json.dumps(found.to_dict()))["layers"][3]["name"] == "first"


def test_weights_alone(model, tmp_path):
    model.save_weights(tmp_path / "a.weights.h5")
    found = describe(tmp_path / "a.weights.h5")
    assert (found.kind, found.parameters) == ("", model.count_params())
    assert {"bidirectional/forward_layer/cell", "gru/cell", "gru_1/cell"} <= {layer.name for layer in found.layers}
    assert "weights alone" in str(found)
    assert "zoo export" not in str(found)


def test_a_file_of_keras_1_by_hand(tmp_path):
    """A list of layers as configuration, and no version."""
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": [
            {"class_name": "Dense", "config": {"name": "dense_1"}}]})  # fmt: skip
        group = file.create_group("model_weights/dense_1")
        file["model_weights"].attrs["layer_names"] = [b"dense_1"]
        group.attrs["weight_names"] = [b"dense_1_W", b"dense_1_b"]
        group["dense_1_W"], group["dense_1_b"] = np.zeros((3, 2), np.float32), np.zeros(2, np.float64)
    found = describe(path)
    assert (found.keras_version, found.kind, found.name, found.parameters) == ("1", "Sequential", "", 8)
    assert found.layers[0].weights == (Weight("dense_1_W", (3, 2), "float32"), Weight("dense_1_b", (2,), "float64"))


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.keras").write_bytes(b"nothing")
    assert is_meant(tmp_path / "a.keras")
    assert not is_meant(tmp_path / "a.txt")
    with pytest.raises(ModelFileError, match="not a model file of Keras"):
        describe(tmp_path / "a.keras")


def test_neither_keras_nor_tensorflow_is_imported(tmp_path):
    seq(L.GRU(4)).save(tmp_path / "a.keras")
    code = f"""
import sys
sys.modules["keras"] = sys.modules["tensorflow"] = None
from zoo.cli.main import main
main(["inspect", {str(tmp_path / "a.keras")!r}])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "GRU" in done.stdout, done.stderr
