"""Temporary changes to a Keras model while it is traced."""

import contextlib
from collections.abc import Iterator
from typing import Any

from zoo.errors import UnsupportedLayer

from .cells import array, scope_name, walk


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
    """Compute in float32 inside the block, whatever the dtype policies of the layers are."""
    import keras
    import tensorflow as tf
    from keras.src import backend
    from keras.src.backend.common import stateless_scope

    found = [(layer, layer._dtype_policy) for _, layer in walk(network)]
    for path, layer in walk(network):
        if layer._dtype_policy.quantization_mode:
            raise UnsupportedLayer(f"{path} is quantized by Keras: export the float model, with quantize=")
    floats = [variable for variable in network.variables if "float" in str(variable.dtype)]
    with contextlib.ExitStack() as undo:
        for layer, policy in found:
            undo.callback(object.__setattr__, layer, "_dtype_policy", policy)
            object.__setattr__(layer, "_dtype_policy", keras.DTypePolicy("float32"))
        if any(str(variable.dtype) != "float32" for variable in floats):
            if not stateless_scope.in_stateless_scope():  # where weights are constants, they are float32 already
                scope = undo.enter_context(keras.StatelessScope())
                scope.state_mapping.update((id(variable), tf.constant(array(variable))) for variable in floats)
            undo.enter_context(backend.AutocastScope("float32"))
        for tensor in _float_inputs(network):
            undo.callback(setattr, tensor, "_dtype", tensor._dtype)
            tensor._dtype = "float32"  # Keras rounds what enters to the dtype of the input
        yield


def _float_inputs(network: Any) -> list[Any]:
    """Return the inputs of functional models, nested ones too, that round floats."""
    models = [getattr(layer, "_functional", None) or layer for _, layer in walk(network)]
    inputs = [tensor for model in models for tensor in getattr(model, "_inputs", None) or ()]
    return [tensor for tensor in inputs if "float" in tensor._dtype and tensor._dtype != "float32"]


@contextlib.contextmanager
def with_scopes(network: Any) -> Iterator[None]:
    """Rename layers to names that TensorFlow takes for the scopes of a graph, inside the block."""
    with contextlib.ExitStack() as undo:
        for _, layer in list(walk(network)):
            if scope_name(layer.name) != layer.name:
                undo.enter_context(patched(layer, name=scope_name(layer.name)))
        yield


@contextlib.contextmanager
def with_any_length(network: Any) -> Iterator[None]:
    """Let functional models, nested ones too, take other lengths than they declare, inside the block."""
    key = "_manual_input_spec"
    models = [layer for _, layer in walk(network) if hasattr(layer, "_inputs_struct")]
    kept = [(model, vars(model)[key]) for model in models if key in vars(model)]
    try:
        for model in models:
            vars(model)[key] = None
        yield
    finally:
        for model in models:
            vars(model).pop(key)
        for model, spec in kept:
            vars(model)[key] = spec
