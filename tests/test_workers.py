"""Several devices and several machines, on the loopback address of one."""

import csv
import json
import os
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

import zoo
from tests.conftest import ROOT
from zoo import devices, workers
from zoo import layers as fast
from zoo.errors import ArgumentError
from zoo.tasks import Recipe

SETTINGS = {"units": 8, "embedding": 2, "batch": 8, "window": 8, "learning_rate": 0.01, "epochs": 4,
            "dropout_in": 0, "dropout_out": 0, "ema": 0.5}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("midi")
    for i in range(12):
        steps = [[72, 67, 60, 48 + i % 3], [zoo.HOLD] * 4, [74, 65, 62, 50], [zoo.HOLD] * 4] * 12
        zoo.Score(steps).save(path / f"{i:02}.mid")
    return path


@pytest.fixture(scope="module")
def single(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("single") / "run"
    zoo.train("lstm_music", out=out, data=folder, verbose=False, **SETTINGS)
    return log(out)


def log(out):
    with (out / "log.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def same(found, expected, tolerance):
    assert len(found) == len(expected)
    for key in ("nats", "val_nats", "val_loss"):
        np.testing.assert_allclose([float(r[key]) for r in found], [float(r[key]) for r in expected], rtol=tolerance)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(out, folder, *more):
    """Two machines of one run."""
    words = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    processes = []
    for index in range(2):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        command = [sys.executable, "-m", "zoo.cli", "train", "lstm_music", "--out", str(out), "--data", str(folder)]
        processes.append(
            subprocess.Popen(
                [*command, *words, *more], cwd=ROOT, env={**os.environ, "TF_CONFIG": json.dumps(config)},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
        )  # fmt: skip
    return processes


def test_two_machines_give_the_losses_of_one_also_after_a_crash(folder, single, tmp_path):
    out = tmp_path / "run"
    chief, other = start(out, folder)
    state, deadline = out / "checkpoint/state.json", time.monotonic() + 120
    while not state.exists() and chief.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    other.kill()
    told, _ = chief.communicate(timeout=120)
    other.communicate()
    assert chief.returncode == 1, told
    assert "start all of them again with --resume" in told
    assert json.loads(state.read_text())["epoch"] < 4
    both = start(out, folder, "--resume")
    told = [process.communicate(timeout=200)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    same(log(out), single, 1e-4)
    assert zoo.info(out / "preset").epochs == 4
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_each_machine_takes_its_rows(monkeypatch):
    x, keep = np.arange(16).reshape(8, 2, 1), np.zeros((8, 1), np.float32)
    y = np.where(np.arange(16).reshape(8, 2) < 13, 1, -1)
    parts = []
    for index in range(2):
        config = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        [(mine, _, targets, tokens)] = workers._share(iter([(x, keep, y)]))
        assert float(tokens) == 13
        assert targets.shape == (4, 2)
        parts.append(mine.numpy())
    np.testing.assert_array_equal(np.concatenate(parts), x)


def test_two_devices_of_one_machine(folder, single, tmp_path):
    """Two logical processors stand for two GPUs."""
    code = (
        "import sys, json, tensorflow as tf, zoo\n"
        "[cpu] = tf.config.list_physical_devices('CPU')\n"
        "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)\n"
        "zoo.train('lstm_music', out=sys.argv[1], data=sys.argv[2], devices=['CPU:0', 'CPU:1'], verbose=False,\n"
        "          **json.loads(sys.argv[3]))\n"
    )
    out = tmp_path / "run"
    command = [sys.executable, "-c", code, str(out), str(folder), json.dumps(SETTINGS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    same(log(out), single, 0.02)  # here every device averages over its own tokens


def test_what_cannot_be_shared_is_refused(monkeypatch):
    recipe = Recipe(units=4, embedding=2, batch=5)
    assert devices.strategy([], recipe) is devices.strategy(["CPU:0"], recipe) is None
    with pytest.raises(ArgumentError, match="GPU:1; this machine has: CPU:0"):
        devices.strategy(["CPU:0", "GPU:1"], recipe)
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(ArgumentError, match="need tensorflow"):
        devices.strategy(["GPU:0", "GPU:1"], recipe)
    for bad in ("[", '{"cluster": 3}', '{"cluster": {"worker": ["a"]}, "task": {"index": 2}}'):
        monkeypatch.setenv("TF_CONFIG", bad)
        with pytest.raises(ArgumentError, match="TF_CONFIG=.*host:port"):
            devices.workers()


def test_memory_of_gpus_grows_and_the_path_is_told(monkeypatch):
    """With a faked list of devices: not run on a GPU."""
    import keras
    import tensorflow as tf

    grown = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["gpu a", "gpu b"])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, on: grown.append((gpu, on)))
    devices.strategy([], Recipe(units=4, embedding=2))
    assert grown == [("gpu a", True), ("gpu b", True)]

    def told(*layers):
        net = keras.Sequential([keras.Input((None, 3)), *layers])
        return devices.path_taken(net)

    layers = {
        "a": fast.LSTM(2, return_sequences=True, name="a"),
        "b": fast.GRU(2, return_sequences=True, recurrent_dropout=0.1, name="b"),
        "c": fast.SimpleRNN(2, name="c", activation="relu"),
    }
    text = told(*layers.values())
    assert text == "a: fast path, b: fast path, c: Keras's loop (the activations are not tanh and sigmoid)"
    net = keras.Sequential([keras.Input((None, 3)), *layers.values()])
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: ["GPU:0"])
    told = devices.path_taken(net)
    assert told.startswith("a: cuDNN, b: Keras's loop on the GPU, not cuDNN (recurrent dropout), c: ")
    assert "c: Keras's loop on the GPU, not cuDNN (it is a vanilla RNN" in told
