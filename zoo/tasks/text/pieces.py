"""Pieces of text: characters, in memory or on disk, and the tokens of a codec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

import numpy as np

from zoo.core import text_files
from zoo.core.storage import OnDisk
from zoo.errors import CodecError

Piece = TypeVar("Piece", bound="Text | Tokens")
BLOCK = 1 << 20  # characters read at a time


@dataclass(frozen=True)
class Text:
    """A stretch of text.

    Attributes:
        ids: Places in the vocabulary, `(characters,)`: an array, or where it is on disk.
        vocabulary: The characters.
        before: Character before the first, or "" at the beginning of a text.
        name: File that it is of, if it is of one.
    """

    ids: np.ndarray | OnDisk
    vocabulary: str
    before: str = ""
    name: str = field(default="", compare=False)

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, start: int, end: int) -> Text:
        """Take a part, which remembers the character before it, without reading it."""
        before = self.vocabulary[int(np.asarray(_part(self.ids, start - 1, start))[0])] if start else self.before
        return Text(_part(self.ids, start, end), self.vocabulary, before, self.name)

    def blocks(self) -> Iterator[str]:
        """Yield the characters, block by block."""
        points = np.frombuffer(self.vocabulary.encode("utf-32-le"), np.uint32)
        for start in range(0, len(self), BLOCK):
            ids = np.asarray(_part(self.ids, start, min(start + BLOCK, len(self))))
            yield points[ids].tobytes().decode("utf-32-le")


@dataclass(frozen=True)
class Tokens:
    """A stretch of text as the tokens of a codec.

    Attributes:
        ids: The tokens, `(time,)`: an array, or where it is on disk.
        before: Token before the first, or None at the beginning of a text.
        name: File that it is of, if it is of one.
    """

    ids: np.ndarray | OnDisk
    before: int | None = None
    name: str = field(default="", compare=False)

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, start: int, end: int) -> Tokens:
        """Take a part, which remembers the token before it, without reading it."""
        before = int(np.asarray(_part(self.ids, start - 1, start))[0]) if start else self.before
        return Tokens(_part(self.ids, start, end), before, self.name)


def _part(ids: np.ndarray | OnDisk, start: int, end: int) -> np.ndarray | OnDisk:
    return ids.part(start, end) if isinstance(ids, OnDisk) else ids[start:end]


def as_text(piece: Text | str) -> Text:
    """Return a string as a stretch of text.

    Raises:
        CodecError: It is no string, or has control characters.
    """
    if isinstance(piece, Text):
        return piece
    if not isinstance(piece, str):
        raise CodecError(f"{piece!r:.50} is no text: give a string")
    points = np.frombuffer(text_files.normalized(piece).encode("utf-32-le"), np.uint32)
    vocabulary, ids = np.unique(points, return_inverse=True)
    return Text(ids, "".join(map(chr, vocabulary)))


def joined(pieces: Iterable[Text | str]) -> Iterator[tuple[Text, int]]:
    """Join the segments of a file that follow each other, so that no word is cut in two.

    Yields:
        A text, and how many characters its longest segment had.
    """
    held, longest = None, 0
    for piece in map(as_text, pieces):
        if held is not None and _follows(held, piece):
            held, longest = _extended(held, len(piece)), max(longest, len(piece))
            continue
        if held is not None:
            yield held, longest
        held, longest = piece, len(piece)
    if held is not None:
        yield held, longest


def _follows(held: Text, piece: Text) -> bool:
    one, two = held.ids, piece.ids
    return isinstance(one, OnDisk) and isinstance(two, OnDisk) and one.part(one.length, len(one) + two.length) == two


def _extended(held: Text, more: int) -> Text:
    assert isinstance(held.ids, OnDisk)
    return Text(held.ids.part(0, held.ids.length + more), held.vocabulary, held.before, held.name)


def segments(piece: Piece, start: int, end: int, size: int) -> list[Piece]:
    """Cut a piece into pieces that remember what is before them."""
    return [cast(Piece, piece.part(at, min(at + size, end))) for at in range(start, end, size)]
