import numpy as np
import pytest

import export
from export.tracing.naming import output_names
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


def test_several_outputs_are_named_after_layers_if_all_have_names(few_shapes, tmp_path):
    import keras

    def heads(*names):
        x = keras.Input((None, FEATURES), name="x")
        return keras.Model(x, [keras.layers.Dense(2 + i, name=name)(x) for i, name in enumerate(names)])

    model = heads("two", "three")
    export.save(model, tmp_path / "a.onnx")
    run, ones = export.load(tmp_path / "a.onnx"), np.ones((1, 2, FEATURES), np.float32)
    assert [tensor.name for tensor in run.outputs] == ["two", "three"]
    for name, expected in zip(("two", "three"), model(ones), strict=True):
        np.testing.assert_allclose(run(ones)[name], expected, atol=1e-5)
    twice = keras.Model(model.input, [model.outputs[0], model.layers[1](model.outputs[0][..., :1] * model.input)])
    for other in (heads("two", None), heads("a", "dense_1"), heads("two", "Two"), twice):
        result = other(ones)
        assert output_names(other, result) == ["y_0", "y_1"]


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
