"""What was written and named before the code was laid out by task goes on working: files, names, spellings."""

import importlib
import json
import shutil

import numpy as np
import pytest

import export
import zoo
from tests.conftest import ROOT

OLD = ROOT / "tests/data/v0_1"  # written by version 0.1: a tiny chorale model in every form
ARTIFACTS = ("lstm_music.onnx", "lstm_music.tflite", "lstm_music", "lstm_music_generate.onnx")


@pytest.fixture(scope="module")
def expected():
    return dict(np.load(OLD / "expected.npz"))


def test_old_presets_load(expected):
    model = zoo.load(OLD / "preset")
    np.testing.assert_array_equal(model.generate(bars=1, seed=5).grid, expected["grid"])
    assert json.loads((OLD / "preset/card.json").read_text())["recipe"]["height"] == 0  # a card of all tasks' settings
    assert "height" not in model.card.recipe.to_dict()
    assert model.card.recipe.settings.voices == 0


@pytest.mark.parametrize("name", ARTIFACTS)
def test_old_artifacts_load(name, expected):
    made = export.load(OLD / name).generate(bars=1, seed=5)
    np.testing.assert_array_equal(made.grid, expected["grid"])
    assert export.inspect(OLD / name).card.name == "lstm_music"


def test_old_keras_files_load(expected):
    import keras

    importlib.import_module("zoo.layers")
    network = keras.saving.load_model(OLD / "layers.keras")
    assert type(network.layers[0]) is zoo.layers.LSTM
    np.testing.assert_allclose(network.predict(expected["x"], verbose=0), expected["y"], atol=1e-6)


def test_old_runs_resume(tmp_path):
    """A run that was killed after two of four epochs ends as the one that was not."""
    midi, out = tmp_path / "midi", tmp_path / "run"
    midi.mkdir()
    for i in range(12):
        grid = [[72, 67, 60, 48 + i % 3], [zoo.HOLD] * 4, [74, 65, 62, 50], [zoo.HOLD] * 4] * 6
        zoo.Score(grid).save(midi / f"{i:02}.mid")
    shutil.copytree(OLD / "run", out)
    run = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**run, "data": str(midi)}))
    card = zoo.train("lstm_music", out=out, resume=True, verbose=False)
    assert card.epochs == 4
    rows = [np.genfromtxt(path, delimiter=",", names=True) for path in (out / "log.csv", OLD / "run_log.csv")]
    for column in ("loss", "nats", "val_loss", "val_nats"):
        np.testing.assert_allclose(rows[0][column], rows[1][column], rtol=1e-4)


PUBLIC = {
    "zoo": "load build train info page list_models Score HOLD REST gradient_flow ARCHITECTURES Card export",
    "zoo.export": "save load inspect benchmark Report Inspection Benchmark",
    "zoo.layers": "SimpleRNN LSTM GRU",
    "zoo.video": "frames",
    "zoo.tasks": "Recipe",
    "zoo.cli": "main",
    "export": "save load inspect benchmark Report Inspection Benchmark",
}


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_stay(module):
    found = importlib.import_module(module)
    assert not [name for name in PUBLIC[module].split() if not hasattr(found, name)]


def test_registered_names_stay():
    import keras

    for name in ("SimpleRNN", "LSTM", "GRU", "LogMel", "RunningAverage", "WholeAverage", "Before", "Frames", "InTime",
                 "Regroup"):  # fmt: skip
        for module in ("zoo.layers", "zoo.layers.streaming", "zoo.tasks.speech.frontend", "zoo.tasks.video.frontend"):
            importlib.import_module(module)
        assert keras.saving.get_registered_object(f"rnn_zoo>{name}")
