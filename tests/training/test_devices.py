import json

import pytest

from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError
from zoo.layers import recurrent as fast
from zoo.training import devices


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
