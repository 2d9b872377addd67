"""Arrays on disk that are read when they are asked for, and subsets of sequences."""

import json
import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS, ABOUT = "numbers.bin", "about.json"


class Subset(Sequence[Any]):
    """Some pieces of a sequence, in an order, read when they are asked for; a slice is a list of pieces."""

    def __init__(self, pieces: Sequence[Any], indices: Sequence[int]) -> None:
        self.pieces, self.indices = pieces, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self.pieces[i] for i in self.indices[index]]
        return self.pieces[self.indices[index]]


class Joined(Sequence[Any]):
    """Several sequences of pieces as one, read when they are asked for."""

    def __init__(self, *parts: Sequence[Any]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        at = operator.index(index) + len(self) * (index < 0)
        for part in self.parts:
            if 0 <= at < len(part):
                return part[at]
            at -= len(part)
        raise IndexError(index)


def by_length(pieces: Sequence[Any]) -> Subset:
    """Put pieces in the order of their lengths."""
    lengths = [len(piece) for piece in pieces]
    return Subset(pieces, sorted(range(len(pieces)), key=lengths.__getitem__))


@dataclass(frozen=True)
class OnDisk:
    """Numbers in a file, read when they are asked for.

    Attributes:
        path: The file, with nothing but the numbers in it.
        dtype: Their NumPy type.
        start: The first one.
        length: How many.
    """

    path: Path
    dtype: str
    start: int
    length: int

    def __len__(self) -> int:
        return self.length

    def part(self, start: int, end: int) -> "OnDisk":
        """Take a part, without reading it."""
        return replace(self, start=self.start + start, length=end - start)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        kind = np.dtype(self.dtype)
        found = np.fromfile(self.path, kind, self.length, offset=self.start * kind.itemsize)
        return found if dtype is None else found.astype(dtype)


def pack(items: Iterable[tuple[np.ndarray, Sequence[Any]]], folder: Path) -> None:
    """Write arrays of one type into an existing folder, one after the other, with what is known of each, as JSON."""
    rows, start, kinds = list[Any](), 0, set[str]()
    with (folder / NUMBERS).open("wb") as stream:
        for array, about in items:
            stream.write(np.ascontiguousarray(array).tobytes())
            rows.append((start, array.size, about))
            kinds.add(array.dtype.name)
            start += array.size
    (folder / ABOUT).write_text(json.dumps({"dtype": next(iter(kinds), "uint8"), "rows": rows}), encoding="utf-8")


def packed(folder: Path) -> Iterator[tuple[OnDisk, list[Any]]]:
    """Yield what `pack` wrote: the numbers, read when they are asked for, and what is known of them."""
    found = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    for start, length, about in found["rows"]:
        yield OnDisk(folder / NUMBERS, found["dtype"], start, length), about
