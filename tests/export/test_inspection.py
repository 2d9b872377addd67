"""What is said of an artifact."""

import pytest

import export
from export.formats import formats
from export.verification import compare
from tests.conftest import FEATURES, randomized, user_model
from tests.export.artifacts import EVERY_FORMAT


@EVERY_FORMAT
def test_inspect_a_user_model(saved, reports, name):
    found, report = export.inspect(saved("state", name)), reports("state", name)
    assert (found.format, found.size, found.path) == (name, report.size, report.path)
    assert found.card is None
    assert found.signatures == report.signatures
    assert found.about["differences"] == report.differences
    assert found.about["versions"]["keras"]
    assert (found.about["name"], found.about["quantize"]) == ("user", None)
    weights = user_model().count_params()
    assert weights <= found.precision["float32"] <= 2 * weights + 99
    assert sum(found.operators.values()) == report.operators["in all"]
    counts = list(found.operators.values())
    assert counts == sorted(counts, reverse=True)
    text = str(found)
    for part in ("float32", "x float32[any, any, 3]", f"{found.size / 1e6:.2f} MB", "tolerance", "keras", "parity"):
        assert part in text


@EVERY_FORMAT
def test_inspect_a_model_of_the_zoo(artifacts, sealed, name):
    found = export.inspect(artifacts[name, "step"])
    assert found.card == sealed.card
    assert found.about["form"] == "step"
    assert list(found.signatures) == ["step"]
    assert "lstm_music" in str(found)


@pytest.mark.parametrize(
    ("name", "how"), [("onnx", "int8"), ("onnx", "float16"), ("tflite", "int8"), ("tflite", "float16")]
)
def test_inspect_tells_the_precision(tmp_path, name, how):
    import keras

    layers = [keras.Input((None, FEATURES)), keras.layers.LSTM(64), keras.layers.Dense(3)]
    path = tmp_path / f"a{formats()[name].suffix}"
    report = export.save(randomized(keras.Sequential(layers)), path, quantize=how)
    found = export.inspect(path)
    assert found.precision[how] >= 64 * 4 * 64
    assert found.precision.get("float32", 0) < 64 * 64
    assert report.quantize == found.about["quantize"] == how
    assert how in str(report)
    assert how in str(found)
    assert 0 < report.differences["sequence"]["parity"] <= compare.TOLERANCES[how]
