"""Load weights from a file of any Keras version."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.core.extras import needing
from zoo.core.validation import first_line
from zoo.errors import ArgumentError, ModelFileError

from .files import Stored, opened, under_suffix

if TYPE_CHECKING:
    from .weights import Filler


@needing("loading weights needs", "keras")
def load_weights(model: Any, path: str | os.PathLike[str], *, by_name: bool = False) -> list[str]:
    """Load weights from a file that any Keras version wrote, by `save_weights` or `save`.

    Older layouts, of cuDNN layers and of Keras 1, are converted. What a layer computes is up to the model: before 2.3,
    Keras had `hard_sigmoid` as the default of the gates, and a GRU without `reset_after`.

    Args:
        model: A built `keras.Model`.
        path: The file.
        by_name: Fill the layers whose names the file has, and leave the others. By default all layers with weights are
            filled, in their order.

    Returns:
        Names of the layers that got weights.

    Raises:
        ArgumentError: `model` is not a `keras.Model`, or is not built.
        ModelFileError: The file cannot be read, or has other layers or arrays of other shapes; the model is unchanged.
        MissingExtra: Keras is not installed.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ArgumentError(f"{type(model).__name__}: give a keras.Model")
    if not model.built:
        raise ArgumentError(f"the model {model.name!r} has no weights yet: call it once, or build it")
    stored = opened(path)
    before = [np.array(value) for value in model.get_weights()]
    try:
        if stored.container == "zip":
            return _from_archive(model, stored, by_name)
        return _by_name(model, stored) if by_name else _in_order(model, stored)
    except Exception as error:
        model.set_weights(before)
        if not isinstance(error, ModelFileError):
            raise ModelFileError(f"{stored.path} does not fit this model: {first_line(error)}") from error
        raise ModelFileError(f"{stored.path}: {error}") from error.__cause__


def _from_archive(model: Any, stored: Stored, by_name: bool) -> list[str]:
    """Fill a model from the zip archive of a model, or from the weights file that Keras 3 writes."""
    if by_name:
        raise ModelFileError(
            "weights stand there by class and number, not by name: leave by_name out, or read the whole model by "
            "export.read and copy the weights layer by layer"
        )
    if stored.generation >= 3:
        with under_suffix(stored, ".weights.h5" if stored.config is None else ".keras") as path:
            model.load_weights(path)
        return [layer.name for layer in model.layers if layer.weights]
    from .parts import part_of

    part = part_of(model)
    _filler(stored).model(part)
    return [inner.name for inner in part.children if inner.layer.weights]


def _in_order(model: Any, stored: Stored) -> list[str]:
    """Fill layer after layer."""
    from .parts import part_of

    layers = [layer for layer in model.layers if layer.weights]
    names = [name for name, arrays in stored.layers.items() if arrays]
    if len(layers) != len(names):
        raise ModelFileError(
            f"it has weights of {len(names)} layers ({', '.join(names)}), the model has {len(layers)} "
            f"({', '.join(layer.name for layer in layers)}): build the model as it was, or use by_name=True"
        )
    filler = _filler(stored)
    for layer, name in zip(layers, names, strict=True):
        filler.layer(part_of(layer), list(stored.layers[name].values()))
    return [layer.name for layer in layers]


def _by_name(model: Any, stored: Stored) -> list[str]:
    """Fill the layers whose names the file has."""
    from .parts import part_of

    filler, found = _filler(stored), []
    for layer in model.layers:
        if layer.weights and stored.layers.get(layer.name):
            filler.layer(part_of(layer), list(stored.layers[layer.name].values()))
            found.append(layer.name)
    if not found:
        raise ModelFileError(
            f"it has no layer of the model's names: it has {', '.join(stored.layers)}; the model has "
            f"{', '.join(layer.name for layer in model.layers if layer.weights)}"
        )
    return found


def _filler(stored: Stored) -> "Filler":
    """Return what gives layers the arrays of a file, and keeps no record of it."""
    from .weights import Filler

    return Filler(stored, lambda *_: None, [])
