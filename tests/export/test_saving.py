import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import export
from export.formats import formats, of_path
from export.verification import compare
from tests.conftest import FEATURES, NAMES, randomized
from tests.export.artifacts import EVERY_FORMAT, copied, everything
from tests.export.foreign import dense_module
from zoo.errors import ArgumentError, DataError, ExportError


def test_killed_export_leaves_nothing_under_the_name(child):
    """The process dies in the middle of verification."""
    said, ended, folder = child
    assert ended == 9, said
    assert not (folder / "a.onnx").exists()
    assert any(".zoo-tmp" in name for name in everything(folder))  # it had begun


def test_places_that_cannot_be_written(sealed, tmp_path):
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "file").write_text("precious")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("precious")
    before = everything(tmp_path)
    for name in ("folder.onnx", "file", "full", "file/a.onnx"):
        with pytest.raises(DataError, match="folder|file|write"):
            export.save(sealed, tmp_path / name)
    assert everything(tmp_path) == before
    assert (tmp_path / "file").read_text() == (tmp_path / "full/thesis.txt").read_text() == "precious"


@EVERY_FORMAT
def test_full_disk_leaves_the_old_artifact(saved, user, tmp_path, monkeypatch, name):
    row = formats()[name]
    target = copied(saved("plain", name), tmp_path / NAMES[name])

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(formats(), name, replace(row, embed=full))
    with pytest.raises(DataError, match="No space left"):
        export.save(user, target)
    assert everything(tmp_path) == [NAMES[name]]
    export.load(target)


def test_saving_replaces_and_reports(user, tmp_path):
    (tmp_path / "a.onnx").write_text("old")
    report = export.save(user, str(tmp_path / "a.onnx"))
    assert report.size == (tmp_path / "a.onnx").stat().st_size
    assert report.operators["LSTM"] == 1
    assert everything(tmp_path) == ["a.onnx"]
    assert export.load(tmp_path / "a.onnx").about["name"] == "user"


def test_bad_arguments(sealed, artifacts, tmp_path):
    with pytest.raises(ArgumentError, match="onnx"):
        export.save(sealed, tmp_path / "a.pt")
    with pytest.raises(ArgumentError, match="tflite"):
        export.save(sealed, tmp_path / "a", format="torch")
    with pytest.raises(ArgumentError, match="sequence, step"):
        export.save(sealed, tmp_path / "a.onnx", form="loop")
    with pytest.raises(ExportError, match=r"zoo\.load"):
        export.save(export.load(artifacts["onnx", "sequence"]), tmp_path / "a.onnx")
    assert everything(tmp_path) == []
    assert of_path(Path("x"), "onnx").name == "onnx"


SAMPLE = [np.zeros((1, 5, FEATURES), np.float32)]
BAD_OPTIONS = [
    ("a.onnx", {"quantize": "int4"}, "quantize='int4': onnx takes float16, int8"),
    ("a.tflite", {"quantize": "int4"}, "quantize='int4': tflite takes float16, int8"),
    ("a", {"quantize": "int8"}, "quantize='int8': saved_model takes no such option"),
    ("a.onnx", {"recurrence": "x"}, "recurrence='x': onnx takes native, scan"),
    ("a.onnx", {"recurrence": "fused"}, "onnx takes native, scan"),
    ("a.tflite", {"recurrence": "x"}, "recurrence='x': tflite takes loop, fused"),
    ("a", {"recurrence": "scan"}, "recurrence='scan': saved_model takes no such option"),
    ("a.tflite", {"recurrence": "fused"}, "recurrence='fused'.*batch= and steps="),
    ("a.tflite", {"recurrence": "fused", "batch": 1}, "recurrence='fused'.*batch= and steps="),
    ("a.onnx", {"form": "loop"}, "form='loop': give one of sequence, step"),
    ("a.onnx", {"format": "pb"}, "format='pb': give one of .*onnx"),
    ("a.onnx", {"steps": 0}, "steps=0: give a whole number of at least 1"),
    ("a.onnx", {"steps": 2.5}, "steps=2.5: give a whole number"),
    ("a.onnx", {"batch": -1}, "batch=-1: give a whole number of at least 1"),
    ("a.onnx", {"batch": "two"}, "batch='two': give a whole number"),
    ("a.onnx", {"form": "step", "steps": 5}, "steps=5: the step form has one"),
    ("a.tflite", {"representative": SAMPLE}, "representative=.*quantize='int8', batch= and steps="),
    ("a.tflite", {"representative": SAMPLE, "quantize": "int8"}, "representative=.*batch= and steps="),
    ("a.tflite", {"representative": SAMPLE, "batch": 1, "steps": 5}, "representative=.*quantize='int8'"),
    ("a.onnx", {"representative": SAMPLE, "quantize": "int8", "batch": 1, "steps": 5}, "representative="),
    ("a", {"representative": SAMPLE, "batch": 1, "steps": 5}, "representative="),
    ("a.tflite", {"representative": [], "quantize": "int8", "batch": 1, "steps": 5}, "representative=: it is empty"),
    ("a.tflite", {"representative": 5, "quantize": "int8", "batch": 1, "steps": 5}, "representative=5: give inputs"),
    ("a.tflite", {"representative": SAMPLE, "quantize": "int8", "batch": 1, "steps": 4}, r"x: shape \(1, 5, 3\) given"),
    ("a.onnx", {"inputs": 3}, "inputs=3: give an array"),
    ("a.onnx", {"inputs": np.zeros((1, 5, FEATURES + 1))}, "user.*give inputs="),
]


@pytest.mark.parametrize(("file", "options", "message"), BAD_OPTIONS, ids=[f"{f} {list(o)}" for f, o, _ in BAD_OPTIONS])
def test_bad_options_name_what_is_accepted(user, tmp_path, file, options, message):
    with pytest.raises(ArgumentError, match=message):
        export.save(user, tmp_path / file, **options)
    assert everything(tmp_path) == []


@pytest.mark.parametrize("what", ["object", "function", "name", "layer", "module", "artifact", "nothing"])
def test_what_is_no_keras_model(saved, tmp_path, what):
    import keras

    things = {
        "object": object(),
        "function": len,
        "name": "lstm_music",
        "layer": keras.layers.LSTM(3),
        "module": dense_module(),
        "artifact": export.load(saved("plain", "onnx")),
        "nothing": None,
    }
    with pytest.raises(ExportError, match=r"keras\.Model|Keras model|zoo\.load"):
        export.save(things[what], tmp_path / "a.onnx")
    assert everything(tmp_path) == []


def test_text_of_errors_has_no_address():
    """Messages name things as a user knows them."""
    with pytest.raises(ExportError) as caught:
        export.save(object(), "a.onnx")
    assert not re.search("0x[0-9a-f]{6}", str(caught.value))


def test_length_of_an_example_that_is_no_other_is_told(few_shapes, tmp_path):
    import keras

    class Fixed(keras.Model):
        def __init__(self):
            super().__init__()
            self.lstm = keras.layers.LSTM(2, return_sequences=True)
            self.places = self.add_weight(shape=(6, 2))

        def call(self, x):
            return self.lstm(x) + self.places

    model, x = Fixed(), np.zeros((1, 6, FEATURES), np.float32)
    model(x)
    report = export.save(model, tmp_path / "a.onnx", inputs=x)
    assert report.signatures["sequence"].inputs[0].shape == (None, 6, FEATURES)
    assert re.search(r"x: fixed to 6 steps: fixed\w* takes no other number \(\w+: .*\[6,2\]", str(report))
    with pytest.raises(ArgumentError, match="steps=10: the model takes 6"):
        export.save(model, tmp_path / "a.onnx", inputs=x, steps=10)
    with pytest.raises(ArgumentError, match="steps=10: the model takes 6"):
        export.benchmark(model, steps=10, inputs=x)


def test_whole_numbers_are_compared_where_they_are_made_for(tmp_path):
    """Calibrated on small inputs, an artifact cannot know others."""
    import keras

    model = randomized(keras.Sequential([keras.Input((None, 6)), keras.layers.LSTM(16), keras.layers.Dense(3)]))
    rng = np.random.default_rng(0)
    samples = [0.2 * rng.normal(0, 1, (1, 4, 6)).astype(np.float32) for _ in range(100)]
    options = {"quantize": "int8", "batch": 1, "steps": 4}
    report = export.save(model, tmp_path / "a.tflite", representative=samples, **options)
    assert "compared at representative inputs\n" in str(report)
    assert 0 < report.differences["sequence"]["parity"] <= compare.TOLERANCES["int8"]
