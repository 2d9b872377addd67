"""Temporary changes to a Keras model while it is traced."""

import contextlib
from collections.abc import Iterator
from typing import Any

from export.tracing.cells import walk
from zoo.errors import UnsupportedLayer


@contextlib.contextmanager
def without_losses(network: Any) -> Iterator[None]:
    """Discard the losses that activity regularizers add inside the block."""
    kept = [(layer, list(layer._losses), set(layer._loss_ids)) for _, layer in walk(network)]
    try:
        yield
    finally:
        for layer, losses, ids in kept:
            layer._losses[:] = losses
            layer._loss_ids.clear()
            layer._loss_ids.update(ids)


@contextlib.contextmanager
def patched(layer: Any, **values: Any) -> Iterator[None]:
    """Set attributes that a layer has, inside the block."""
    kept = {name: layer.__dict__[name] for name in values if name in layer.__dict__}
    layer.__dict__.update({name: values[name] for name in kept})
    try:
        yield
    finally:
        layer.__dict__.update(kept)


@contextlib.contextmanager
def in_float32(network: Any) -> Iterator[None]:
    """Compute in float32 inside the block, whatever the layers' mixed-precision policies are."""
    import keras

    found = [(layer, layer._dtype_policy) for _, layer in walk(network)]
    for path, layer in walk(network):
        if layer._dtype_policy.quantization_mode:
            raise UnsupportedLayer(f"{path} is quantized by Keras: export the float model, with quantize=")
    try:
        for layer, _ in found:
            object.__setattr__(layer, "_dtype_policy", keras.DTypePolicy("float32"))
        yield
    finally:
        for layer, policy in found:
            object.__setattr__(layer, "_dtype_policy", policy)
