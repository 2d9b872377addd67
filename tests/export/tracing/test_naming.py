import numpy as np
import pytest

import export
from tests.conftest import FEATURES, NAMES
from tests.export.artifacts import EVERY_FORMAT
from zoo.errors import ArgumentError


@EVERY_FORMAT
def test_names_that_other_tools_do_not_take(few_shapes, tmp_path, name):
    import keras

    inputs = [keras.Input((None, FEATURES), name=each) for each in ("class", "self", "a.b", "1st")]
    model = keras.Model(inputs, keras.layers.SimpleRNN(2, name="Class")(keras.layers.Add()(inputs)))
    export.save(model, tmp_path / NAMES[name])
    run = export.load(tmp_path / NAMES[name])
    assert [tensor.name for tensor in run.inputs] == ["class_", "self_", "a_b", "x_1st"]
    ones = np.ones((1, 2, FEATURES), np.float32)
    found = run(class_=ones, self_=2 * ones, a_b=ones, x_1st=ones)
    np.testing.assert_allclose(found, model([ones, 2 * ones, ones, ones]), atol=1e-5)


def test_names_that_differ_in_case_alone(tmp_path):
    import keras

    inputs = [keras.Input((None, FEATURES), name=each) for each in ("left", "Left")]
    model = keras.Model(inputs, keras.layers.SimpleRNN(2)(keras.layers.Add()(inputs)))
    with pytest.raises(ArgumentError, match="Left, left"):
        export.save(model, tmp_path / "a.onnx")


def test_input_named_as_a_state_must_be_one(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((None, FEATURES), name="h0_0"), keras.layers.LSTM(2)])
    with pytest.raises(ArgumentError, match="an input is called h0_0.*rename"):
        export.save(model, tmp_path / "a.onnx")
