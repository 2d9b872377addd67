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
import yaml

import zoo
from tests.conftest import ROOT
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError, TrainingError
from zoo.layers import recurrent as fast
from zoo.training import devices
from zoo.training import multi_worker as workers

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
        command = [
            sys.executable,
            "-m",
            "zoo",
            "train",
            "lstm_music",
            "--out",
            str(out),
            "--data",
            str(folder),
        ]
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


PREAMBLE = (
    "import sys, json, keras, tensorflow as tf, zoo\n"
    "from pathlib import Path\n"
    "[cpu] = tf.config.list_physical_devices('CPU')\n"
    "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)\n"
    "out, data, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])\n"
)
"""Two logical processors stand for two GPUs."""


def told(code, out, folder, **settings):
    command = [sys.executable, "-c", PREAMBLE + code, str(out), str(folder), json.dumps(SETTINGS | settings)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_devices_of_one_machine(folder, single, tmp_path):
    code = "zoo.train('lstm_music', out=out, data=data, devices=['CPU:0', 'CPU:1'], verbose=False, **settings)\n"
    told(code, tmp_path / "run", folder)
    same(log(tmp_path / "run"), single, 0.02)  # every device averages over its own tokens


def test_two_devices_of_each_machine(folder, tmp_path):
    """The loop of several machines, in which each device takes its part of the rows."""
    code = (
        "from zoo import ARCHITECTURES\n"
        "from zoo.networks import build as networks\n"
        "from zoo.training import batches as windows, learner as optimization, multi_worker as workers\n"
        "from zoo.tasks import Recipe\n"
        "from zoo.tasks.music import task as music\n"
        "splits = music.TASK.read_folder(Path(data))\n"
        "codec, recipe = music.TASK.make_codec(splits['train']), Recipe(**settings)\n"
        "for spread in (tf.distribute.OneDeviceStrategy('CPU:0'), tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])):\n"
        "    keras.utils.set_random_seed(1)\n"
        "    stream = windows.Windows(splits['train'], codec, recipe, music.TASK.augment(splits['train']))\n"
        "    with spread.scope():\n"
        "        net = networks.network(ARCHITECTURES['rnn'], codec, recipe)\n"
        "        learner = optimization.compiled(net, recipe, stream.steps, spread.num_replicas_in_sync)\n"
        "    told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print('nats', logs['nats']))\n"
        "    workers.fit(learner, spread, stream, 0, windows.whole(splits['valid'], codec), [told])\n"
    )
    lines = told(code, tmp_path, folder, epochs=2).splitlines()
    values = [float(line.split()[1]) for line in lines if line.startswith("nats")]
    np.testing.assert_allclose(values[2:], values[:2], rtol=1e-5)
    assert values[1] < values[0]


def test_what_cannot_be_shared_is_refused(monkeypatch):
    recipe = Recipe(units=4, embedding=2, batch=5)
    assert devices.strategy([], recipe) is None
    assert devices.strategy(["CPU:0"], recipe).extended.worker_devices[0].endswith("/device:CPU:0")
    with pytest.raises(ArgumentError, match="no device is called GPU:7"):
        devices.strategy(["GPU:7"], recipe)
    with pytest.raises(ArgumentError, match="GPU:1; this machine has: CPU:0"):
        devices.strategy(["CPU:0", "GPU:1"], recipe)
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(ArgumentError, match="takes tensorflow"):
        devices.strategy(["GPU:0", "GPU:1"], recipe)
    one, chief = {"worker": ["a"]}, {"chief": ["a"], "worker": ["b"]}
    wrong = [{"cluster": 3}, *(
        {"cluster": cluster, "task": {"type": kind, "index": index}}
        for cluster, kind, index in ((one, "worker", 2), (one, "worker", -1), (one, "chief", 0), (chief, "worker", 0))
    )]  # fmt: skip
    for bad in ("[", *map(json.dumps, wrong)):
        monkeypatch.setenv("TF_CONFIG", bad)
        with pytest.raises(ArgumentError, match="TF_CONFIG=.*host:port"):
            devices.workers()


@pytest.mark.parametrize(
    ("used", "changes"), [([], {"precision": "mixed_float16"}), ([], {"xla": True}), (["CPU:0"], {})], ids=str
)
def test_what_several_machines_do_not_take(used, changes, monkeypatch):
    config = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    with pytest.raises(ArgumentError, match="leave out"):
        devices.strategy(used, Recipe(units=4, embedding=2, **changes))


def test_machines_that_would_not_train_the_same_stop(monkeypatch):
    import tensorflow as tf

    one = tf.distribute.OneDeviceStrategy("CPU:0")
    workers._agree(one, 3, "run")
    monkeypatch.setattr(devices, "workers", lambda: 2)  # the other says nothing, which is epoch 1
    with pytest.raises(TrainingError, match="go on with epochs 4, 1: give all the same command"):
        workers._agree(one, 3, "run")
    with pytest.raises(TrainingError, match="other settings or data"):
        workers._agree(one, 0, "run")


def test_memory_of_gpus_grows_and_the_path_is_told(monkeypatch):
    """With a faked list of devices: not run on a GPU."""
    import keras
    import tensorflow as tf

    grown = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["gpu a", "gpu b"])
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, on: grown.append((gpu, on)))
    devices.strategy([], Recipe(units=4, embedding=2))
    assert grown == [("gpu a", True), ("gpu b", True)]

    def told_of(*layers):
        net = keras.Sequential([keras.Input((None, 3)), *layers])
        return devices.path_taken(net)

    layers = {
        "a": fast.LSTM(2, return_sequences=True, name="a"),
        "b": fast.GRU(2, return_sequences=True, recurrent_dropout=0.1, name="b"),
        "c": fast.SimpleRNN(2, name="c", activation="relu"),
    }
    assert (
        told_of(*layers.values())
        == "a: fast path, b: fast path, c: Keras's loop (the activations are not tanh and sigmoid)"
    )
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: ["GPU:0"])
    told = told_of(*layers.values())
    assert told.startswith("a: cuDNN, b: Keras's loop on the GPU, not cuDNN (recurrent dropout), c: ")
    assert "c: Keras's loop on the GPU, not cuDNN (it is a vanilla RNN" in told
    both = keras.layers.Bidirectional(fast.LSTM(2, name="e"), name="e")
    assert told_of(both) == "backward_e: cuDNN, forward_e: cuDNN"
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    monkeypatch.setattr("jax.default_backend", lambda: "gpu")
    told = told_of(layers["a"], fast.GRU(2, name="d"))
    assert told == "a: cuDNN, d: Keras's loop on the GPU, not cuDNN (Keras has no GRU by cuDNN on JAX)"


def fake(folder, **commands):
    for name, body in commands.items():
        (folder / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


TELL = 'echo "$*"; echo "$TF_CONFIG"'


@pytest.mark.parametrize("again", [False, True])
def test_slurm_script(tmp_path, again):
    """Its commands faked: not run on a cluster."""
    (tmp_path / "runs/lstm_music").mkdir(parents=True)
    if again:
        (tmp_path / "runs/lstm_music/run.json").write_text("{}")
    here = fake(
        tmp_path, zoo=TELL, scontrol="printf '%s\\n' node1 node2",
        srun='for i in 0 1; do SLURM_PROCID=$i "$@"; done',
    )  # fmt: skip
    script = [str(ROOT / "examples/slurm.sh"), "lstm_music", "--set", "batch=64"]
    done = subprocess.run(
        script, cwd=tmp_path, env=here | {"SLURM_JOB_NODELIST": "node[1-2]"}, capture_output=True, text=True, check=True
    )
    words, first, more, second = done.stdout.splitlines()
    asked = f"train lstm_music --set batch=64{' --resume' * again} --out runs/lstm_music"
    assert (words, more) == (asked, asked)
    assert [json.loads(told) for told in (first, second)] == [
        {"cluster": {"worker": ["node1:2222", "node2:2222"]}, "task": {"type": "worker", "index": i}} for i in (0, 1)
    ]


def test_kubernetes_job(tmp_path):
    """What its containers run, `zoo` faked: not run on a cluster."""
    service, job = yaml.safe_load_all((ROOT / "examples/kubernetes.yaml").read_text())
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    env = fake(tmp_path, zoo=TELL) | {"JOB_COMPLETION_INDEX": "1"}
    done = subprocess.run(
        [*container["command"], *container["args"]], env=env, capture_output=True, text=True, check=True
    )
    words, told = done.stdout.splitlines()
    assert words == "train lstm_text --out /shared/run"
    found = json.loads(told)
    assert found["task"] == {"type": "worker", "index": 1}
    name, subdomain = job["metadata"]["name"], pod["subdomain"]
    addresses = [f"{name}-{i}.{subdomain}:2222" for i in range(job["spec"]["completions"])]
    assert found["cluster"] == {"worker": addresses}
    assert service["metadata"]["name"] == subdomain
    assert service["spec"]["selector"] == {"job-name": name}
