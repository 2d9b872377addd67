"""Groups and arrays of the HDF5 files that Keras writes; whatever lies outside the file itself is refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from zoo.errors import ModelFileError

Arrays = dict[str, np.ndarray]

MAX_EMPTY = 64 << 20
MAX_RATIO = 100
"""Bytes of an array that a file need not have, and bytes for each that it has, compressed."""


def group_in(parent: Any, name: str) -> Any:
    """Return a group that is in the file itself.

    Args:
        parent: A file or group of h5py.
        name: Path of the group inside it.

    Raises:
        ModelFileError: The path contains a link.
    """
    _check_links(parent, name)
    return parent[name]


def array_in(parent: Any, name: str) -> np.ndarray:
    """Return an array that is in the file itself.

    Args:
        parent: A file or group of h5py.
        name: Path of the array inside it.

    Raises:
        ModelFileError: The path contains a link, the values are in another file, which a model must not read, they are
            no numbers, or far more than the file can have.
    """
    _check_links(parent, name)
    found = parent[name]
    if found.external or found.is_virtual:
        raise ModelFileError(f"the values of {name} are in another file: save the model again where it was made")
    if found.dtype.kind not in "fiub":
        raise ModelFileError(f"{name} holds {found.dtype}, not numbers: save the model again where it was made")
    if found.nbytes > MAX_EMPTY + MAX_RATIO * found.id.get_storage_size():
        raise ModelFileError(f"{name} states {found.nbytes:,} bytes of which the file has few: is this a model?")
    return np.asarray(found)


def _check_links(parent: Any, name: str) -> None:
    """Refuse a path that contains a link."""
    import h5py

    path = ""
    for part in name.strip("/").split("/"):
        path = f"{path}/{part}" if path else part
        if not isinstance(parent.get(path, getlink=True), h5py.HardLink):
            raise ModelFileError(f"{name} is a link, perhaps to another file: save the model again where it was made")


def arrays_of(group: Any) -> Arrays:
    """Return the arrays of a layer by name, in the order in which Keras wrote them.

    Raises:
        ModelFileError: One is not in the file itself.
    """
    return {name: array_in(group, name) for name in names_in(group, "weight_names") if name in group}


def names_in(group: Any, attribute: str) -> list[str]:
    """Read a list of names from an attribute; Keras splits long lists into several numbered attributes."""
    if attribute in group.attrs:
        found = list(group.attrs[attribute])
    else:
        found, number = [], 0
        while f"{attribute}{number}" in group.attrs:
            found += list(group.attrs[f"{attribute}{number}"])
            number += 1
    return [as_text(name) for name in found]


def as_text(value: Any) -> str:
    """Return an attribute as text, whichever type h5py gives it; empty for None."""
    if value is None:
        return ""
    if isinstance(value, np.ndarray):
        return "".join(as_text(part) for part in value.ravel()) if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def tree(file: Mapping[str, Any]) -> dict[str, Arrays]:
    """Return the arrays of the weights file in a `.keras` archive: path of an object → its arrays by number.

    Raises:
        ModelFileError: One is not in the file itself.
    """
    found: dict[str, Arrays] = {}
    for name, array in _datasets(file):
        parts = with_slashes(name).split("/")
        if len(parts) > 1 and parts[-2] == "vars":
            found.setdefault("/".join(parts[:-2]), {})[parts[-1]] = array
    return found


def with_slashes(path: str) -> str:
    """Return a path with slashes in place of the backslashes that Keras wrote on Windows."""
    return path.replace("\\", "/")


def _datasets(group: Any, path: str = "") -> Iterator[tuple[str, np.ndarray]]:
    for name in group:
        item, where = group_in(group, name), f"{path}/{name}" if path else name
        if hasattr(item, "keys"):
            yield from _datasets(item, where)
        else:
            yield where, array_in(group, name)
