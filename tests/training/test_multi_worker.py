"""Several devices and several machines, on the loopback address of one."""

import csv
import json
import socket
import time
from types import SimpleNamespace

import numpy as np
import pytest

import zoo
from tests.training.processes import python_code, zoo_command
from zoo.errors import TrainingError
from zoo.training import devices, multi_worker
from zoo.training.losses import every_token

SETTINGS = {"units": 8, "embedding": 2, "batch": 8, "window": 8, "learning_rate": 0.01, "epochs": 4,
            "dropout_in": 0, "dropout_out": 0, "dropout_recurrent": 0, "carry": False, "ema": 0.5}  # fmt: skip


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("midi")
    for i in range(12):
        steps = [[72, 67, 60, 48 + i % 3], [zoo.HOLD] * 4, [74, 65, 62, 50], [zoo.HOLD] * 4] * 12
        zoo.Score(steps).save(path / f"{i:02}.mid")
    return path


@pytest.fixture(scope="session")
def teacher(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("teacher") / "run"
    zoo.train("rnn_music", out=out, data=folder, verbose=False, **SETTINGS | {"epochs": 1})
    return out / "preset"


@pytest.fixture(scope="session")
def single(folder, teacher, tmp_path_factory):
    out = tmp_path_factory.mktemp("single") / "run"
    zoo.train("lstm_music", out=out, data=folder, teachers=[teacher], verbose=False, **SETTINGS)
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


def start(out, folder, said, *more):
    """Two machines of one run; `said` is a folder for what they say."""
    words = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    processes = []
    for index in range(2):
        config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        command = ["train", "lstm_music", "--out", out, "--data", folder, *words, *more]
        processes.append(zoo_command(said / str(index), *command, environment={"TF_CONFIG": json.dumps(config)}))
    return processes


def test_two_machines_give_the_losses_of_one_also_after_a_crash(folder, teacher, single, tmp_path, tmp_path_factory):
    out, said = tmp_path / "run", tmp_path_factory.mktemp("said")
    chief, other = start(out, folder, said, "--teacher", teacher)
    state, deadline = out / "checkpoint/state.json", time.monotonic() + 120
    while not state.exists() and chief.running() and time.monotonic() < deadline:
        time.sleep(0.005)
    other.kill()
    status, told = chief.end(120)
    assert other.end(120)[0] == -9
    assert status == 1, told
    assert "start all of them again with --resume" in told
    assert json.loads(state.read_text())["epoch"] < 4
    ends = [process.end(200) for process in start(out, folder, said, "--resume")]
    assert [status for status, _ in ends] == [0, 0], ends
    same(log(out), single, 1e-4)
    assert zoo.info(out / "preset").epochs == 4
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_each_machine_takes_its_rows(monkeypatch):
    x, keep = np.arange(16).reshape(8, 2, 1), np.zeros((8, 1), np.float32)
    y = np.where(np.arange(16).reshape(8, 2) < 13, 1, -1)
    windows, parts = SimpleNamespace(epoch=lambda _epoch: [(x, keep, y)], targets=every_token), []
    for index in range(2):
        config = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        [(mine, _, targets, tokens)] = multi_worker._share(windows, 0)
        assert float(tokens) == 13
        assert targets.shape == (4, 2)
        parts.append(mine.numpy())
    np.testing.assert_array_equal(np.concatenate(parts), x)


PREAMBLE = (
    "import sys, json, keras, tensorflow as tf, zoo\n"
    "from pathlib import Path\n"
    "[cpu] = tf.config.list_physical_devices('CPU')\n"
    "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)\n"
    "out, data, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])\n"
)
"""Two logical processors stand for two GPUs."""


def told(code, out, folder, **settings):
    process = python_code(out.parent / "said", PREAMBLE + code, out, folder, json.dumps(SETTINGS | settings))
    status, said = process.end(200)
    assert status == 0, said
    return said


def test_two_devices_of_one_machine(folder, teacher, single, tmp_path):
    code = "zoo.train('lstm_music', out=out, data=data, devices=['CPU:0', 'CPU:1'], verbose=False, **settings)\n"
    told(code, tmp_path / "run", folder, teachers=[str(teacher)])
    same(log(tmp_path / "run"), single, 0.02)  # every device averages over its own tokens


def test_two_devices_of_each_machine(folder, tmp_path):
    """The loop of several machines, in which each device takes its part of the rows."""
    code = (
        "from zoo import ARCHITECTURES\n"
        "from zoo.networks.build import network\n"
        "from zoo.training import multi_worker\n"
        "from zoo.training.batches import Windows, whole\n"
        "from zoo.training.learner import compiled\n"
        "from zoo.tasks import Recipe\n"
        "from zoo.tasks.music.task import TASK\n"
        "splits = TASK.read_folder(Path(data))\n"
        "codec, recipe = TASK.make_codec(splits['train']), Recipe(**settings)\n"
        "for spread in (tf.distribute.OneDeviceStrategy('CPU:0'), tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])):\n"
        "    keras.utils.set_random_seed(1)\n"
        "    stream = Windows(splits['train'], codec, recipe, TASK.augment(splits['train']))\n"
        "    with spread.scope():\n"
        "        net = network(ARCHITECTURES['rnn'], codec, recipe)\n"
        "        learner = compiled(net, recipe, stream.steps, spread.num_replicas_in_sync, metrics=TASK.metrics)\n"
        "    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print('nats', logs['nats']))\n"
        "    multi_worker.fit(learner, spread, stream, 0, whole(splits['valid'], codec), [told])\n"
    )
    lines = told(code, tmp_path / "run", folder, epochs=2).splitlines()
    values = [float(line.split()[1]) for line in lines if line.startswith("nats")]
    np.testing.assert_allclose(values[2:], values[:2], rtol=1e-5)
    assert values[1] < values[0]


def test_machines_that_would_not_train_the_same_stop(monkeypatch):
    import tensorflow as tf

    one = tf.distribute.OneDeviceStrategy("CPU:0")
    multi_worker._agree(one, 3, "run")
    monkeypatch.setattr(devices, "workers", lambda: 2)  # the other says nothing, which is epoch 1
    with pytest.raises(TrainingError, match="go on with epochs 4, 1: give all the same command"):
        multi_worker._agree(one, 3, "run")
    with pytest.raises(TrainingError, match="other settings or data"):
        multi_worker._agree(one, 0, "run")


def test_a_step_is_divided_by_what_the_targets_count(monkeypatch):
    """The weights of the loss, not the targets: here the second of two numbers for each token is its weight."""
    x, y = np.zeros((4, 3, 1), np.float32), np.ones((4, 3, 2), np.float32)
    y[0, 1:, 1] = 0
    windows = SimpleNamespace(
        epoch=lambda _epoch: [(x, np.zeros((4, 1)), y)], targets=lambda y, _xp: (y[..., :1], y[..., 1])
    )
    monkeypatch.setattr(devices, "workers", lambda: 2)
    monkeypatch.setattr(devices, "worker", lambda: 1)
    [(own, _, _, tokens)] = multi_worker._share(windows, 0)
    assert len(own) == 2
    assert float(tokens) == 10
