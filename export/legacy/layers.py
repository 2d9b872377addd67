"""Build layers of Keras 3 from the configurations in a file of Keras 1 or 2."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
from keras.src.backend.common.global_state import get_global_attribute
from keras.src.utils.naming import auto_name

from zoo.core.validation import first_line
from zoo.errors import ModelFileError

from . import trusted
from .activations import activation, hard_sigmoid_keras2
from .dialects import class_of, translated
from .files import Stored
from .parts import Part
from .portable import FACTOR, foldable
from .vocabulary import GONE, KNOWN

MODELS = ("Sequential", "Functional", "Model", "Container", "Network")
OPERATORS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceProperty", "InstanceMethod")
ACTIVATIONS = ("activation", "recurrent_activation")
FLAGS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask")
MERGES = {
    "concat": "Concatenate", "sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "dot": "Dot",
}  # fmt: skip
"""Mode of Keras 1's `Merge` → layer."""


@dataclass
class LayerBuilder(ABC):
    """Builds the layers of a file.

    Attributes:
        stored: The file.
        custom: Classes and functions of the user, by name.
        trust: Run the code of `Lambda` layers.
        portable: Use Keras 3's own functions where weights can be changed to match.
        told: What was mapped → the layers.
        renamed: Name in the file → name in Keras 3.
    """

    stored: Stored
    custom: Mapping[str, Any]
    trust: bool = False
    portable: bool = False
    told: dict[str, list[str]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    @abstractmethod
    def model(self, spec: Mapping[str, Any], where: str = "") -> Part:
        """Build a model, the outermost or a nested one."""

    def tell(self, what: str, where: str) -> None:
        """Note what was mapped."""
        self.told.setdefault(what, []).append(where)

    def layer(self, spec: Mapping[str, Any], where: str) -> Part:
        """Build one layer, and those inside it.

        Args:
            spec: Its class, name and configuration in the file.
            where: Path of the model that it is in; empty for the outermost one.

        Raises:
            ModelFileError: Keras 3 has no such layer, or none with such settings.
        """
        kind, config = spec["class_name"], dict(spec.get("config") or {})
        name = spec.get("name") or config.get("name") or ""
        path = f"{where}/{name}" if where else name
        if (own := self._own(kind, spec)) is not None:
            return Part(kind, name, self.of_class(own, config, path), config=config)
        if kind in MODELS:
            return self.model({**spec, "name": name}, path)
        if kind in OPERATORS:
            return Part(kind, name, None, config=config)
        if kind == "Lambda":
            return self._lambda(name, config, path)
        if kind in GONE:
            raise ModelFileError(f"{path} ({kind}): Keras 3 has no such layer; rebuild the model with {GONE[kind]}")
        if kind in WRAPPERS:
            return WRAPPERS[kind](self, kind, config, path)
        return self._plain(kind, name, config, path)

    def _plain(self, kind: str, name: str, config: dict[str, Any], path: str) -> Part:
        """Build a layer that Keras 3 has, and that has none inside it."""
        of_keras = getattr(keras.layers, class_of(kind), None) if class_of(kind) in KNOWN else None
        if of_keras is None:
            raise ModelFileError(
                f"{path} is a layer of a class {kind}, which is not Keras's own: give it by "
                f"custom_objects={{{kind!r}: {kind}}}, or on the command line by `--import MODULE`, a module with it"
            )
        arguments, told = translated(kind, config, self.stored.generation, path)
        for what in told:
            self.tell(what, path)
        folded = self._set_activations(arguments, class_of(kind), path)
        if self.portable and kind == "Activation" and arguments["activation"] is hard_sigmoid_keras2:
            return Part(kind, name, _two_layers(self.safe(name)), config=config)
        if "name" in arguments:
            arguments["name"] = self.safe(arguments["name"])
        try:
            made = of_keras(**arguments)
        except Exception as error:
            raise ModelFileError(f"{path} ({kind}): Keras 3 does not take its settings: {first_line(error)}") from error
        made.trainable = config.get("trainable", True)
        return Part(kind, name, made, config=config, folded=folded)

    def _set_activations(self, arguments: dict[str, Any], kind: str, path: str) -> tuple[str, ...]:
        """Replace stored activations by functions; return the arguments that the weights have to match."""
        folded = []
        for key in (key for key in ACTIVATIONS if key in arguments):
            arguments[key] = found = activation(arguments[key], dict(self.custom), path)
            if getattr(found, "exported_as", ""):
                self.tell("hard_sigmoid computes clip(0.2 x + 0.5, 0, 1), as in Keras 2", path)
            if self.portable and found is hard_sigmoid_keras2 and foldable(kind, key):
                arguments[key] = "hard_sigmoid"
                folded.append(key)
        return tuple(folded)

    def _own(self, kind: str, spec: Mapping[str, Any]) -> Any:
        """Return the user's class of that name, with or without the package it was registered with."""
        for name in (kind, spec.get("registered_name") or "", kind.split(">")[-1]):
            if name in self.custom:
                return self.custom[name]
        return keras.saving.get_registered_object(spec.get("registered_name") or kind, custom_objects=dict(self.custom))

    def of_class(self, own: Any, config: dict[str, Any], path: str) -> Any:
        """Build a layer or model of a class of the user.

        Raises:
            ModelFileError: The class does not take its configuration.
        """
        config = {key: value for key, value in config.items() if key not in ("batch_input_shape", "shared_object_id")}
        try:
            with keras.saving.custom_object_scope(dict(self.custom)):
                return own.from_config(config) if hasattr(own, "from_config") else own(**config)
        except Exception as error:
            raise ModelFileError(
                f"{path}: {own.__name__} does not take its stored settings in Keras 3: {first_line(error)}"
            ) from error

    def safe(self, name: str) -> str:
        """Return a name that Keras 3 accepts, and note a change."""
        if name not in self.renamed:
            found = safe_name(name)
            while found != name and (found in self.renamed.values() or found in _names(self.stored.config)):
                found += "_"
            self.renamed[name] = found
            if found != name:
                self.tell("/ in names became _", name)
        return self.renamed[name]

    def _named(self, config: Mapping[str, Any]) -> dict[str, Any]:
        found = {"name": self.safe(config["name"])} if config.get("name") else {}
        return {**found, "trainable": config.get("trainable", True)}

    def _lambda(self, name: str, config: dict[str, Any], path: str) -> Part:
        function, own = trusted.function(config, self.custom, self.trust, path)
        self.tell("the function of a Lambda layer was given" if own else "the code of Lambda layers was run", path)
        return Part("Lambda", name, keras.layers.Lambda(function, name=safe_name(name)), config=config)

    def _bidirectional(self, kind: str, config: dict[str, Any], path: str) -> Part:
        """Build a layer for both directions, of which Keras makes copies."""
        forward = self.layer(config["layer"], path)
        backward = self.layer(config["backward_layer"], path) if config.get("backward_layer") else None
        made = keras.layers.Bidirectional(
            forward.layer,
            merge_mode=config.get("merge_mode", "concat"),
            backward_layer=backward.layer if backward else None,
            **self._named(config),
        )
        _freeze(made, config)
        parts = [_copied(forward, made.forward_layer, "forward_layer")]
        parts.append(_copied(backward or forward, made.backward_layer, "backward_layer"))
        return Part(kind, config.get("name", ""), made, parts, config)

    def _distributed(self, kind: str, config: dict[str, Any], path: str) -> Part:
        inner = self.layer(config["layer"], path)
        if inner.kind == "Masking" or inner.config.get("mask_zero"):
            raise ModelFileError(
                f"{path} (TimeDistributed): Keras 3 drops the masks that {inner.kind} makes of each step: put the "
                "layer into a model that is distributed, together with those that use its mask"
            )
        made = keras.layers.TimeDistributed(inner.layer, **self._named(config))
        _freeze(made, config)
        return Part(kind, config.get("name", ""), made, [inner], config)

    def _rnn(self, kind: str, config: dict[str, Any], path: str) -> Part:
        """Build an `RNN` over one cell, a list of cells, or `StackedRNNCells`."""
        if config.get("time_major"):
            raise ModelFileError(
                f"{path} (RNN): time_major=True takes (time, batch, features), which Keras 3 does not: build the model "
                "again without it and give it the weights by export.load_weights"
            )
        stacked = isinstance(config["cell"], list)
        parts = [self.layer(one, path) for one in (config["cell"] if stacked else [config["cell"]])]
        if not stacked and parts[0].kind == "StackedRNNCells":
            parts, stacked = parts[0].children, True
        cells = [part.layer for part in parts]
        flags = {key: config[key] for key in FLAGS if key in config}
        cell = keras.layers.StackedRNNCells(cells) if stacked else cells[0]
        made = keras.layers.RNN(cell, **flags, **self._named(config))
        _freeze(made, config)
        return Part(kind, config.get("name", ""), made, parts, config)

    def _stacked(self, kind: str, config: dict[str, Any], path: str) -> Part:
        parts = [self.layer(one, path) for one in config["cells"]]
        return Part(kind, config.get("name", ""), keras.layers.StackedRNNCells([p.layer for p in parts]), parts, config)

    def _merge(self, kind: str, config: dict[str, Any], path: str) -> Part:
        """Build the layer that took the place of one mode of Keras 1's `Merge`."""
        mode = config.get("mode", "sum")
        if mode not in MERGES:
            raise ModelFileError(
                f"{path} (Merge): its mode {mode!r} is none of {', '.join(MERGES)}: build the model again with the "
                "merging layers of Keras 3 and give it the weights by export.load_weights"
            )
        extra: dict[str, Any] = {}
        if mode == "concat":
            extra["axis"] = config.get("concat_axis", -1)
        elif mode == "dot":
            axes = config.get("dot_axes", -1)
            extra = {"axes": axes[0] if isinstance(axes, list) and len(axes) == 1 else axes}
        made = getattr(keras.layers, MERGES[mode])(name=self.safe(config.get("name", "merge")), **extra)
        self.tell(f"Merge became {MERGES[mode]}", path)
        return Part(kind, config.get("name", ""), made, config=config)


WRAPPERS = {
    "Bidirectional": LayerBuilder._bidirectional,
    "TimeDistributed": LayerBuilder._distributed,
    "RNN": LayerBuilder._rnn,
    "StackedRNNCells": LayerBuilder._stacked,
    "Merge": LayerBuilder._merge,
}
"""Class in the file → what builds it, for those that `dialects` does not translate."""


def reserve_names(config: Any) -> None:
    """Keep Keras 3 from giving its own operations, such as those of masks, the names of layers in a file."""
    auto_name("layer")  # there are counters from here on
    counters = get_global_attribute("object_name_uids")
    for name in _names(config):
        found = re.fullmatch(r"(.+?)(?:_(\d+))?", safe_name(name), re.DOTALL)
        if found:
            counters[found[1]] = max(counters.get(found[1], 0), int(found[2] or 0) + 1)


def _names(config: Any) -> Iterator[str]:
    """Yield the names of all layers in a configuration."""
    if isinstance(config, Mapping):
        if isinstance(name := config.get("name"), str) and name:
            yield name
        config = list(config.values())
    for value in config if isinstance(config, (list, tuple)) else ():
        yield from _names(value)


def safe_name(name: str) -> str:
    """Return a name that Keras 3 accepts."""
    return re.sub(r"[/\\]", "_", name)


def _freeze(wrapper: Any, config: Mapping[str, Any]) -> None:
    """Freeze what a frozen wrapper has inside."""
    if not config.get("trainable", True):
        for inner in wrapper._layers:
            inner.trainable = False


def _copied(part: Part, layer: Any, name: str) -> Part:
    """Return a part for the copy of a recurrent layer that Keras made for one direction."""
    cell = getattr(layer, "cell", None)
    cells = cell.cells if isinstance(cell, keras.layers.StackedRNNCells) else [cell]
    inner = [Part(c.kind, c.name, one, config=c.config, folded=c.folded)
             for c, one in zip(part.children, cells, strict=False)]  # fmt: skip
    return Part(part.kind, name, layer, inner, part.config, part.folded)


def _two_layers(name: str) -> Any:
    """Return the old `hard_sigmoid` as two layers of Keras 3."""
    return keras.Sequential([keras.layers.Rescaling(FACTOR), keras.layers.Activation("hard_sigmoid")], name=name)
