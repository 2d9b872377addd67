"""Codecs, one file each: raw data ↔ arrays. NumPy only, deterministic, described by JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from zoo.errors import CodecError


class Codec(Protocol):
    """Raw data ↔ arrays; pure NumPy, deterministic, described by JSON.

    One that is `masked` is for networks that see both sides and fill gaps: it encodes `MaskedPiece` pieces.
    """

    loss: str  # row of `zoo.training.losses.LOSSES`
    front: str  # row of `zoo.networks.build.FRONTS`; "" has none
    dtype: str  # of an input: int32 for ids of an embedding table
    shape: tuple[int, ...]  # of the input of one token; its product is `features`
    masked: bool
    edges: int  # steps that `encode` adds to a piece, to show where it begins and ends
    schemes: Sequence[str]  # ways of hiding tokens that a masked codec is measured by
    hidden_unit: str  # what their figures are counted per
    classes: int  # tokens the network chooses among
    features: int  # integers that describe the input of one token
    symbols: int  # rows of the embedding table: every feature has its own range of ids
    group: int  # tokens that make one step of the raw data

    @property
    def learning(self) -> Codec:
        """Give the codec of the part of a network that is trained: itself, or one behind a front end."""

    def encode(self, pieces: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Give inputs `(batch, time, features)` and targets `(batch, time)`, -1 where a piece has ended."""

    def read(self, piece: Any) -> Any:
        """Give a piece in the one form that `tokens` takes, whatever the forms that users may give it in."""

    def decode(self, ids: np.ndarray, like: Any = None) -> Any:
        """Give the raw piece of tokens `(time,)`; what they do not tell, such as a tempo, is that of another piece."""

    def decode_step(self, ids: Any) -> Any:
        """Give the raw form of the tokens of one step, `(group,)`."""

    def cover(self, ids: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Give what a network that sees both sides is shown of tokens `(batch, time)`, some hidden (bool, alike)."""

    def hide(self, piece: Any, rng: np.random.Generator, scheme: str = "") -> MaskedPiece:
        """Hide tokens at random, by one of `schemes`, or as in training."""

    def is_unit(self, ids: np.ndarray) -> np.ndarray:
        """Tell which hidden tokens count as a `hidden_unit`."""

    def begin(self, zeros: Any) -> tuple[Any, ...]:
        """Give the memory at the beginning of pieces, int32 arrays `(batch, …)`, made from zeros `(batch, 1)`."""

    def look(self, xp: Any, memory: tuple[Any, ...], position: Any) -> Any:
        """Give the network's input for the token at a position, `(batch, 1, features)` int32.

        `xp` computes: NumPy, or `keras.ops` in a graph.
        """

    def after(self, xp: Any, memory: tuple[Any, ...], position: Any, ids: Any) -> tuple[Any, ...]:
        """Give the memory once the tokens at a position, `(batch,)` int32, are known."""

    def script(self, **options: Any) -> np.ndarray:
        """Give the tokens of a piece to generate, `(time,)`: known ones, and -1 where the network chooses."""

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Give random valid inputs, `(batch, time, features)`."""

    def tokens(self, piece: Any) -> np.ndarray:
        """Give the tokens of a piece, `(time,)`; a CodecError says why it does not fit."""

    def extended(self, pieces: Iterable[Any]) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
        """Make room for pieces; give the codec, and for its symbols, classes and features those of this one.

        They are `(symbols,)`, `(classes,)` and `(features,)`; a symbol or class that is new has -1.
        """

    def for_direction(self, whole: bool) -> Any:
        """Give the codec for networks that see both sides, or the past only; those with a `front` have it."""

    def labels(self, piece: Any) -> list[str]:
        """Name the tokens of a piece, for pictures."""

    def columns(self) -> list[dict[str, Any]]:
        """Name the columns of x, for those who drive an artifact without this package."""

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""


class Context:
    """What a left-to-right generator remembers outside its network, for a batch of pieces.

    Args:
        codec: Says what is remembered; see `Codec`.
        batch: Pieces.
    """

    def __init__(self, codec: Any, batch: int) -> None:
        self.codec, self.position = codec, 0
        self.memory = codec.begin(np.zeros((batch, 1), np.int32))

    def x(self) -> np.ndarray:
        """Give the network's input for the next token, `(batch, 1, features)` int32."""
        return np.asarray(self.codec.look(np, self.memory, self.position))

    def push(self, ids: np.ndarray) -> None:
        """Take the chosen tokens, `(batch,)`."""
        ids = np.asarray(ids, np.int32)
        self.memory = self.codec.after(np, self.memory, self.position, ids)
        self.position += 1


@dataclass(frozen=True)
class MaskedPiece:
    """A piece of which some tokens are hidden.

    Attributes:
        piece: All of it.
        hidden: Which tokens are not to be seen, `(time,)` bool.
    """

    piece: Any
    hidden: np.ndarray

    def __len__(self) -> int:
        return len(self.piece)


def known(ids: Any, count: int) -> np.ndarray:
    """Return ids from 0 to below a count, as an array.

    Raises:
        CodecError: There are others.
    """
    found = np.asarray(ids)
    if found.size and not (found.min() >= 0 and found.max() < count):
        raise CodecError(f"ids {found.min()} to {found.max()}: this codec has 0 to {count - 1}")
    return found


def padded(lines: Sequence[np.ndarray], value: Any) -> np.ndarray:
    """Put lines `(time,)` under each other, `(batch, time)`, the shorter ones filled up at their end."""
    kind = bool if isinstance(value, bool) else np.int32
    table = np.full((len(lines), max(map(len, lines), default=0)), value, kind)
    for row, line in zip(table, lines, strict=True):
        row[: len(line)] = line
    return table
