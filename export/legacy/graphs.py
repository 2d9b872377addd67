"""Build a functional model of Keras 3 from the graph in a file of Keras 1 or 2: its layers are called node by node."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from zoo.core.validation import first_line
from zoo.errors import ModelFileError

from .functions import Shape
from .layers import LayerBuilder, safe_name
from .masks import Masks
from .operators import node_function, operator
from .parts import Part

CONSTANT = "_CONSTANT_VALUE"
"""What stands in place of the layer's name where a node has a constant instead of a tensor."""


class Graph:
    """The graph of a functional model.

    Args:
        builder: Builds its layers.
        config: Its configuration in the file.
        where: Path of the model; empty for the outermost one.
    """

    def __init__(self, builder: LayerBuilder, config: Mapping[str, Any], where: str) -> None:
        self.builder, self.config, self.where = builder, config, where
        self.parts: dict[str, Part] = {}
        self.outputs: dict[str, list[Any]] = {}  # layer → what each call of it returned
        self.shift: dict[str, int] = {}  # layer → number of its first call in the references to it
        self.masks = Masks()

    def built(self, name: str | None, kind: str) -> Part:
        """Build the layers, call them, and return the model.

        Args:
            name: Name of the model; None lets Keras choose one.
            kind: Its class in the file.

        Raises:
            ModelFileError: A layer cannot be built or called, or the graph is not complete.
        """
        waiting = self._build_layers()
        self._find_shifts(waiting)
        self._call_all(waiting)
        inputs, outputs = (self._structure(self.config[side]) for side in ("input_layers", "output_layers"))
        trainable = self.config.get("trainable", True)
        model = keras.Model(inputs, outputs, name=safe_name(name) if name else None, trainable=trainable)
        return Part(kind, name or "", model, list(self.parts.values()))

    def _build_layers(self) -> list[tuple[str, Any]]:
        """Build the inputs and layers; return the calls of the layers: name and node."""
        calls: list[tuple[str, Any]] = []
        for spec in self.config["layers"]:
            label = spec.get("name") or spec["config"]["name"]
            self.outputs[label] = []
            if spec["class_name"] == "InputLayer":
                self.outputs[label].append(_input(label, spec["config"]))
                continue
            self.parts[label] = self.builder.layer({**spec, "name": label}, self.where)
            calls += [(label, node) for node in spec.get("inbound_nodes", [])]
        return calls

    def _call_all(self, waiting: list[tuple[str, Any]]) -> None:
        """Make all calls, in an order in which their inputs exist."""
        while waiting:
            later = []
            blocked: set[str] = set()
            for label, node in waiting:
                if label not in blocked and self._ready(node):
                    self.outputs[label].append(self._called(self.parts[label], node))
                else:  # the calls of one layer keep their order
                    blocked.add(label)
                    later.append((label, node))
            if len(later) == len(waiting):
                raise ModelFileError(
                    f"{self.where or 'the model'}: the graph in the file is not complete: "
                    f"{', '.join(sorted(blocked))} wait for tensors that no layer returns; save the model again"
                )
            waiting = later

    def _find_shifts(self, calls: Sequence[tuple[str, Any]]) -> None:
        """Find the nested models whose first call has number 1: Keras 2 counts their construction as call 0."""
        references: dict[str, list[int]] = {}
        sources = [node for _, node in calls] + [self.config["input_layers"], self.config["output_layers"]]
        for label, index, _ in (one for source in sources for one in _references(source, self.parts)):
            references.setdefault(label, []).append(index)
        labels = [label for label, _ in calls]
        for label, found in references.items():
            nested = isinstance(getattr(self.parts.get(label), "layer", None), keras.Model)
            self.shift[label] = 1 if nested and max(found) >= labels.count(label) else 0

    def _get(self, reference: Sequence[Any]) -> Any:
        label, index, place = reference[:3]
        found = self.outputs[label][index - self.shift.get(label, 0)]
        return found if isinstance(found, Shape) else keras.tree.flatten(found)[place]

    def _ready(self, node: Any) -> bool:
        return all(
            len(self.outputs[label]) > index - self.shift.get(label, 0)
            for label, index, _ in _references(node, self.outputs)
        )

    def _structure(self, listed: Any) -> Any:
        """Return the inputs or outputs of the model in the structure of the file."""
        if isinstance(listed, Mapping):
            return {key: self._structure(value) for key, value in listed.items()}
        if _is_reference(listed, self.outputs):
            return self._get(listed)
        if not isinstance(listed, (list, tuple)):
            raise ModelFileError(f"{self.where or 'the model'}: {listed!r} is no input or output: save the model again")
        found = [self._structure(value) for value in listed]
        return found[0] if len(found) == 1 else found

    def _called(self, part: Part, node: Any) -> Any:
        """Call a layer as one node of the file says."""
        path = f"{self.where}/{part.name}" if self.where else part.name
        try:
            first, options = self._arguments(node)
            if part.layer is None:
                return self._operate(part, first, options)
            return self._call(part.layer, first, options)
        except ModelFileError:
            raise
        except Exception as error:
            raise ModelFileError(
                f"{path} ({part.kind}): Keras 3 cannot call it as the file says: {first_line(error)}"
            ) from error

    def _arguments(self, node: Any) -> tuple[Any, dict[str, Any]]:
        """Return the first argument of a call, and the others by name."""
        if isinstance(node, Mapping) and "args" in node:
            raise ModelFileError("the model: its graph is one of Keras 3, its version is not: save the model again")
        options: dict[str, Any] = {}

        def read(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {key: read(one) for key, one in value.items()}
            if _is_node(value, self.outputs):
                options.update(value[3] if len(value) > 3 else {})
                return self._resolved(value[2]) if value[0] == CONSTANT else self._get(value)
            return [read(one) for one in value]

        first = read(node)
        if isinstance(node, list) and not _is_node(node, self.outputs) and isinstance(first, list) and len(first) == 1:
            first = first[0]
        return first, {key: self._resolved(value) for key, value in options.items()}

    def _resolved(self, value: Any) -> Any:
        """Replace the references to tensors in an argument."""
        if isinstance(value, Mapping):
            if value.get("type") == "ndarray" or value.get("class_name") == "__tensor__":
                config = value.get("config", value)
                return np.asarray(config["value"], config.get("dtype"))
            return {key: self._resolved(one) for key, one in value.items()}
        if _is_reference(value, self.outputs):
            return self._get(value)
        if isinstance(value, list) and len(value) >= 3 and value[0] == CONSTANT:
            return self._resolved(value[2])
        if isinstance(value, list) and _has_fractions(value):
            return np.asarray(value, np.float32)
        return [self._resolved(one) for one in value] if isinstance(value, list) else value

    def _call(self, layer: Any, first: Any, options: dict[str, Any]) -> Any:
        """Call a layer of Keras; the states of a recurrent one may be in the list of its inputs."""
        options = {key: value for key, value in options.items() if value is not None}
        if not options.get("training", True):
            del options["training"]
        if not isinstance(layer, (keras.layers.RNN, keras.layers.Bidirectional)):
            return self.masks.called(layer, first, options)
        if isinstance(first, list):
            first, *states = first
            if options.get("constants") is not None or len(states) > _states(layer):
                raise ModelFileError(
                    f"{layer.name}: constants of a cell are not read: build the model again and give it the weights by "
                    "export.load_weights"
                )
            if states:
                options["initial_state"] = states
        if "initial_state" in options:
            given = options["initial_state"]
            options["initial_state"] = list(given) if isinstance(given, (list, tuple)) else [given]
            if options.get("mask") is None and (mask := self.masks.of(first)) is not None:
                options["mask"] = mask  # given an initial state, Keras 3 does not take it from the input
                self.builder.tell("the mask of the input is passed beside the initial state", layer.name)
        return self.masks.called(layer, first, options)

    def _operate(self, part: Part, first: Any, options: dict[str, Any]) -> Any:
        """Compute an operator of TensorFlow by Keras's own functions."""
        config, is_node = part.config, part.kind == "TensorFlowOpLayer"
        if is_node:
            symbol, function = node_function(config)
        else:
            symbol = str(config.get("function", config.get("cls_symbol", config.get("attr_name", ""))))
            function = operator(symbol) if part.kind in ("TFOpLambda", "SlicingOpLambda") else None
        if function is None:
            raise ModelFileError(
                f"{part.name}: TensorFlow's {symbol or part.kind} is not among the operators that are translated: "
                "build the model again with a Keras layer in its place and give it the weights by export.load_weights"
            )
        options.pop("name", None)
        self.builder.tell("functions of TensorFlow are computed by keras.ops", symbol)
        if is_node:
            return function(*(first if isinstance(first, list) else [first]))
        return function(first, **options)


def _input(label: str, config: Mapping[str, Any]) -> Any:
    """Return an input of the model."""
    if config.get("sparse") or config.get("ragged"):
        raise ModelFileError(
            f"{label}: a sparse or ragged input, which is not supported in Keras 3: build the model with a dense one"
        )
    shape: Any = config.get("batch_input_shape") or config.get("batch_shape")
    dtype = config.get("dtype") or config.get("input_dtype") or "float32"
    return keras.Input(batch_shape=tuple(shape), dtype=dtype, name=safe_name(label))


def _states(layer: Any) -> int:
    """Return the number of tensors that are the state of a layer."""
    inner = layer.forward_layer if isinstance(layer, keras.layers.Bidirectional) else layer
    count = len(keras.tree.flatten(inner.cell.state_size))
    return 2 * count if isinstance(layer, keras.layers.Bidirectional) else count


def _is_reference(value: Any, known: Mapping[str, Any]) -> bool:
    """Return whether a value is `[layer, node, tensor]`."""
    return (
        isinstance(value, (list, tuple)) and len(value) in (3, 4) and isinstance(value[0], str) and value[0] in known
        and isinstance(value[1], int) and isinstance(value[2], int)
    )  # fmt: skip


def _has_fractions(value: Any) -> bool:
    """Return whether a value is a list of numbers, or of such lists, and not all are integers."""
    if isinstance(value, list):
        return bool(value) and any(_has_fractions(one) for one in value)
    return isinstance(value, float)


def _is_node(value: Any, known: Mapping[str, Any]) -> bool:
    """Return whether a value is `[layer, node, tensor, options]`, or a constant in its place."""
    return _is_reference(value, known) or (
        isinstance(value, (list, tuple)) and len(value) >= 3 and value[0] == CONSTANT
    )


def _references(value: Any, known: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Return all references to tensors in a value, those in the options of calls too."""
    if isinstance(value, Mapping):
        return [one for inner in value.values() for one in _references(inner, known)]
    if not isinstance(value, (list, tuple)):
        return []
    inner = [one for part in value for one in _references(part, known)]
    return [(value[0], value[1], value[2]), *inner] if _is_reference(value, known) else inner
