"""What cannot be exported."""

import numpy as np
import pytest

import export
from tests.conftest import FEATURES, NAMES, UNITS
from tests.export.artifacts import EVERY_FORMAT, everything
from tests.export.models import around, both_directions
from zoo.errors import ArgumentError, ExportError, UnsupportedLayer, VerificationError


def refused(which):
    import keras
    from keras import layers

    class OwnCell(layers.Layer):
        state_size = output_size = 2

        def call(self, inputs, states, training=False):
            return states[0] + 1, states

    @keras.saving.register_keras_serializable("tests")
    class OwnLSTM(layers.LSTM):
        def call(self, sequences, initial_state=None, mask=None, training=False):
            return 2 * super().call(sequences, initial_state=initial_state, mask=mask, training=training)

    table = {
        "custom cell": lambda: layers.RNN(OwnCell(), name="mine"),
        "own call": lambda: OwnLSTM(3, name="mine"),
        "own call in both directions": lambda: layers.Bidirectional(OwnLSTM(3, name="mine")),
    }
    inner = keras.Sequential([keras.Input((None, FEATURES)), table[which]()], name="inner")
    return keras.Sequential([keras.Input((None, FEATURES)), inner], name="outer")


@pytest.mark.parametrize("which", ["custom cell", "own call", "own call in both directions"])
@EVERY_FORMAT
def test_what_is_not_keras_is_refused_by_path(tmp_path, which, name):
    path = "inner/bidirectional[_0-9]*/forward_mine" if "directions" in which else "inner/mine"
    with pytest.raises(
        UnsupportedLayer, match=rf"{path} .*(OwnCell|OwnLSTM).*not Keras's own|{path} \(OwnLSTM\) has its own call"
    ):
        export.save(refused(which), tmp_path / NAMES[name])
    assert everything(tmp_path) == []


@EVERY_FORMAT
def test_step_form_of_what_reads_backwards_is_refused_by_path(tmp_path, name):
    with pytest.raises(UnsupportedLayer, match="inner/both reads its input backwards"):
        export.save(both_directions(), tmp_path / NAMES[name], form="step")
    assert everything(tmp_path) == []


def test_saved_model_of_what_reads_backwards_has_no_step(tmp_path):
    report = export.save(both_directions(), tmp_path / "a")
    assert list(report.signatures) == ["sequence"]
    assert any("no signature `step`" in note and "inner/both" in note for note in report.notes)
    assert "inner/both" in str(report)
    with pytest.raises(ArgumentError, match="has sequence"):
        export.load(tmp_path / "a", form="step")


def argmax(x):
    import keras

    return keras.ops.argmax(x, axis=-1)


def python_function(x):
    import tensorflow as tf

    return tf.ensure_shape(tf.numpy_function(lambda a: a, [x], tf.float32), x.shape)


def random_numbers(x):
    import tensorflow as tf

    return x + tf.random.uniform(tf.shape(x))


@pytest.mark.parametrize(
    ("name", "function", "error", "message"),
    [
        ("onnx", argmax, UnsupportedLayer, "own.*onnx has no operator Bit"),
        ("tflite", argmax, UnsupportedLayer, "own.*tflite has no operator Bit"),
        ("onnx", python_function, ExportError, "PyFunc"),
        ("tflite", python_function, ExportError, "PyFunc"),
        ("saved_model", python_function, VerificationError, "must not contain PyFunc"),
        ("onnx", random_numbers, UnsupportedLayer, "^own draws random numbers .*RandomUniform"),
        ("tflite", random_numbers, UnsupportedLayer, "^own draws random numbers"),
        ("saved_model", random_numbers, UnsupportedLayer, "^own draws random numbers"),
    ],
)
def test_what_no_format_can_hold_is_named(few_shapes, tmp_path, name, function, error, message):
    with pytest.raises(error, match=message):
        export.save(around(function), tmp_path / NAMES[name])
    assert everything(tmp_path) == []


def two_steps(x):
    """A layer that sees two steps."""
    import tensorflow as tf

    return x + tf.concat((tf.zeros_like(x[:, :1]), x[:, :-1]), 1)


def test_step_form_needs_states_that_come_back(few_shapes, tmp_path):
    import keras

    x, s = keras.Input((None, FEATURES), name="x"), keras.Input((UNITS,), name="s")
    with pytest.raises(UnsupportedLayer, match="mine is given its state and does not return it.*return_state=True"):
        export.save(keras.Model([x, s], keras.layers.GRU(UNITS, name="mine")(x, initial_state=s)),
                    tmp_path / "a.onnx", form="step")  # fmt: skip
    y, last = keras.layers.GRU(UNITS, return_state=True)(x, initial_state=s)
    report = export.save(keras.Model([x, s], [y, last]), tmp_path / "a.onnx", form="step")
    assert "yours to pass on" in str(report)


def test_step_form_of_what_sees_several_steps(few_shapes, tmp_path):
    with pytest.raises(UnsupportedLayer, match="something else step by step.*export form='sequence'"):
        export.save(around(two_steps), tmp_path / "a.onnx", form="step")


def test_layer_that_cannot_be_traced_is_named(tmp_path):
    import keras

    class Choosing(keras.layers.Layer):
        def call(self, x):
            return x if float(keras.ops.sum(x)) > 0 else -x

    class Outer(keras.Model):
        def __init__(self):
            super().__init__(name="outer")
            self.choosing, self.lstm = Choosing(name="choosing"), keras.layers.LSTM(2)

        def call(self, x):
            return self.lstm(self.choosing(x))

    model = Outer()
    model(np.zeros((1, 4, FEATURES), np.float32))
    with pytest.raises(UnsupportedLayer, match="^choosing runs, but cannot be traced"):
        export.save(model, tmp_path / "a.onnx", inputs=keras.Input((None, FEATURES)))
