import os
import subprocess

import pytest

import zoo
from tests.conftest import ROOT
from tests.training.runs import FEW_STEPS, SMALL, column, command, log
from zoo.tasks.music.task import TASK

pytestmark = FEW_STEPS


def test_run_leaves_a_preset_and_its_logs(run):
    out, card = run
    assert sorted(p.name for p in (out / "preset").iterdir()) == [
        "card.json",
        "codec.json",
        "curves.png",
        "graph.onnx",
        "log.csv",
        "weights.safetensors",
    ]
    assert (out / "log.csv").read_text() == (out / "preset/log.csv").read_text()
    assert len(log(out)) == 4
    assert log(out)[0].keys() == {"epoch", "learning_rate", "loss", "nats", "val_loss", "val_nats"}
    assert list((out / "tensorboard/train").glob("events*"))
    assert card == zoo.info(out / "preset")
    assert card.command.startswith("zoo train lstm_music --data")
    assert "--set epochs=4" in card.command
    assert card.metrics.keys() == {"valid"}  # one's own files have no test split
    assert card.parameters == zoo.load(out / "preset").engine.network.count_params()


def test_it_learns(run):
    losses = column(run[0], "val_nats")
    assert losses[-1] < 0.9 * losses[0]


def test_card_metric_is_that_of_the_stored_weights(run, folder):
    out, card = run
    measured = zoo.load(out / "preset").measure(TASK.read_folder(folder)["valid"])
    assert measured["nats_per_step"] == pytest.approx(card.metrics["valid"]["nats_per_step"], abs=1e-5)
    best = min(column(out, "val_nats"))
    assert measured["nats_per_token"] == pytest.approx(best, abs=2e-3)  # stored as float16


@pytest.mark.parametrize("trial", [False, True])
def test_trials_leave_the_test_split_unread(trial, folder, tmp_path, monkeypatch):
    splits = {**TASK.read_folder(folder), "test": TASK.read_folder(folder)["valid"]}
    monkeypatch.setattr(type(TASK), "splits_of", lambda *_: splits)
    card = zoo.train("rnn_music", out=tmp_path / "a", trial=trial, epochs=1, verbose=False, **SMALL)
    assert list(card.metrics) == (["valid"] if trial else ["valid", "test"])


@pytest.mark.parametrize("name", ["rnn_music", "stacked_lstm_music"])
def test_other_architectures_need_no_other_loop(folder, tmp_path, name):
    card = zoo.train(name, out=tmp_path / name, data=folder, epochs=1, verbose=False, **SMALL)
    assert zoo.load(tmp_path / name / "preset").generate(bars=1, seed=1).voices == 4
    assert card.architecture == name.rpartition("_")[0]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_train_the_same_network(backend, run, folder, tmp_path):
    """Also where there is no TensorFlow."""
    environment = {**os.environ, "KERAS_BACKEND": backend}
    out = tmp_path / backend
    changed = ["--set", "ema=0.5", "--set", "epochs=2", "--set", "warmup=0"]
    words = command(out, folder, *changed, missing=["tensorflow", "tensorboard"])
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Keras's loop (the backend is" in done.stdout
    losses = column(out, "val_nats")
    assert losses[-1] < 0.99 * losses[0]
    assert backend in zoo.info(out / "preset").versions
    measured = zoo.load(out / "preset").measure(TASK.read_folder(folder)["valid"])  # here, on TensorFlow
    assert measured["nats_per_token"] == pytest.approx(min(losses), abs=2e-3)
