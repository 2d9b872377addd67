"""Files of weights: safetensors, of which the head is checked before anything else is read."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.core.files import content, first, regular, sha256
from zoo.errors import DataError

if TYPE_CHECKING:
    import numpy as np

MOST_HEAD, MOST_BYTES = 1 << 20, 1 << 30
DTYPES = ("F16", "F32")
"""Types of stored numbers."""


def shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return path in the network → shape, from the head of a file.

    Raises:
        DataError: The file is missing, no regular one, no safetensors file, or has numbers of another type.
    """
    import safetensors

    with regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
    if size > MOST_BYTES:
        raise DataError(f"{path} has {size:,} bytes, at most {MOST_BYTES:,} are read")
    head = int.from_bytes(first(path, 8), "little")
    if head > MOST_HEAD:
        raise DataError(f"{path} is no safetensors file: its head has {head:,} bytes, at most {MOST_HEAD:,} are read")
    try:
        with safetensors.safe_open(path, "numpy") as opened:  # compares offsets and sizes with that of the file
            rows = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 (it is no mapping)
            found = {name: (row.get_dtype(), tuple(row.get_shape())) for name, row in rows.items()}
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{path} is no safetensors file, or is damaged: {error}") from error
    if strange := [f"{name:.60} {kind}" for name, (kind, _) in found.items() if kind not in DTYPES]:
        raise DataError(f"{path}: {', '.join(strange[:3])}: weights are stored as {' or '.join(DTYPES)}")
    return {name: shape for name, (_, shape) in found.items()}


@dataclass(frozen=True)
class Weights:
    """The arrays of a file.

    Attributes:
        arrays: Path in the network → array.
        offsets: Path in the network → its first byte in the file.
    """

    arrays: "dict[str, np.ndarray]"
    offsets: dict[str, int]


def read(path: Path, digest: str) -> Weights:
    """Read the arrays of a file.

    Args:
        path: The file.
        digest: Its sha256.

    Raises:
        DataError: The file is missing, is another one, is damaged, or has NaN or infinite numbers.
    """
    import numpy as np
    import safetensors.numpy

    data = content(path, MOST_BYTES)
    if (found := sha256(data)) != digest:
        raise DataError(f"{path} has sha256 {found}, the card says {digest}")
    try:
        stored: dict[str, np.ndarray] = safetensors.numpy.load(data)  # compares offsets and sizes with the file
    except (safetensors.SafetensorError, ValueError) as error:
        raise DataError(f"{path} is no safetensors file, or is damaged: {error}") from error
    if wrong := [name for name, array in stored.items() if not np.isfinite(array).all()]:
        raise DataError(f"{path}: {wrong[0]:.60} has numbers that are NaN or infinite")
    begin = 8 + int.from_bytes(data[:8], "little")
    head = json.loads(data[8:begin])
    return Weights(stored, {name: begin + head[name]["data_offsets"][0] for name in stored})
