"""Sentences ↔ subwords of both languages, which share one table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core.codec import described, known, padded
from zoo.core.pairs import BEGIN, END, PAD
from zoo.core.recipe import Recipe
from zoo.core.splitting import words
from zoo.core.subwords import Subwords, SubwordsDescription, learn
from zoo.core.validation import limits
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.translation.pairs import Pair

SPECIAL = ("<pad>", "<begin>", "<end>")
"""Ids 0, 1 and 2; see `zoo.core.pairs`."""


@dataclass(frozen=True)
class Description(SubwordsDescription):
    """What codec.json contains."""

    type: str = limits("translation", choices=("translation",))


class TranslationCodec:
    """Sentences ↔ subwords.

    In training x is `(batch, time, 2)`: ids of the source, and of what the decoder is given.

    Args:
        subwords: Subwords of both languages.
    """

    dtype, shape = "int32", (2,)
    features, group, edges = 2, 1, 0
    source_shape: tuple[int, ...] = ()
    source_dtype = "int32"

    def __init__(self, subwords: Subwords) -> None:
        self.subwords = subwords
        self.symbols = self.classes = len(SPECIAL) + len(subwords)

    @property
    def learning(self) -> "TranslationCodec":
        """Codec of what is trained: this one."""
        return self

    def frontend(self) -> None:
        """Return None: subwords have an embedding."""

    def describe(self, recipe: Recipe) -> tuple[str, str]:
        """Describe the embedding and the classes; see `zoo.core.codec.Codec`."""
        return f"subwords of both languages as vectors of {recipe.embedding}", f"{self.classes} subwords"

    def for_direction(self, bidirectional: bool) -> "TranslationCodec":  # noqa: ARG002
        """Return the codec: encoders of both directions take the same."""
        return self

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {"type": "translation", "merges": list(self.subwords.merges)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TranslationCodec":
        """Build the codec that `to_json` described.

        Raises:
            CodecError: It is no description of one.
        """
        found = described(data, Description)
        try:
            return cls(Subwords(found.merges))
        except ArgumentError as error:
            raise CodecError(str(error)) from error

    def extended(self, pieces: Iterable[Pair]) -> tuple["TranslationCodec", np.ndarray, np.ndarray, np.ndarray]:  # noqa: ARG002
        """Return the codec itself, which has ids for any text; see `zoo.core.codec.Codec`."""
        same = np.arange(self.symbols)
        return self, same, same, np.arange(self.features)

    def columns(self) -> list[dict[str, Any]]:
        """Describe the columns of x."""
        return [
            {"name": "subword of the source", "offset": 0, "size": self.symbols},
            {"name": "subword before, of the translation", "offset": 0, "size": self.symbols},
        ]

    def encode(self, pieces: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray]:
        """Return x `(batch, time, 2)` and the subwords to predict `(batch, time)`, -1 past the end of a sentence."""
        rows = [np.array(row, np.int32) for row in self._rows(pieces)]
        source = [np.append(row, END) for row in rows[::2]]
        given = [np.insert(row, 0, BEGIN) for row in rows[1::2]]
        wanted = [np.append(row, END) for row in rows[1::2]]
        time = 1 + max(map(len, (*source, *given)), default=0)  # the last step is padding, which is repeated
        x = np.full((len(pieces), time, 2), PAD, np.int32)
        for column, found in enumerate((source, given)):
            for row, ids in zip(x[..., column], found, strict=True):
                row[: len(ids)] = ids
        y = np.full((len(pieces), time), -1, np.int32)
        for row, ids in zip(y, wanted, strict=True):
            row[: len(ids)] = ids
        return x, y

    def _rows(self, pieces: Sequence[Pair]) -> list[list[int]]:
        """Return the ids of each source and its target, one after the other."""
        return [
            self.ids(text, piece.dropout, np.random.default_rng([piece.seed, i]) if piece.dropout else None)
            for piece in pieces
            for i, text in enumerate((piece.source, piece.target))
        ]

    def ids(self, text: str, dropout: float = 0.0, rng: np.random.Generator | None = None) -> list[int]:
        """Return the ids of a text; for `dropout` and `rng` see `zoo.core.subwords.Subwords.encode`."""
        return [len(SPECIAL) + one for one in self.subwords.encode(text, dropout, rng)]

    def split(self, xp: Any, x: Any) -> tuple[Any, Any]:  # noqa: ARG002
        """Return the source and the inputs of the decoder; see `zoo.core.codec.PairCodec`."""
        return x[..., 0], x[..., 1]

    def mask(self, xp: Any, source: Any) -> Any:  # noqa: ARG002
        """Return where a source has not ended, `(batch, time)` bool."""
        return source != PAD

    def sources(self, pieces: Sequence[Any]) -> np.ndarray:
        """Return the subwords of sentences, or of the sources of pairs, `(batch, time)`."""
        texts = [piece if isinstance(piece, str) else piece.source for piece in pieces]
        return padded([np.array([*self.ids(text), END], np.int32) for text in texts], PAD)

    def decode(self, ids: np.ndarray, like: Any = None) -> str:  # noqa: ARG002
        """Return the text of subwords `(time,)`.

        Raises:
            CodecError: An id the codec does not have.
        """
        found = known(np.asarray(ids, np.int64), self.symbols)
        return self.subwords.text(found[found >= len(SPECIAL)] - len(SPECIAL))

    def words(self, ids: np.ndarray) -> list[str]:
        """Return the text of each subword, for plots."""
        return [
            SPECIAL[one] if one < len(SPECIAL) else self.decode(np.array([one])) for one in np.asarray(ids).tolist()
        ]

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Return random pairs of sentences, `(batch, time, 2)`."""
        return np.stack([self.example_source(rng, batch, time) for _ in range(self.features)], -1)

    def example_source(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Return random sentences of several lengths, `(batch, time)`."""
        ids = rng.integers(len(SPECIAL), self.symbols, (batch, time))
        lengths = rng.integers(1, time + 1, (batch, 1))
        return np.where(np.arange(time) < lengths, ids, PAD).astype(np.int32)


def make_codec(pieces: Sequence[Pair], bidirectional: bool = False, vocabulary: int = 6000) -> TranslationCodec:  # noqa: ARG001
    """Learn the subwords of pairs.

    Args:
        pieces: The pairs.
        bidirectional: Whether the encoder is; it takes the same.
        vocabulary: Subwords in all; fewer if there is not enough text.
    """
    texts = (text for i in range(len(pieces)) for text in (pieces[i].source, pieces[i].target))
    return TranslationCodec(Subwords(learn(map(words, texts), vocabulary - len(SPECIAL))))


def default_codec(bidirectional: bool = False) -> TranslationCodec:  # noqa: ARG001
    """Build a codec of bytes, for untrained networks."""
    return TranslationCodec(Subwords(()))
