"""Assign the arrays of a file to layers: HDF5 files have them layer by layer, zip archives by class and number.

Reference: the orders are those of Keras 2's HDF5 files and of the zip archives of Keras 2.12 and later.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from zoo.errors import ModelFileError

from .files import Arrays, Stored
from .layouts import converted
from .parts import Part, leaves, looks_up, part_of
from .portable import folded

KERAS1_COUNTS = {"LSTM": 12, "GRU": 9, "ConvLSTM2D": 12}
"""Class → number of arrays that Keras 1 stored where Keras 2 has three."""
ORDER = (
    "forward_layer", "backward_layer", "_query_dense", "_key_dense", "_value_dense", "_output_dense", "cell", "layer",
)  # fmt: skip
"""Attributes of layers in the order of their weights; others come by name."""


@dataclass(frozen=True)
class Filled:
    """A layer that got its weights.

    Attributes:
        part: The layer.
        arrays: Its arrays in the file.
    """

    part: Part
    arrays: list[np.ndarray]


class Filler:
    """Gives layers the arrays of a file.

    Args:
        stored: The file.
        tell: Notes what was mapped: `tell(what, where)`.
        filled: Gets an entry for every layer.
    """

    def __init__(self, stored: Stored, tell: Callable[[str, str], None], filled: list[Filled]) -> None:
        self.stored, self.tell, self.filled = stored, tell, filled
        self.seen: dict[tuple[str, str], list[np.ndarray]] = {}  # class and name → arrays

    def model(self, part: Part) -> None:
        """Assign the weights of a model's layers.

        Args:
            part: The model.

        Raises:
            ModelFileError: Arrays of a layer are missing, too many, or of another shape.
        """
        if self.stored.container == "zip":
            self._tree(part, "")
            return
        self._by_name(part)
        if self.stored.top:
            own = [*part.layer._trainable_variables, *part.layer._non_trainable_variables]
            _set(part, list(self.stored.top.values()), own, part.name)

    def _by_name(self, part: Part) -> None:
        """Assign the arrays that an HDF5 file stores under the names of a model's layers."""
        for inner in (one for one in part.children if one.layer is not None):
            if inner.name in self.stored.layers:
                self.layer(inner, list(self.stored.layers[inner.name].values()))
            elif inner.kind == "Merge":  # Keras 1 stored the layers of its branches one by one
                for branch in inner.children:
                    self._by_name(branch)
            elif _count(inner, self.stored):
                raise ModelFileError(
                    f"no weights of the layer {inner.name!r}: the file has those of "
                    f"{', '.join(self.stored.layers) or 'none'}; save the model again"
                )

    def layer(self, part: Part, arrays: list[np.ndarray]) -> None:
        """Assign the arrays of one layer to it and the layers inside it.

        Args:
            part: The layer.
            arrays: Its arrays, in the order of the file.

        Raises:
            ModelFileError: There are too few or too many, or one has another shape.
        """
        inner = leaves(part)
        mine = [(inner[0], arrays)] if len(inner) == 1 else _shared_out(part, inner, arrays, self.stored)
        for leaf, found in mine:
            values = converted(leaf, found, self.stored, self.tell)
            if leaf.folded:
                values = folded(type(leaf.layer).__name__, leaf.folded, values)
                self.tell("hard_sigmoid is that of Keras 3, with weights multiplied by 1.2", leaf.name)
            _set(leaf, values, [*leaf.layer.trainable_weights, *leaf.layer.non_trainable_weights], part.name)
            self.filled.append(Filled(leaf, found))
            self.seen.setdefault((leaf.kind, leaf.name), found)
            if hasattr(leaf.layer, "finalize_state"):
                leaf.layer.finalize_state()

    def _tree(self, part: Part, path: str) -> None:
        """Assign weights from a zip archive, where layers are named by class and number."""
        places = _places([*self.stored.tree, *self.stored.words], path)
        self._share_out(part.children, places)

    def _share_out(self, parts: Sequence[Part], places: Sequence[str]) -> None:
        """Assign the weights in a container to layers: by class, in their order.

        A layer that is used in several places was stored at the first one.
        """
        needing = [one for one in parts if one.layer is not None and (_count(one, self.stored) or looks_up(one))]
        for kind in dict.fromkeys(_snake(one.kind.split(">")[-1]) for one in needing):
            mine = [one for one in needing if _snake(one.kind.split(">")[-1]) == kind]
            left = [name for name in places if re.fullmatch(rf"{kind}(_\d+)?", name.rsplit("/", 1)[1])]
            if len(left) < len([one for one in mine if _count(one, self.stored)]):
                known = [one for one in mine if all((leaf.kind, leaf.name) in self.seen for leaf in leaves(one))]
                for one in known:
                    self._again(one)
                mine = [one for one in mine if one not in known]
            for one in mine:
                if left:
                    self._place(one, left.pop(0))
                elif not self._again(one) and _count(one, self.stored):
                    raise ModelFileError(
                        f"no weights of the layer {one.name!r} ({one.kind}): the file has those of "
                        f"{', '.join(places) or 'none'}; save the model again"
                    )

    def _again(self, part: Part) -> bool:
        """Assign the weights of a shared layer again; return whether there are any."""
        inner = leaves(part)
        if not inner or not all((leaf.kind, leaf.name) in self.seen for leaf in inner):
            return False
        for leaf in inner:
            self.layer(leaf, self.seen[leaf.kind, leaf.name])
        return True

    def _place(self, part: Part, path: str) -> None:
        """Assign the weights below a path to a layer, or to those that it wraps."""
        tree = self.stored.tree
        wrapped = [name for name in ("forward_layer", "backward_layer", "layer") if _under(tree, f"{path}/{name}")]
        if isinstance(part.layer, keras.Model) and part.children:
            self._tree(part, path)
        elif hasattr(part.layer, "set_vocabulary"):
            self._words(part.layer, path)
        elif len(part.children) > 1 and (cells := _inside([*tree], f"{path}/cell/cells")):
            self._share_out(part.children, cells)
        elif part.children and wrapped:
            for child, name in zip(part.children, wrapped, strict=False):
                self._place(child, f"{path}/{name}")
        elif not type(part.layer).__module__.startswith("keras."):
            self._attributes(part, path)
        else:
            self.layer(part, _under(tree, path))

    def _attributes(self, part: Part, path: str) -> None:
        """Assign the weights of a custom layer and of the layers that are its attributes."""
        layer, tree = part.layer, self.stored.tree
        own = [*layer._trainable_variables, *layer._non_trainable_variables]
        if path in tree:
            arrays = [tree[path][key] for key in sorted(tree[path], key=int)]
            _set(part, arrays, own, part.name)
            self.filled.append(Filled(part, arrays))
        for place in (place for place in _inside([*tree], path) if not place.endswith("/vars")):
            name = place.rsplit("/", 1)[1]
            found = getattr(layer, name, None)
            if isinstance(found, keras.layers.Layer):
                self._place(part_of(found), place)
            elif isinstance(found, (list, tuple, dict)):
                inner = found.values() if isinstance(found, dict) else found
                self._share_out([part_of(one) for one in inner], _inside([*tree], place))
            elif _under(tree, place):
                raise ModelFileError(
                    f"{part.name} ({part.kind}): the file has weights of its attribute {name!r}, which the class does "
                    "not have"
                )

    def _words(self, layer: Any, path: str) -> None:
        """Set the vocabulary of a lookup layer, if that is not in its configuration."""
        found = [words for name, words in self.stored.words.items() if name == path or name.startswith(f"{path}/")]
        if found:
            integers = "int" in str(getattr(layer, "vocabulary_dtype", ""))
            layer.set_vocabulary([int(word) for word in found[0]] if integers else found[0])


def _shared_out(
    part: Part, inner: Sequence[Part], arrays: list[np.ndarray], stored: Stored
) -> list[tuple[Part, list[np.ndarray]]]:
    """Divide the arrays of a nested layer: first those that are trained, layer by layer, then the others."""
    counts = [_counts(leaf, stored) for leaf in inner]
    if sum(a + b for a, b in counts) != len(arrays):
        wanted = sum(a + b for a, b in counts)
        raise ModelFileError(f"{part.name}: the file has {len(arrays)} arrays for it, its layers have {wanted}")
    given = iter(arrays)
    trained = [[next(given) for _ in range(count)] for count, _ in counts]
    fixed = [[next(given) for _ in range(count)] for _, count in counts]
    return [(leaf, a + b) for leaf, a, b in zip(inner, trained, fixed, strict=True)]


def _counts(leaf: Part, stored: Stored) -> tuple[int, int]:
    """Return how many arrays the file has for a layer: trained ones and others."""
    trained, fixed = len(leaf.layer.trainable_weights), len(leaf.layer.non_trainable_weights)
    if stored.generation == 1 and leaf.kind in KERAS1_COUNTS and leaf.config.get("consume_less") != "gpu":
        many = KERAS1_COUNTS[leaf.kind]
        return (many, 0) if trained else (0, many)
    return trained, fixed


def _count(part: Part, stored: Stored) -> int:
    """Return how many arrays the file has for a layer and those inside it."""
    return sum(sum(_counts(leaf, stored)) for leaf in leaves(part))


def _set(part: Part, arrays: Sequence[np.ndarray], variables: Sequence[Any], name: str) -> None:
    """Assign arrays to variables.

    Raises:
        ModelFileError: Their number or a shape differs.
    """
    if len(arrays) != len(variables):
        raise ModelFileError(
            f"{name} ({part.kind}): the file has {len(arrays)} arrays, the layer {len(variables)} weights"
        )
    for array, variable in zip(arrays, variables, strict=True):
        if tuple(array.shape) != tuple(variable.shape):
            shapes = f"{tuple(array.shape)} where {variable.path} is {tuple(variable.shape)}"
            raise ModelFileError(f"{name} ({part.kind}): the file has {shapes}")
        variable.assign(array)


def _under(tree: dict[str, Arrays], path: str) -> list[np.ndarray]:
    """Return all arrays of an object and those inside it, in the order of a layer's weights."""

    def rank(name: str) -> tuple[Any, ...]:
        parts = name[len(path) :].strip("/").split("/")
        return tuple((ORDER.index(p) if p in ORDER else len(ORDER), _numbered(p)) for p in parts)

    names = [name for name in tree if name == path or name.startswith(f"{path}/")]
    return [tree[name][key] for name in sorted(names, key=rank) for key in sorted(tree[name], key=int)]


def _numbered(name: str) -> tuple[str, int]:
    """Split `lstm_10` into `lstm` and 10, so that it comes after `lstm_2`."""
    found = re.fullmatch(r"(.*?)_?(\d*)", name)
    return (found[1], int(found[2] or 0)) if found else (name, 0)


def _places(names: Sequence[str], path: str) -> list[str]:
    """Return the paths of a model's layers among those of all objects, by number."""
    start = f"{path}/" if path else ""
    for container in ("_layer_checkpoint_dependencies", "layers"):
        if found := _inside(names, f"{start}{container}"):
            return found
    return []


def _inside(names: Sequence[str], path: str) -> list[str]:
    """Return the paths of the objects in a container, by number."""
    found = {name[len(path) + 1 :].split("/")[0] for name in names if name.startswith(f"{path}/")}
    return [f"{path}/{name}" for name in sorted(found, key=_numbered)]


def _snake(name: str) -> str:
    """Return the name of a class as the archive has it."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
