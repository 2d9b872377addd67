"""`zoo convert`, and Keras files of before in `zoo export`."""

import keras
import numpy as np
import pytest
import tf_keras
from click.testing import CliRunner

from tests.export.legacy.test_reading import inputs_of, outputs_of, randomized
from zoo.cli.main import main

K = tf_keras.layers
MODULE = """
import keras
from keras import ops

class Scale(keras.layers.Layer):
    def call(self, x):
        return x * 2

def total(x):
    return ops.sum(x, axis=1)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a file of Keras 2, and the module of its custom layers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_layers.py").write_text(MODULE)

    class Scale(K.Layer):
        def call(self, x):
            return x * 2

    layers = [
        K.LSTM(3, return_sequences=True, recurrent_activation="hard_sigmoid"),
        Scale(),
        K.Lambda(lambda x: x[:, 0], name="total"),
    ]
    randomized(tf_keras.Sequential([K.Input((6, 4)), *layers])).save("own.h5")
    model = randomized(tf_keras.Sequential([K.Input((6, 4)), K.GRU(3, recurrent_activation="hard_sigmoid")]))
    model.save("plain.h5")
    return model


def run(*words):
    return CliRunner().invoke(main, words)


def test_convert(folder, tmp_path):
    done = run("convert", "plain.h5")
    assert done.exit_code == 0, done.output
    assert "written by Keras 2" in done.output
    assert "1 recurrent cells compute the same as the old weights in NumPy" in done.output
    [x] = inputs_of(folder)
    np.testing.assert_allclose(keras.models.load_model("plain.keras")(x), outputs_of(folder, [x])[0], atol=2e-5)
    again = run("convert", "plain.keras")
    assert again.exit_code == 1
    assert "would be replaced: give another name by --out" in again.output


def test_custom_layers_come_from_a_module(folder):
    refused = run("convert", "own.h5", "-o", "new.keras")
    assert refused.exit_code == 1
    assert "--import MODULE" in refused.output
    done = run("convert", "own.h5", "-o", "new.keras", "--import", "my_layers.py")
    assert done.exit_code == 0, done.output
    assert run("convert", "own.h5", "-o", "two.keras", "--import", "my_layers").exit_code == 0


def test_export_of_an_old_file_says_what_was_mapped(folder):
    done = run("export", "plain.h5", "--format", "onnx")
    assert done.exit_code == 0, done.output
    assert "plain.h5 was written by Keras 2" in done.output
    assert "hard_sigmoid computes clip(0.2 x + 0.5, 0, 1), as in Keras 2" in done.output
    refused = run("export", "own.h5", "--format", "onnx", "--import", "nothing_there")
    assert "--import nothing_there: No module named" in refused.output
