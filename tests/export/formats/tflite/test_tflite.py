import warnings

import numpy as np
import pytest

import export
from export.verification.compare import rms_difference
from tests.conftest import FEATURES
from tests.export.formats.tflite.handmade import by_position
from tests.zoo_of_layers import D, L, build, randomize, seq
from zoo.errors import ArtifactError


def test_tflite_with_flex_says_what_it_needs(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.LSTM(2, return_sequences=True)])
    import tensorflow as tf

    function = tf.function(lambda x: model(x), input_signature=[tf.TensorSpec((None, None, FEATURES))])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    converter._experimental_lower_tensor_list_ops = False
    (tmp_path / "flex.tflite").write_bytes(converter.convert())
    with pytest.raises(ArtifactError, match="Flex delegate for FlexTensorList"):
        export.load(tmp_path / "flex.tflite")
    assert any("Flex" in name for name in export.inspect(tmp_path / "flex.tflite").operators)


def fused_model():
    model = seq(L.LSTM(32, return_sequences=True), L.Bidirectional(L.LSTM(32, return_sequences=True)), L.Dense(3))
    randomize(model, 0, 0.15)
    return model


@pytest.mark.parametrize("quantize", [None, "int8", "integer"])
def test_fused_lstm(quantize, tmp_path):
    """One operator a layer, and nothing kept from call to call."""
    model, rng = fused_model(), np.random.default_rng(0)
    options = {"quantize": None if quantize is None else "int8"}
    if quantize == "integer":
        options["representative"] = [rng.normal(0, 1, (1, 12, D)).astype(np.float32) for _ in range(20)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = export.save(model, tmp_path / "m.tflite", batch=1, steps=12, recurrence="fused", **options)
    assert report.operators["UNIDIRECTIONAL_SEQUENCE_LSTM"] == 3
    assert ("int8" in export.inspect(tmp_path / "m.tflite").precision) == (quantize is not None)
    assert "WHILE" not in report.operators
    run, x = export.load(tmp_path / "m.tflite"), rng.normal(0, 1, (1, 12, D)).astype(np.float32)
    np.testing.assert_array_equal(run(x), run(x))
    assert rms_difference(np.asarray(model(x)), run(x)) < {None: 1e-5, "int8": 0.05, "integer": 0.2}[quantize]


def test_fused_refuses_what_it_cannot_say(tmp_path):
    from zoo.errors import ArgumentError, UnsupportedLayer

    with pytest.raises(UnsupportedLayer, match="gru"):
        export.save(build("gru time distributed"), tmp_path / "m.tflite", batch=1, steps=4, recurrence="fused")
    with pytest.raises(ArgumentError, match="batch="):
        export.save(fused_model(), tmp_path / "m.tflite", recurrence="fused")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("quantize", [None, "int8", "integer"])
def test_runtimes_that_bind_by_position_get_the_order_of_the_report(quantize, few_shapes, tmp_path):
    """Also where one output is another one, or an input, and whatever the names are."""
    import keras

    x, still = keras.Input((None, 8), name="z"), keras.Input((8,), name="a")
    hidden = L.GRU(32, return_sequences=True)(x)
    scaled = L.Multiply()([L.Dense(32)(still), hidden[:, -1]])
    model = keras.Model([x, still], {"m": scaled, "c": hidden, "b": hidden, "k": still}, name="several")
    randomize(model, 0, 0.3)
    options, rng = {"state": True, "quantize": quantize and "int8"}, np.random.default_rng(0)
    arrays = [rng.normal(0, 1, shape).astype(np.float32) for shape in ((2, 5, 8), (2, 8), (2, 32))]
    if quantize == "integer":
        options |= {"batch": 2, "steps": 5, "representative": [arrays] * 3}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = export.save(model, tmp_path / "m.tflite", **options)
    signature = report.signatures["sequence"]
    names = [[tensor.name for tensor in side] for side in (signature.inputs, signature.outputs)]
    assert names == [["z", "a", "h0_0"], ["b", "c", "k", "m", "hn_0"]]
    found = by_position(tmp_path / "m.tflite", *arrays)
    opened = export.load(tmp_path / "m.tflite")
    assert list(opened.order) == names
    named = opened(**dict(zip(names[0], arrays, strict=True)))
    for array, other in zip(found, named.values(), strict=True):
        np.testing.assert_array_equal(array, other)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[2], arrays[1], atol=0.05 if quantize == "integer" else 0)
