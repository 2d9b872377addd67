import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

import zoo
from export import benchmarking, formats
from tests.cli.calls import call
from tests.conftest import ROOT
from zoo.cli.main import main


@pytest.mark.parametrize("name", ["wanted", "form", "quantize", "recurrence"])
def test_choices_are_those_of_the_table(name):
    from export.formats import formats
    from zoo.runtime.signature import FORMS

    rows = formats().values()
    expected = {
        "wanted": {"all", *formats()},
        "form": {*FORMS},
        "quantize": {word for row in rows for word in row.quantize},
        "recurrence": {word for row in rows for word in row.recurrence},
    }
    [option] = [option for option in main.commands["export"].params if option.name == name]
    assert set(option.type.choices) == expected[name]
    assert all(word in call("export", "--help").output for word in expected[name])
    refused = call("export", "lstm_music", option.opts[0], "nothing")
    assert refused.exit_code == 2
    assert f"'nothing' is not one of {', '.join(option.type.choices)}" in " ".join(refused.output.split())


def test_options_that_no_format_has_together_are_refused(monkeypatch):
    row = replace(formats.formats()["onnx"], quantize=("int8",), recurrence=("scan",))
    other = replace(row, name="other", quantize=("float16",), recurrence=("loop",))
    monkeypatch.setattr(formats, "formats", lambda: {"onnx": row, "other": other})
    refused = call("export", "lstm_music", "--quantize", "int8", "--recurrence", "loop")
    assert refused.exit_code == 1
    assert "no format has both --quantize int8 and --recurrence loop" in refused.output


def test_export_then_use_the_artifact(preset, tmp_path, quick):
    result = call("export", preset, "--format", "all", "--out", tmp_path / "dist")
    assert result.exit_code == 0, result.output
    made = tmp_path / "dist"
    assert sorted(p.name for p in made.iterdir()) == ["lstm_music", "lstm_music.onnx", "lstm_music.tflite"]
    expected = zoo.load(preset).generate(steps=6, seed=2)
    for path in made.iterdir():
        assert call("generate", path, "--steps", 6, "--seed", 2, "--out", tmp_path / "o.mid").exit_code == 0
        assert zoo.Score.read(tmp_path / "o.mid", 3) == expected
        assert "weights_sha256" in call("info", path).output


@pytest.fixture(scope="session")
def keras_file(tmp_path_factory):
    """A custom Keras model, as a file."""
    from tests.zoo_of_layers import build

    path = tmp_path_factory.mktemp("keras") / "mine.keras"
    build("gru embedding mask").save(path)
    return path


def test_export_of_ones_own_model(keras_file, tmp_path, quick):
    result = call("export", keras_file, "--format", "onnx", "--quantize", "float16", "--sidecar", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    [beside, made] = sorted(tmp_path.iterdir())
    assert (made.name, beside.name) == ("mine_float16.onnx", "mine_float16.json")
    refused = call("export", keras_file, "--sidecar", "--out", tmp_path)
    assert refused.exit_code == 1
    assert "would share one NAME.json: name one by --format" in refused.output
    found = json.loads(call("inspect", made, "--json").stdout)
    assert found["signatures"] == json.loads(beside.read_text())["signatures"]
    assert (found["path"], found["card"]) == (str(made), None)
    for command in ("inspect", "info"):
        shown = call(command, made)
        assert shown.exit_code == 0, shown.output
        for word in ("GRU", "float16", "x float32[any, any]", "differences", "onnx"):
            assert word in shown.output
    result = call("generate", made)
    assert result.exit_code == 1
    assert "zoo inspect" in result.output


def test_inspect_of_a_keras_file(keras_file):
    shown = call("inspect", keras_file)
    assert shown.exit_code == 0, shown.output
    assert "written by Keras 3" in shown.output
    assert "GRU" in shown.output
    found = json.loads(call("inspect", keras_file, "--json").stdout)
    assert [layer["kind"] for layer in found["layers"]][-2:] == ["GRU", "Dense"]


@pytest.mark.parametrize(("text", "message"), [("nothing", "not a model file of Keras"), (None, "does not exist")])
def test_inspect_of_no_keras_file(tmp_path, text, message):
    path = tmp_path / "a.keras"
    if text:
        path.write_text(text)
    refused = call("inspect", path, "--json")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert message in refused.stderr


def test_benchmark(tmp_path, quick):
    from tests.zoo_of_layers import CELLS, seq

    seq(CELLS["gru"](4)).save(tmp_path / "mine.keras")
    result = call("benchmark", tmp_path / "mine.keras", "--steps", 5, "--batch", 2)
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines()]
    assert {row[0] for row in rows if row} >= {"keras", "onnx", "tflite", "saved_model"}
    assert sum("int8" in row or "int8," in row for row in rows) == 3
    assert "batch 2, 5 steps a call" in result.output


def test_benchmark_as_json(keras_file, monkeypatch):
    made = benchmarking.Benchmark(
        5, 2, (benchmarking.Row("keras", "float32", 1.25), benchmarking.Row("onnx", "int8", note="none"))
    )
    monkeypatch.setattr("zoo.export.benchmark", lambda *_, **__: made)
    found = json.loads(call("benchmark", keras_file, "--json").stdout)
    assert (found["steps"], found["batch"], found["rows"][0]["ms"], found["rows"][1]["note"]) == (5, 2, 1.25, "none")


def test_export_of_a_file_with_layers_of_the_package(tmp_path):
    """In a process of its own, where nothing else has told Keras of these layers."""
    import keras

    from zoo.layers import LSTM

    keras.Sequential([keras.Input((None, 3)), LSTM(4, return_sequences=True)]).save(tmp_path / "mine.keras")
    command = [sys.executable, "-m", "zoo", "export", "mine.keras", "--format", "onnx"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "dist/mine.onnx").exists()
