"""Layers of a file, and what they became: what `layers` and `graphs` build, and `weights` fills."""

from dataclasses import dataclass, field
from typing import Any

import keras

from .dialects import class_of


@dataclass
class Part:
    """A layer of the file, and what it became.

    Attributes:
        kind: Its class in the file.
        name: Its name.
        layer: The layer of the model; None for an operator.
        children: Layers inside, in the order of the file.
        config: Its configuration in the file.
        folded: Arguments whose activation was changed, which the weights have to match.
    """

    kind: str
    name: str
    layer: Any
    children: list["Part"] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    folded: tuple[str, ...] = ()


def part_of(layer: Any) -> Part:
    """Describe a layer of a model as one of a file."""
    if isinstance(layer, keras.layers.Bidirectional):
        inner = [layer.forward_layer, layer.backward_layer]
    elif isinstance(layer, keras.layers.TimeDistributed):
        inner = [layer.layer]
    elif isinstance(layer, keras.Model):
        inner = [one for one in layer.layers if one.weights]
    elif type(layer) is keras.layers.RNN:
        inner = list(layer.cell.cells) if isinstance(layer.cell, keras.layers.StackedRNNCells) else [layer.cell]
    else:
        inner = []
    return Part(class_of(type(layer).__name__), layer.name, layer, [part_of(one) for one in inner])


def leaves(part: Part) -> list[Part]:
    """Return the layers inside that have weights of their own, in the order of the file, each once."""
    if not part.children:
        return [part] if part.layer is not None else []
    found: list[Part] = []
    for child in part.children:
        found += [leaf for leaf in leaves(child) if all(leaf.layer is not known.layer for known in found)]
    return found


def looks_up(part: Part) -> bool:
    """Return whether a layer, or one inside it, has a vocabulary."""
    return hasattr(part.layer, "set_vocabulary") or any(looks_up(child) for child in part.children)
