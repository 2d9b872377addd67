"""Build a model of Keras 3 from the configuration of one of Keras 1 or 2: Sequential, functional or custom."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from zoo.core.validation import first_line
from zoo.errors import ModelFileError

from .dialects import class_of
from .graphs import Graph
from .layers import LayerBuilder, safe_name
from .masks import ENDING, Masks
from .parts import Part

TIMED = ("SimpleRNN", "LSTM", "GRU", "Conv1D")
"""Classes that take `(batch, time, features)`, where Keras 1 stored the features as `input_dim`."""


class Builder(LayerBuilder):
    """Builds the model of a file, layer by layer."""

    def model(self, spec: Mapping[str, Any], where: str = "") -> Part:
        """Build a model, the outermost or a nested one.

        Args:
            spec: Its class and configuration in the file.
            where: Path of the model; empty for the outermost one.

        Raises:
            ModelFileError: It cannot be built; the message names the layer.
        """
        kind, config = spec["class_name"], spec["config"]
        name = spec.get("name") or (config.get("name") if isinstance(config, dict) else None)
        if kind == "Sequential" or isinstance(config, list) or "input_layers" not in config:
            if isinstance(config, dict) and "layers" not in config:
                return self._of_author(kind, config, where)
            return self._sequential(config, name, where)
        return Graph(self, config, where).built(name, kind)

    def _of_author(self, kind: str, config: dict[str, Any], where: str) -> Part:
        """Build a subclassed model, whose configuration has no layers."""
        if kind not in self.custom:
            raise ModelFileError(
                f"{where or 'the file'} is a {kind}, a model class of the file's author, and the file has no "
                f"layers for it: build the {kind} from its source and give it the weights by export.load_weights"
            )
        made = self.of_class(self.custom[kind], config, where)
        return Part(kind, config.get("name", ""), made, config=config)

    def _sequential(self, config: Any, name: str | None, where: str) -> Part:
        """Build a Sequential, whose configuration was a list of layers in older files."""
        specs = config if isinstance(config, list) else config["layers"]
        if specs and specs[0]["class_name"] == "Merge" and specs[0]["config"].get("layers"):
            return self._branches(specs, name, where)
        parts = [self.layer(spec, where) for spec in specs if spec["class_name"] != "InputLayer"]
        entering = self._entering(config, specs, where)
        try:
            made = _connected(entering, [part.layer for part in parts], safe_name(name) if name else None)
        except Exception as error:
            raise ModelFileError(
                f"{where or 'the model'}: Keras 3 cannot connect the layers: {first_line(error)}"
            ) from error
        return Part("Sequential", name or "", made, parts)

    def _branches(self, specs: Sequence[Mapping[str, Any]], name: str | None, where: str) -> Part:
        """Build a Sequential of Keras 1 whose first layer merges several others."""
        first = dict(specs[0]["config"])
        branches = [self.model(one, where) for one in first.pop("layers")]
        merge = self.layer({"class_name": "Merge", "config": first}, where)
        rest = [self.layer(spec, where) for spec in specs[1:]]
        entering = [
            [keras.Input(batch_shape=x.shape, dtype=x.dtype) for x in branch.layer.inputs] for branch in branches
        ]
        tensors = [branch.layer(xs if len(xs) > 1 else xs[0]) for branch, xs in zip(branches, entering, strict=True)]
        tensor = Masks().called(merge.layer, tensors, {})
        inputs = [x for xs in entering for x in xs]
        for part in rest:
            tensor = part.layer(tensor)
        made = keras.Model(inputs, tensor, name=safe_name(name) if name else None)
        return Part("Sequential", name or "", made, [Part("Merge", merge.name, merge.layer, branches), *rest])

    def _entering(self, config: Any, specs: Sequence[Mapping[str, Any]], where: str) -> Any:
        """Return the input of a Sequential."""
        first = specs[0] if specs else {"class_name": "", "config": {}}
        shape, dtype = shape_of(first)
        if shape is None and isinstance(config, dict):
            shape = config.get("build_input_shape")
        if shape is None:
            shape = self._from_weights(first)
        if shape is None:
            raise ModelFileError(
                f"{where or 'the model'}: the file does not state the shape of the input: build the model again "
                "with keras.Input and give it the weights by export.load_weights"
            )
        return keras.Input(batch_shape=tuple(shape), dtype=dtype or "float32")

    def _from_weights(self, first: Mapping[str, Any]) -> list[int | None] | None:
        """Return the input shape that follows from the weights of the first layer; None if none does."""
        name, kind = first["config"].get("name"), class_of(first["class_name"])
        if kind == "Embedding":
            return [None, None]
        kernels = [array for array in self.stored.layers.get(name, {}).values() if array.ndim > 1]
        if not kernels:
            return None
        self.tell("the file does not state the shape of the input, which follows from the weights", str(name))
        if kind == "Dense":
            return [None, kernels[0].shape[0]]
        if kind in ("SimpleRNN", "LSTM", "GRU", "Bidirectional"):
            return [None, None, kernels[0].shape[0]]
        return [None, None, kernels[0].shape[-2]] if kind == "Conv1D" else None


def _connected(entering: Any, layers: Sequence[Any], name: str | None) -> Any:
    """Return a model of layers in a row; a functional one where Keras 3 would pass on a mask that Keras 2 did not."""
    if not any(type(layer).__name__ in ENDING for layer in layers):
        return keras.Sequential([entering, *layers], name=name)
    masks, tensor = Masks(), entering
    for layer in layers:
        tensor = masks.called(layer, tensor, {})
    return keras.Model(entering, tensor, name=name)


def shape_of(spec: Mapping[str, Any]) -> tuple[Any, str | None]:
    """Return the batch shape and dtype of the input that the first layer of a Sequential states, however nested.

    Args:
        spec: Class and configuration of that layer in the file.

    Returns:
        The shape with its batch axis, and the dtype; None for what the layer does not state.
    """
    config = spec.get("config") or {}
    if isinstance(config, list) or "layers" in config:
        inner = config if isinstance(config, list) else config["layers"]
        return shape_of(inner[0]) if inner else (None, None)
    shape = _stated(class_of(spec.get("class_name", "")), config)
    if shape is None and isinstance(config.get("layer"), dict):
        return shape_of(config["layer"])
    dtype = config.get("input_dtype") or (config.get("dtype") if spec.get("class_name") == "InputLayer" else None)
    return shape, dtype if isinstance(dtype, str) else None


def _stated(kind: str, config: Mapping[str, Any]) -> Any:
    """Return the batch shape that a layer states by one of the arguments for it."""
    if shape := config.get("batch_input_shape") or config.get("batch_shape"):
        return shape
    if config.get("input_shape"):
        return [None, *config["input_shape"]]
    if kind == "Embedding":
        length = config.get("input_length")
        return [None, *(length if isinstance(length, list) else [length])]
    if config.get("input_dim"):
        return [None, *([config.get("input_length")] if kind in TIMED else []), config["input_dim"]]
    return None
