"""Text ↔ tokens: characters, words or subwords.

The input of a causal network is the token before the one to predict; that of a bidirectional one are all tokens, the
hidden ones masked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core import text_files
from zoo.core.codec import described, padded
from zoo.core.codec import known as known_ids
from zoo.core.subwords import SubwordsDescription
from zoo.core.validation import limits, number
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.text import subwords, units, words
from zoo.tasks.text.infilling import MAX_LENGTH, TextInfillCodec
from zoo.tasks.text.pieces import Text, Tokens, as_text
from zoo.tasks.text.units import Characters, Units
from zoo.tasks.text.units_codec import UnitsCodec

__all__ = ["Text", "TextCodec", "TextInfillCodec", "as_text", "default_codec", "make_codec", "read_codec"]

DEFAULT_LENGTH = 200


class TextCodec(UnitsCodec):
    """Text ↔ tokens for causal networks: the input of a token is the one before it."""

    piece = str

    def encode(self, pieces: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Turn texts into network inputs `(batch, time, 1)` and targets `(batch, time)`, -1 past a text's end."""
        y = padded([self.tokens(text) for text in pieces], -1)
        first = [self._before(text) for text in pieces]
        x = np.concatenate([np.array(first, np.int32).reshape(-1, 1), np.maximum(y[:, :-1], 0)], 1)
        return x[:, : y.shape[1], None], y

    def _before(self, piece: Any) -> int:
        """Return the token before a piece."""
        if isinstance(piece, Tokens):
            return self.blank if piece.before is None else piece.before
        before = as_text(piece).before
        return self.units.places.get(before, self.blank) if isinstance(self.units, Characters) else self.blank

    def decode_step(self, ids: Any) -> str:
        """Turn the token of one step into its text."""
        return self.decode(np.asarray(ids))

    def decoder(self) -> Callable[[Any], str]:
        """Return a function of the tokens of a step to what they add; see `zoo.core.codec.StreamedCodec`."""
        decode = self.units.decoder()
        return lambda ids: "".join(decode(int(token)) for token in known_ids(ids, self.classes))

    def begin(self, zeros: Any) -> tuple[Any, ...]:
        """Remember the token before: none yet."""
        return (zeros + np.int32(self.blank),)

    def look(self, xp: Any, memory: tuple[Any, ...], position: Any) -> Any:  # noqa: ARG002
        """Return the token before, `(batch, 1, 1)` int32."""
        return xp.expand_dims(memory[0], 1)

    def after(self, xp: Any, memory: tuple[Any, ...], position: Any, ids: Any) -> tuple[Any, ...]:  # noqa: ARG002
        """Remember the tokens `(batch,)`."""
        return (xp.expand_dims(ids, 1),)

    def follow(
        self,
        memory: tuple[Any, ...],
        position: int,  # noqa: ARG002
        ids: np.ndarray,
    ) -> tuple[np.ndarray, tuple[Any, ...]]:
        """Return the tokens before those of `(batch, time)`, and the memory with the last one."""
        return np.concatenate([memory[0], ids[:, :-1]], 1)[..., None], (ids[:, -1:],)

    def script(
        self,
        prompt: str = "",
        length: int = DEFAULT_LENGTH,
        replace: str | None = None,
        prompt_file: str | os.PathLike[str] | None = None,
        encoding: str = "",
    ) -> np.ndarray:
        """Lay out a text: the prompt, and -1 for each of `length` tokens the network shall choose.

        Args:
            prompt: What comes before, at most a million characters. CRLF and CR count as line feeds.
            length: New characters, words or subwords. A word brings the space before it along: a prompt of words should
                not end in a space.
            replace: Character of the vocabulary that takes the place of those that the codec does not have. Words and
                subwords read any text, and have none.
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


UnitsCodec.directions.update({False: TextCodec, True: TextInfillCodec})


def _codec(tokens: str | Units, bidirectional: bool) -> TextCodec | TextInfillCodec:
    """Return the codec of a direction."""
    return (TextInfillCodec if bidirectional else TextCodec)(tokens)


def make_codec(
    pieces: Iterable[Text],
    bidirectional: bool = False,
    unit: str = "character",
    vocabulary_size: int = 10_000,
    tokenized: bool = False,
) -> TextCodec | TextInfillCodec:
    """Build a codec of what is in texts.

    Args:
        pieces: The texts.
        bidirectional: For networks of this direction.
        unit: What a token is; of characters, every one of the texts is in the vocabulary, in the order of code points.
        vocabulary_size: Most words or subwords.
        tokenized: See `zoo.tasks.text.words.Words`.

    Raises:
        MissingExtra: `tokenizers`, which subwords are learned by, is not installed.
    """
    if unit == "word":
        return _codec(words.of_pieces(pieces, vocabulary_size, tokenized), bidirectional)
    if unit == "subword":
        return _codec(subwords.of_pieces(pieces, vocabulary_size), bidirectional)
    return _codec(units.of_pieces(pieces), bidirectional)


def default_codec(bidirectional: bool = False) -> TextCodec | TextInfillCodec:
    """Build a codec of printable ASCII and the line break, for untrained networks."""
    return _codec("\n" + "".join(map(chr, range(32, 127))), bidirectional)


@dataclass(frozen=True)
class Description:
    """What every codec.json contains."""

    type: str = limits(choices=("text",))
    unit: str = limits("character", choices=("character", "word", "subword"))
    masked: bool = limits(False)


UNITS: dict[str, tuple[type, Callable[[Any], Units]]] = {
    "character": (units.CharactersDescription, lambda found: Characters(found.vocabulary)),
    "word": (words.WordsDescription, lambda found: words.Words(found.vocabulary, found.tokenized)),
    "subword": (SubwordsDescription, lambda found: subwords.Subwords(found.merges)),
}
"""Unit → what else its codec.json contains, and how units are made of that."""


def read_codec(data: Mapping[str, Any]) -> TextCodec | TextInfillCodec:
    """Build the codec that `to_json` described.

    Raises:
        CodecError: The description is not one of a text codec.
    """
    if not isinstance(data, Mapping):
        raise CodecError(f"no description of such a codec: {data!r:.50}")
    common = described({name: data[name] for name in ("type", "unit", "masked") if name in data}, Description)
    kind, make = UNITS[common.unit]
    found: Any = described({name: value for name, value in data.items() if name not in vars(common)}, kind)
    try:
        return _codec(make(found), common.masked)
    except ArgumentError as error:
        raise CodecError(f"no description of such a codec: {error}") from error
