"""Activations of Keras 1 and 2, among them the one that Keras 3 computes differently."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from zoo.errors import ModelFileError

from .dialects import class_of, translated

OLD_NAME = "hard_sigmoid_keras2"


@keras.saving.register_keras_serializable(package="rnn_zoo", name=OLD_NAME)
def hard_sigmoid_keras2(x: Any) -> Any:
    """Compute `clip(0.2 x + 0.5, 0, 1)`, the `hard_sigmoid` of Keras 1 and 2; Keras 3's has the slope 1/6."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


hard_sigmoid_keras2.exported_as = OLD_NAME
LAYERS = ("ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "ThresholdedReLU")
"""Classes of layers that may stand for an activation."""
BEFORE = {"hard_sigmoid": hard_sigmoid_keras2}
"""Name in a file of Keras 1 or 2 → function, where Keras 3 has a different one of that name."""


def activation(value: Any, custom: dict[str, Any], where: str) -> Any:
    """Return the activation that a file of Keras 1 or 2 names.

    Args:
        value: A name or a configuration, as the file has it.
        custom: Functions of the user, by name.
        where: Path of the layer, for messages.

    Returns:
        A function or a layer; None for None.

    Raises:
        ModelFileError: It is neither Keras's own nor in `custom`.
    """
    if value is None:
        return None
    if not isinstance(value, (str, Mapping)):
        raise ModelFileError(f"{where}: its activation is {value!r}, which is no name: save the model again")
    name = (value if isinstance(value, str) else _name(value)).removesuffix("_v2")  # of the first TensorFlow 2
    if own := custom.get(name, custom.get(name.split(">")[-1])):  # with or without the package it was registered with
        return own
    if name in BEFORE:
        return BEFORE[name]
    try:
        if isinstance(value, dict) and value.get("class_name") in LAYERS:
            config, _ = translated(value["class_name"], value.get("config", {}), 2, where)
            return getattr(keras.layers, class_of(value["class_name"]))(**config)
        return keras.activations.get(name)
    except ModelFileError:
        raise
    except Exception as error:
        raise ModelFileError(
            f"{where}: its activation {name!r} is a function of the file's author: give it by "
            f"custom_objects={{{name!r}: …}}, or `--import MODULE` of a module that defines it"
        ) from error


def _name(value: Any) -> str:
    """Return the name in a configuration, such as that of `tf.nn.relu`."""
    config = value.get("config", value.get("class_name")) if isinstance(value, dict) else value
    return str(config if isinstance(config, str) else value.get("class_name"))
