"""Codecs: raw data ↔ arrays. Deterministic, NumPy only, described by JSON.

Every codec is a `Codec`. What a model can do follows from which of the two others its codec is as well: a
`GenerationCodec` is for causal networks that generate token by token, an `InfillCodec` for bidirectional ones that fill
gaps. `isinstance` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from zoo.core.arrays import ARRAYS
from zoo.core.validation import checked
from zoo.errors import ArgumentError, CodecError

if TYPE_CHECKING:
    from zoo.core.recipe import Recipe

Description = TypeVar("Description")


class FrontEnd(Protocol):
    """The layers below the recurrent ones, where an embedding will not do."""

    def sizes(self, recipe: Recipe) -> dict[str, int]:
        """Return the state inputs of the front end, name → size, in the order of the network's inputs."""

    def below(self, x: Any, recipe: Recipe, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Return what the recurrent layers get, `(batch, time, features)`, and the new states."""


@runtime_checkable
class SizedFrontEnd(FrontEnd, Protocol):
    """A front end of which files of weights are checked before a network is built.

    What it makes of a time step are `recipe.embedding` numbers.
    """

    def shapes(self, recipe: Recipe) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes of its weights by their paths in the network, such as `embedding/kernel`.

        Raises:
            ArgumentError: It cannot be built with these sizes.
        """


@runtime_checkable
class Codec(Protocol):
    """Raw data ↔ arrays."""

    @property
    def dtype(self) -> str:
        """Type of the network's input `x`: int32 for ids of an embedding."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the input of one token."""

    @property
    def classes(self) -> int:
        """Classes that the network chooses among, or numbers that it returns for each token."""

    @property
    def features(self) -> int:
        """Numbers that describe the input of one token: the product of `shape`."""

    @property
    def symbols(self) -> int:
        """Rows of the embedding table, in which every feature has its own range of ids; 0: there is none."""

    @property
    def group(self) -> int:
        """Tokens that make one time step of the raw data."""

    @property
    def edges(self) -> int:
        """Time steps that `encode` adds to a piece."""

    @property
    def learning(self) -> Codec:
        """Codec of the part of a network that is trained: itself, or one whose inputs are features."""

    def frontend(self) -> FrontEnd | None:
        """Return the front end of networks with this codec; None: an embedding, or nothing."""

    def describe(self, recipe: Recipe) -> tuple[str, str]:
        """Describe, for a model's page, what becomes of the input before the recurrent layers, and the classes."""

    def encode(self, pieces: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs `(batch, time, *shape)` and targets `(batch, time)`, -1 past the end of a piece."""

    def decode(self, ids: np.ndarray, like: Any = None) -> Any:
        """Return the raw piece of tokens `(time,)`; what they do not say, such as a tempo, is that of another piece."""

    def columns(self) -> list[dict[str, Any]]:
        """Describe the columns of x, for those who run an artifact without this package."""

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Return random valid inputs, `(batch, time, *shape)`."""

    def extended(self, pieces: Iterable[Any]) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
        """Return a codec with room for pieces, and which of its symbols, classes and features are this one's.

        They are `(symbols,)`, `(classes,)` and `(features,)`; a symbol or class that is new has -1.
        """

    def for_direction(self, bidirectional: bool) -> Codec:
        """Return the codec for bidirectional, or for causal, networks."""

    def to_json(self) -> dict[str, Any]:
        """Return the description that the task's `read_codec` reads."""


@runtime_checkable
class GenerationCodec(Codec, Protocol):
    """A codec of causal networks that generate token by token."""

    @property
    def piece(self) -> type:
        """Class of the pieces that `decode` returns; see `zoo.core.session` for how pieces are written."""

    def tokens(self, piece: Any) -> np.ndarray:
        """Return the tokens of a piece, `(time,)`; a CodecError says why it does not fit."""

    def read(self, piece: Any) -> Any:
        """Return a piece in the one form that `tokens` takes, whatever form the user has given it in."""

    def script(self, *args: Any, **options: Any) -> np.ndarray:
        """Return the tokens of a piece to generate, `(time,)`: known ones, and -1 where the network chooses."""

    def labels(self, piece: Any) -> list[str]:
        """Name the tokens of a piece, for plots."""

    def decode_step(self, ids: Any) -> Any:
        """Return the raw form of the tokens of one time step, `(group,)`."""

    def begin(self, zeros: Any) -> tuple[Any, ...]:
        """Return the memory at the beginning of pieces, int32 arrays `(batch, …)`, made from zeros `(batch, 1)`."""

    def look(self, xp: Any, memory: tuple[Any, ...], position: Any) -> Any:
        """Return the network's input for the token at a position, `(batch, 1, features)` int32.

        `xp` computes: NumPy, or `keras.ops` in a graph.
        """

    def after(self, xp: Any, memory: tuple[Any, ...], position: Any, ids: Any) -> tuple[Any, ...]:
        """Return the memory once the tokens at a position, `(batch,)` int32, are known."""


@runtime_checkable
class FollowingCodec(GenerationCodec, Protocol):
    """A codec that follows many known tokens at once; one that does not is asked token by token."""

    def follow(self, memory: tuple[Any, ...], position: int, ids: np.ndarray) -> tuple[np.ndarray, tuple[Any, ...]]:
        """Return the network's inputs `(batch, time, features)` int32 for known tokens, and the memory after them.

        Args:
            memory: The memory before the tokens.
            position: That of the first token.
            ids: The tokens, `(batch, time)`, at least one.
        """


@runtime_checkable
class GivenCodec(GenerationCodec, Protocol):
    """A codec whose `script` takes more than a prompt that says what a piece shall be like, such as its tempo."""

    def given(self, options: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """Return the options of `script` with what is to be read, read; and the piece to be like, or None."""


@runtime_checkable
class InfillCodec(Codec, Protocol):
    """A codec of bidirectional networks that fill gaps: it encodes `MaskedPiece`s."""

    @property
    def piece(self) -> type:
        """Class of the pieces that `decode` returns; see `zoo.core.session` for how pieces are written."""

    @property
    def schemes(self) -> Sequence[str]:
        """Ways of hiding tokens that its models are measured by."""

    @property
    def hidden_unit(self) -> str:
        """What their metrics are counted per."""

    def tokens(self, piece: Any) -> np.ndarray:
        """Return the tokens of a piece, `(time,)`; a CodecError says why it does not fit."""

    def read(self, piece: Any) -> Any:
        """Return a piece in the one form that `tokens` takes, whatever form the user has given it in."""

    def gaps(self, *args: Any, **options: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the tokens of a piece with gaps, `(time,)`, and which of them are hidden."""

    def hide(self, piece: Any, rng: np.random.Generator, scheme: str = "") -> MaskedPiece:
        """Hide tokens at random, by one of `schemes`, or as in training."""

    def cover(self, ids: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Return the network's input for tokens `(batch, time)` of which some are hidden (bool, the same shape)."""

    def is_unit(self, ids: np.ndarray) -> np.ndarray:
        """Tell which hidden tokens count as a `hidden_unit`."""


@runtime_checkable
class UnitCodec(Codec, Protocol):
    """A codec whose tokens may be other units than its task counts pieces in, such as words of text."""

    @property
    def unit(self) -> str:
        """What a token is."""

    def counted(self, pieces: Sequence[Any]) -> Sequence[Any]:
        """Return pieces as long as their tokens are many; those that are already, as they are."""

    def extent(self, piece: Any) -> int | None:
        """Return how many of the task's units a piece that `counted` returned has; None if it is not known."""


def counted(codec: Codec, pieces: Sequence[Any]) -> Sequence[Any]:
    """Return pieces as long as their tokens are many."""
    return codec.counted(pieces) if isinstance(codec, UnitCodec) else pieces


@runtime_checkable
class StreamedCodec(GenerationCodec, Protocol):
    """A codec where the text that a step adds depends on the steps before it."""

    def decoder(self) -> Callable[[Any], Any]:
        """Return a function of the tokens of a time step, one step after the other, to what they add."""


@runtime_checkable
class PairCodec(Codec, Protocol):
    """A codec of encoder–decoder networks.

    In training `x` holds the source and the inputs of the decoder side by side, in as many time steps as the longer of
    them has; the targets are those of the decoder. A model runs encoder and decoder by themselves.
    """

    @property
    def source_shape(self) -> tuple[int, ...]:
        """Shape of a time step of the source: empty for ids of the embedding table, which the decoder shares."""

    @property
    def source_dtype(self) -> str:
        """Type of the source."""

    def split(self, xp: Any, x: Any) -> tuple[Any, Any]:
        """Return the source `(batch, time, *source_shape)` and the inputs of the decoder `(batch, time)` int32 of x."""

    def mask(self, xp: Any, source: Any) -> Any:
        """Return where a source `(batch, time, *source_shape)` has not ended, `(batch, time)` bool."""

    def sources(self, pieces: Sequence[Any]) -> np.ndarray:
        """Return the sources of pieces, `(batch, time, *source_shape)`."""

    def example_source(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Return random valid sources, `(batch, time, *source_shape)`."""


class Context:
    """What a generative model remembers outside its network, for a batch of pieces.

    Args:
        codec: Defines what is remembered.
        batch: Number of pieces.
    """

    def __init__(self, codec: GenerationCodec, batch: int) -> None:
        self.codec, self.position = codec, 0
        self.memory = codec.begin(np.zeros((batch, 1), np.int32))

    def x(self) -> np.ndarray:
        """Return the network's input for the next token, `(batch, 1, features)` int32."""
        return np.asarray(self.codec.look(ARRAYS, self.memory, self.position))

    def push(self, ids: np.ndarray) -> None:
        """Take the chosen tokens, `(batch,)`."""
        ids = np.asarray(ids, np.int32)
        self.memory = self.codec.after(ARRAYS, self.memory, self.position, ids)
        self.position += 1

    def follow(self, ids: np.ndarray) -> np.ndarray:
        """Take known tokens, `(batch, time)`; return the inputs for each of them, `(batch, time, features)` int32."""
        ids = np.asarray(ids, np.int32)
        if ids.shape[1] and isinstance(self.codec, FollowingCodec):
            x, self.memory = self.codec.follow(self.memory, self.position, ids)
            self.position += ids.shape[1]
            return x
        rows = [self.x()[:, :0]]
        for column in ids.T:
            rows.append(self.x())
            self.push(column)
        return np.concatenate(rows, 1)

    def repeat(self, batch: int) -> None:
        """Go on with so many pieces that begin with the one piece so far."""
        self.memory = tuple(np.repeat(values, batch, 0) for values in self.memory)


@dataclass(frozen=True)
class MaskedPiece:
    """A piece of which some tokens are hidden.

    Attributes:
        piece: All of it.
        hidden: Which tokens are hidden, `(time,)` bool.
    """

    piece: Any
    hidden: np.ndarray

    def __len__(self) -> int:
        return len(self.piece)


def given(codec: GenerationCodec, options: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Read what the options of `script` give of a piece: each file once.

    Returns:
        The options, and the piece whose manner, such as its tempo, `decode` keeps; None if there is none.
    """
    if isinstance(codec, GivenCodec):
        return codec.given(options)
    found = dict(options)
    if found.get("prompt") is not None:
        found["prompt"] = codec.read(found["prompt"])
    return found, found.get("prompt")


def described(data: Any, kind: type[Description]) -> Description:
    """Return the description of a codec, checked; see `zoo.core.validation`.

    Args:
        data: What JSON gave.
        kind: Dataclass of the description; its field `type`, if it has one, says of which task.

    Raises:
        CodecError: A field is missing or unknown, or its value is not accepted.
    """
    try:
        return checked(kind, data)
    except ArgumentError as error:
        raise CodecError(f"no description of such a codec: {error}") from error


def known(ids: Any, count: int) -> np.ndarray:
    """Return ids from 0 to below a count, as an array.

    Raises:
        CodecError: There are others.
    """
    found = np.asarray(ids)
    if found.size and not (found.min() >= 0 and found.max() < count):
        raise CodecError(f"ids {found.min()} to {found.max()}: this codec has 0 to {count - 1}")
    return found


def padded(rows: Sequence[np.ndarray], value: Any) -> np.ndarray:
    """Stack rows `(time,)` to `(batch, time)`, the shorter ones filled up at their end."""
    kind = bool if isinstance(value, bool) else np.int32
    table = np.full((len(rows), max(map(len, rows), default=0)), value, kind)
    for row, values in zip(table, rows, strict=True):
        row[: len(values)] = values
    return table
