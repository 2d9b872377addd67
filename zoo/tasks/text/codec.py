"""Text ↔ tokens, character by character.

A left-to-right network sees the character before the one it is to tell; one that fills gaps sees all characters but the
hidden ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.core import text_files
from zoo.core.codec import MaskedPiece, described, padded
from zoo.core.codec import known as known_ids
from zoo.core.recipe import Recipe
from zoo.core.storage import OnDisk
from zoo.core.validation import MOST_SYMBOLS, checked, limits, number
from zoo.errors import ArgumentError, CodecError

if TYPE_CHECKING:
    from typing_extensions import Self

STRETCH = 256  # characters over which training hides the same share
LEAST_HIDDEN, LONGEST_SPAN = 0.05, 32
DEFAULT_LENGTH, MAX_LENGTH = 200, 1_000_000


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


@dataclass(frozen=True)
class Description:
    """What codec.json contains."""

    type: str = limits(choices=("text",))
    vocabulary: str = limits(shortest=1, longest=MOST_SYMBOLS, unique=True)
    masked: bool = limits(False)


class Characters:
    """Text ↔ places in a vocabulary: what the codecs of both directions share.

    Args:
        vocabulary: The characters, each once.

    Raises:
        ArgumentError: No character, more than `validation.MOST_SYMBOLS`, or one twice.
    """

    dtype, shape = "int32", (1,)
    features = group = 1
    edges = 0
    column = "character before"

    def __init__(self, vocabulary: str) -> None:
        self.vocabulary = vocabulary = checked(Description, {"type": "text", "vocabulary": vocabulary}).vocabulary
        self.classes = len(vocabulary)
        self.blank = self.classes  # id of "no character before" at the beginning of a text, or of a gap
        self.symbols = self.classes + 1
        self.ids = {character: i for i, character in enumerate(vocabulary)}

    @property
    def learning(self) -> Self:
        """Codec of what is trained: this one."""
        return self

    def frontend(self) -> None:
        """Return None: characters have an embedding."""

    def describe(self, recipe: Recipe) -> tuple[str, str]:
        """Describe the embedding and the classes; see `zoo.core.codec.Codec`."""
        return f"{self.features} input feature as vectors of {recipe.embedding}", f"{self.classes} classes"

    def for_direction(self, bidirectional: bool) -> TextCodec | TextInfillCodec:
        """Return the codec for bidirectional, or for causal, networks."""
        return (TextInfillCodec if bidirectional else TextCodec)(self.vocabulary)

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {"type": "text", "vocabulary": self.vocabulary}

    def extended(self, pieces: Iterable[Text]) -> tuple[Self, np.ndarray, np.ndarray, np.ndarray]:
        """Add the characters of texts to the vocabulary, at its end; see `zoo.core.codec.Codec`."""
        new = sorted(set("".join({piece.vocabulary for piece in pieces})) - set(self.vocabulary))
        classes = np.concatenate([np.arange(self.classes), np.full(len(new), -1)])
        codec = type(self)(self.vocabulary + "".join(new))
        return codec, np.append(classes, self.blank), classes, np.arange(1)

    def labels(self, piece: Text | str) -> list[str]:
        """Name the tokens of a text: its characters."""
        return [self.vocabulary[i] for i in self.tokens(piece)]

    def columns(self) -> list[dict[str, Any]]:
        """Describe the one column of x; its last id is the beginning of a text, or a gap."""
        return [{"name": self.column, "offset": 0, "size": self.symbols}]

    def tokens(self, piece: Text | str) -> np.ndarray:
        """Turn text into tokens `(characters,)`.

        Raises:
            CodecError: A character is not in the vocabulary; the message says which and where.
        """
        text = as_text(piece)
        table = np.array([self.ids.get(character, -1) for character in text.vocabulary], np.int32)
        places = np.asarray(text.ids)
        found = table[places] if len(text) else np.zeros(0, np.int32)
        if (found < 0).any():
            at = int(np.argmax(found < 0))
            raise CodecError(
                f"character {text.vocabulary[places[at]]!r} at position {at} is not in the vocabulary: "
                f"{_shown(self.vocabulary)}"
            )
        return found

    def read(self, text: Any) -> Any:
        """Return a text with line feeds at the ends of its lines, and without a byte order mark.

        Raises:
            ArgumentError: It has more than a million characters.
            CodecError: It is no string, or has control characters.
        """
        if not isinstance(text, str):
            as_text(text)
            return text
        if len(text) > text_files.MAX_PROMPT:
            raise ArgumentError(f"a text of {len(text):,} characters: give at most {text_files.MAX_PROMPT:,}")
        return text_files.normalized(text)

    def decode(self, ids: np.ndarray, like: Any = None) -> str:  # noqa: ARG002
        """Turn tokens `(characters,)` into text.

        Raises:
            CodecError: An id the codec does not have.
        """
        return "".join(self.vocabulary[i] for i in known_ids(ids, self.classes))

    def known(self, text: str, replace: str | None) -> str:
        """Return a text with a character in the place of those that the codec does not have; None: as it is.

        Raises:
            ArgumentError: The character is not in the vocabulary.
        """
        if replace is None:
            return text
        if not isinstance(replace, str) or replace not in self.ids:
            raise ArgumentError(f"replace={replace!r}: give a character of the vocabulary, {_shown(self.vocabulary)}")
        return "".join(character if character in self.ids else replace for character in text)

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Give random inputs `(batch, time, 1)`."""
        return rng.integers(0, self.symbols, (batch, time, 1)).astype(np.int32)


class TextCodec(Characters):
    """Text ↔ tokens for causal networks: the input of a token is the character before it."""

    piece = str

    def encode(self, pieces: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Turn texts into network inputs `(batch, time, 1)` and targets `(batch, time)`, -1 past a text's end."""
        y = padded([self.tokens(text) for text in pieces], -1)
        first = [self.ids.get(as_text(text).before, self.blank) for text in pieces]
        x = np.concatenate([np.array(first, np.int32).reshape(-1, 1), np.maximum(y[:, :-1], 0)], 1)
        return x[:, : y.shape[1], None], y

    def decode_step(self, ids: Any) -> str:
        """Turn the token of one step into its character."""
        return self.decode(np.asarray(ids))

    def begin(self, zeros: Any) -> tuple[Any, ...]:
        """Remember the character before: none yet."""
        return (zeros + np.int32(self.blank),)

    def look(self, xp: Any, memory: tuple[Any, ...], position: Any) -> Any:  # noqa: ARG002
        """Give the character before, `(batch, 1, 1)` int32."""
        return xp.expand_dims(memory[0], 1)

    def after(self, xp: Any, memory: tuple[Any, ...], position: Any, ids: Any) -> tuple[Any, ...]:  # noqa: ARG002
        """Remember the characters `(batch,)`."""
        return (xp.expand_dims(ids, 1),)

    def follow(
        self,
        memory: tuple[Any, ...],
        position: int,  # noqa: ARG002
        ids: np.ndarray,
    ) -> tuple[np.ndarray, tuple[Any, ...]]:
        """Give the characters before those of `(batch, time)`, and remember the last."""
        return np.concatenate([memory[0], ids[:, :-1]], 1)[..., None], (ids[:, -1:],)

    def script(
        self,
        prompt: str = "",
        length: int = DEFAULT_LENGTH,
        replace: str | None = None,
        prompt_file: str | os.PathLike[str] | None = None,
        encoding: str = "",
    ) -> np.ndarray:
        """Lay out a text: the prompt, and -1 for each of `length` characters the network shall choose.

        Args:
            prompt: What comes before, at most a million characters. CRLF and CR count as line feeds.
            length: New characters.
            replace: Character of the vocabulary that takes the place of those that the codec does not have.
            prompt_file: Text file with the prompt, instead of it.
            encoding: Encoding of that file, such as cp1252; "": that of its byte order mark, or UTF-8.

        Raises:
            ArgumentError: The length is out of range, `replace` is not in the vocabulary, there is no such encoding, or
                both prompt and file are given.
            CodecError: The prompt has a character the codec does not have, or a control character.
            DataError: The file cannot be read, or is no text in this encoding.
        """
        length = number("length", length, 1, MAX_LENGTH, whole=True)
        if prompt_file is not None:
            if prompt:
                raise ArgumentError("prompt and prompt_file both given: give one of them")
            prompt = text_files.read(prompt_file, encoding, text_files.MAX_PROMPT)
        elif encoding:
            raise ArgumentError(f"encoding={encoding!r:.50}: it is that of a file; give prompt_file, or leave it out")
        ids = self.tokens(self.known(self.read(prompt), replace))
        return np.concatenate([ids, np.full(length, -1)]).astype(np.int64)


class TextInfillCodec(Characters):
    """Text ↔ tokens for bidirectional networks: the input of a token is the character itself, or a gap."""

    piece = str
    column = "character"
    hidden_unit = "character"
    schemes = ("hidden_15", "hidden_50")  # per cent of the characters

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {**super().to_json(), "masked": True}

    def encode(self, pieces: Sequence[MaskedPiece]) -> tuple[np.ndarray, np.ndarray]:
        """Turn texts with gaps into inputs `(batch, time, 1)` and targets `(batch, time)`, -1 but for the gaps."""
        y = padded([self.tokens(piece.piece) for piece in pieces], -1)
        hidden = padded([piece.hidden for piece in pieces], True)
        return self.cover(y, hidden), np.where(hidden, y, -1)

    def cover(self, ids: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Give the input `(batch, time, 1)` int32 of a network that sees both sides; arguments `(batch, time)`."""
        return np.where(hidden, self.blank, ids)[..., None].astype(np.int32)

    def hide(self, piece: Text | str, rng: np.random.Generator, scheme: str = "") -> MaskedPiece:
        """Hide characters: a share of all, each by itself; or, as in training, stretch by stretch another share.

        In training half the stretches have gaps of one character, half longer ones.
        """
        length = len(piece)
        if scheme:
            return MaskedPiece(piece, rng.random(length) < int(scheme.rpartition("_")[2]) / 100)
        parts = [_gaps(rng, STRETCH) for _ in range(-(-length // STRETCH))]
        return MaskedPiece(piece, np.concatenate([np.zeros(0, bool), *parts])[:length])

    def is_unit(self, ids: np.ndarray) -> np.ndarray:
        """Tell which hidden tokens count as a character: every one."""
        return np.ones(ids.shape, bool)

    def gaps(
        self, text: str, mark: str = "_", spans: Sequence[tuple[int, int]] = (), replace: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lay out a text with gaps.

        Args:
            text: The text; every `mark` in it is a character to be filled in.
            mark: One character that is not to be read as itself; "" if there is none.
            spans: Gaps that the text does not show: place in the text (before that character, counted in `text`) and
                length.
            replace: As in `script`.

        Returns:
            Tokens `(time,)`, and which of them are hidden.

        Raises:
            ArgumentError: No gap, a mark of several characters, or a span out of range.
            CodecError: The text has a character the codec does not have.
        """
        if not isinstance(mark, str) or len(mark) > 1 or text_files.CONTROL.match(mark):
            raise ArgumentError(f"mark={mark!r}: give one character that marks gaps, and no control character")
        text = self.read(text)
        hidden = np.array([character == mark for character in text], bool)
        ids = self.tokens(self.known(text.replace(mark, self.vocabulary[0]) if mark else text, replace))
        for at, length in _spans(spans):
            at = number("the place of a span", at, 0, len(text), whole=True)
            length = number("the length of a span", length, 1, MAX_LENGTH, whole=True)
            ids, hidden = np.insert(ids, [at] * length, 0), np.insert(hidden, [at] * length, True)
        if not hidden.any():
            raise ArgumentError(
                f"text={text!r} has no gap: mark characters by {mark!r}, or give spans=[(place, length)]"
            )
        return ids.astype(np.int64), hidden


def _spans(spans: Any) -> list[tuple[int, int]]:
    """Give spans from the last to the first."""
    try:
        return sorted(((at, length) for at, length in spans), reverse=True)
    except (TypeError, ValueError):
        raise ArgumentError(f"spans={spans!r:.50}: give pairs of numbers, [(place, length), …]") from None


def _gaps(rng: np.random.Generator, length: int) -> np.ndarray:
    """Hide a random share of the characters of a stretch, one by one or in spans of about the same length."""
    share, span = rng.uniform(LEAST_HIDDEN, 1), 1
    if rng.random() < 0.5:
        span = int(LONGEST_SPAN ** rng.random())
    begins = rng.random(length + span - 1) < 1 - (1 - share) ** (1 / span)
    return np.convolve(begins, np.ones(span), "valid") > 0


def as_text(piece: Text | str) -> Text:
    """Give a string the form of a stretch of text.

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


def _shown(vocabulary: str) -> str:
    return repr(vocabulary if len(vocabulary) <= 100 else f"{vocabulary[:100]}…")


def make_codec(pieces: Iterable[Text], bidirectional: bool = False) -> TextCodec | TextInfillCodec:
    """Build a codec with every character of the texts, in the order of code points."""
    vocabulary = "".join(sorted(set("".join({piece.vocabulary for piece in pieces}))))
    return (TextInfillCodec if bidirectional else TextCodec)(vocabulary)


def default_codec(bidirectional: bool = False) -> TextCodec | TextInfillCodec:
    """Build a codec of printable ASCII and the line break, for untrained networks."""
    return (TextInfillCodec if bidirectional else TextCodec)("\n" + "".join(map(chr, range(32, 127))))


def read_codec(data: Mapping[str, Any]) -> TextCodec | TextInfillCodec:
    """Build the codec that `to_json` described.

    Raises:
        CodecError: The description is not one of a text codec.
    """
    found = described(data, Description)
    return (TextInfillCodec if found.masked else TextCodec)(found.vocabulary)
