"""What a training run computes on: one processor or GPU, several GPUs of one machine, several machines."""

import contextlib
import json
import os
from collections.abc import Sequence
from typing import Any

import keras

from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError
from zoo.layers.recurrent import slow_because, usual


def strategy(devices: Sequence[str], recipe: Recipe) -> Any:
    """Choose how a run is spread, before anything is computed, and let GPUs take memory as they need it.

    Args:
        devices: Devices of this machine that share every batch, such as `["GPU:0", "GPU:1"]`; none: Keras's own choice.
            With several machines (`TF_CONFIG`) each uses all its GPUs.
        recipe: The batch must be a multiple of the devices, and cannot be carried on.

    Returns:
        A `tf.distribute` strategy, or None for Keras's own choice.

    Raises:
        ArgumentError: There is no such device, the batch cannot be shared, or the backend cannot do it.
    """
    machines = workers()
    if keras.backend.backend() != "tensorflow":
        if devices or machines > 1:
            raise ArgumentError(f"KERAS_BACKEND is {keras.backend.backend()}: to choose devices takes tensorflow")
        return None
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # it is in use already
            tf.config.experimental.set_memory_growth(gpu, True)
    if machines > 1:
        if devices or recipe.precision == "mixed_float16" or recipe.xla or recipe.steps_per_execution > 1:
            raise ArgumentError(
                "TF_CONFIG names several machines: leave out devices, xla, steps_per_execution and mixed_float16 there"
            )
        chosen = tf.distribute.MultiWorkerMirroredStrategy()
    elif devices:
        known = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices()]
        if missing := [device for device in devices if device not in known]:
            raise ArgumentError(f"no device is called {', '.join(missing)}; this machine has: {', '.join(known)}")
        if len(devices) == 1:
            return tf.distribute.OneDeviceStrategy(devices[0])
        chosen = tf.distribute.MirroredStrategy(list(devices))
    else:
        return None
    count = chosen.num_replicas_in_sync
    if recipe.batch % count or recipe.carry:
        raise ArgumentError(
            f"batch={recipe.batch}, carry={recipe.carry} on {count} devices: give a batch that is a multiple of "
            f"{count}, and carry=false"
        )
    return chosen


def scope(spread: Any) -> Any:
    """Return the context in which what a strategy spreads is made; of None, one that does nothing."""
    return spread.scope() if spread else contextlib.nullcontext()


def cluster() -> dict[str, Any]:
    """Read `TF_CONFIG`: `{"cluster": {"worker": [address, …]}, "task": {"type": "worker", "index": i}}`.

    Raises:
        ArgumentError: It is something else.
    """
    text = os.environ.get("TF_CONFIG") or "{}"
    try:
        found = json.loads(text)
        if found:
            (job,), index = found["cluster"], found["task"]["index"]
            if job != "worker" or found["task"]["type"] != job or not 0 <= index < len(found["cluster"][job]):
                raise ValueError("another kind of cluster")
        return found
    except (ValueError, KeyError, TypeError, IndexError) as error:
        shape = '{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}'
        raise ArgumentError(f"TF_CONFIG={text!r}: give {shape}") from error


def workers() -> int:
    """Count the machines of a run."""
    return len(cluster().get("cluster", {}).get("worker", [""]))


def worker() -> int:
    """Return the number of this machine; 0 is the chief, which alone writes."""
    return int(cluster().get("task", {}).get("index", 0))


def path_taken(network: keras.Model) -> str:
    """Say how the recurrent layers are computed: by cuDNN, by the fast path, or by neither and why."""
    layers = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.RNN)]
    return ", ".join(f"{layer.name}: {_path(layer)}" for layer in layers)


def _has_gpu() -> bool:
    """Tell whether Keras computes on a GPU."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_logical_devices("GPU"))
    if keras.backend.backend() == "jax":
        import jax

        return str(jax.default_backend()) in ("gpu", "cuda")
    import torch

    return bool(torch.cuda.is_available())


def _path(layer: Any) -> str:
    reason = slow_because(layer)
    if not reason:
        return "fast path"
    if not _has_gpu():
        return f"Keras's loop ({reason})"
    cell = layer.cell
    conditions = {
        "it is a vanilla RNN": not hasattr(layer, "use_cudnn"),
        "Keras has no GRU by cuDNN on JAX": keras.backend.backend() == "jax" and hasattr(cell, "reset_after"),
        "recurrent dropout": cell.recurrent_dropout > 0,
        "activations other than tanh and sigmoid": not usual(cell),
        "no bias": not cell.use_bias,
        "unroll=True": layer.unroll,
        "reset_after=False": not getattr(cell, "reset_after", True),
    }
    broken = [condition for condition, applies in conditions.items() if applies]
    return f"Keras's loop on the GPU, not cuDNN ({', '.join(broken)})" if broken else "cuDNN"
