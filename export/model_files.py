"""What a model file of Keras contains: layers, weights, who wrote it. Reading it needs neither Keras nor TensorFlow."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .legacy.files import Arrays, Stored, is_model_file, opened

SUFFIXES = (".keras", ".h5", ".hdf5")
OTHERS = ("optimizer", "_layer_checkpoint_dependencies")
"""Objects in a file that are not layers."""


@dataclass(frozen=True)
class Weight:
    """Name, shape and dtype of an array."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class StoredLayer:
    """A layer of a model file.

    Attributes:
        name: Its name; of a file without a configuration the place of its weights.
        kind: Its class, with what it wraps, such as `Bidirectional(LSTM)`; empty if the file does not say.
        weights: Its arrays, those of layers inside of it too.
    """

    name: str
    kind: str
    weights: tuple[Weight, ...]


@dataclass(frozen=True)
class ModelFile:
    """What a model file of Keras contains; print it.

    Attributes:
        path: Where.
        container: `hdf5` or `zip`.
        size: Bytes.
        keras_version: Version of the Keras that wrote it; `1` if the file has none, as those of Keras 1.
        backend: Its backend, such as `theano`; empty if the file has none.
        kind: Class of the model, such as `Sequential`; empty if the file has weights alone.
        name: Name of the model.
        parameters: Number of stored numbers.
        layers: The layers, in the order of the file.
    """

    path: Path
    container: str
    size: int
    keras_version: str
    backend: str
    kind: str
    name: str
    parameters: int
    layers: tuple[StoredLayer, ...]

    def __str__(self) -> str:
        """Return a line for the file, one for each layer, and what to do next."""
        what = f"{self.kind} {self.name!r}".strip() if self.kind else "weights alone"
        by = f"Keras {self.keras_version}" + (f" on {self.backend}" if self.backend else "")
        lines = [f"{self.path}: {self.container}, {self.size / 1e6:.2f} MB, written by {by}"]
        lines.append(f"  {what}: {len(self.layers)} layers, {self.parameters:,} parameters")
        names, kinds = (max((len(getattr(layer, key)) for layer in self.layers), default=0) for key in ("name", "kind"))
        for layer in self.layers:
            weights = ", ".join(f"{w.name} {w.dtype}[{', '.join(map(str, w.shape))}]" for w in layer.weights)
            lines.append(f"  {layer.name:{names}}  {layer.kind:{kinds}}  {weights}".rstrip())
        return "\n".join([*lines, f"  next: zoo export {self.path}"] if self.kind else lines)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {**asdict(self), "path": str(self.path)}


def is_meant(path: Path) -> bool:
    """Return whether a path is, or by its name should be, a model file of Keras."""
    return path.suffix.lower() in SUFFIXES or is_model_file(path)


def describe(path: str | os.PathLike[str]) -> ModelFile:
    """Return what a model file contains.

    Args:
        path: An HDF5 file or a zip archive that `model.save` of any Keras wrote, or a file of weights.

    Raises:
        ModelFileError: It is neither, or is damaged.
    """
    stored = opened(path)
    layers = tuple(_layers(stored))
    config = stored.config if isinstance(stored.config, dict) else {}
    own = config.get("config")
    return ModelFile(
        stored.path,
        stored.container,
        stored.path.stat().st_size,
        stored.version,
        stored.backend,
        str(config.get("class_name", "")),
        str(own.get("name", "")) if isinstance(own, dict) else "",
        sum(int(np.prod(weight.shape)) for layer in layers for weight in layer.weights),
        layers,
    )


def _layers(stored: Stored) -> Iterator[StoredLayer]:
    """Yield the layers of a configuration with their arrays, then arrays that belong to none of them."""
    arrays = _arrays(stored)
    counts: Counter[str] = Counter()
    for config in _configs(stored.config):
        name, kind = _name(config), str(config.get("class_name", ""))
        place = name if stored.container == "hdf5" else _place(kind, counts)
        mine = [key for key in arrays if key == place or key.startswith(f"{place}/")]
        weights = [w for key in mine for w in _weights(arrays.pop(key), key.removeprefix(place).strip("/"), name)]
        yield StoredLayer(name, _kind(config), tuple(weights))
    for name, found in arrays.items():
        if found and not name.startswith(OTHERS):
            yield StoredLayer(name or "(the model itself)", "", tuple(_weights(found, "", name)))


def _arrays(stored: Stored) -> dict[str, Arrays]:
    """Return the arrays of a file by the place of their layer."""
    if stored.container == "hdf5":
        return {**stored.layers, **({"": stored.top} if stored.top else {})}
    return {name.removeprefix("layers/"): arrays for name, arrays in stored.tree.items()}


def _weights(arrays: Arrays, inside: str, layer: str) -> list[Weight]:
    """Describe arrays by their names in a layer; those of a layer inside of it begin with its name."""
    names = {name: name.removesuffix(":0").removeprefix(f"{layer}/") for name in arrays}
    return [Weight("/".join(filter(None, (inside, names[n]))), a.shape, a.dtype.name) for n, a in arrays.items()]


def _configs(config: Any) -> list[Mapping[str, Any]]:
    """List the configurations of the layers of a model; old files of Sequential models have the list alone."""
    found = config.get("config") if isinstance(config, dict) else None
    found = found.get("layers") if isinstance(found, dict) else found
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _name(config: Mapping[str, Any]) -> str:
    inner = config.get("config")
    return str(config.get("name") or (inner.get("name") if isinstance(inner, dict) else "") or "")


def _kind(config: Mapping[str, Any]) -> str:
    """Return the class of a layer, and in brackets the class that it wraps."""
    inner = config.get("config")
    wrapped = inner.get("layer") if isinstance(inner, dict) else None
    kind = str(config.get("class_name", ""))
    return f"{kind}({_kind(wrapped)})" if isinstance(wrapped, dict) else kind


def _place(kind: str, counts: Counter[str]) -> str:
    """Return where Keras 3 puts the arrays of the next layer of a class: its name in snake case, numbered from 1."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    name = re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
    counts[name] += 1
    return name if counts[name] == 1 else f"{name}_{counts[name] - 1}"
