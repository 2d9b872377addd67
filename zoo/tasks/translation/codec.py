"""Sentences ↔ subwords of both languages, which share one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core.codec import described, padded
from zoo.core.pairs import END, PAD
from zoo.core.recipe import Recipe
from zoo.core.sentences import SPECIAL, SentenceCodec, given, learned, subwords_of, wanted
from zoo.core.subwords import Subwords, SubwordsDescription
from zoo.core.validation import limits
from zoo.tasks.translation.pairs import Pair


@dataclass(frozen=True)
class Description(SubwordsDescription):
    """What codec.json contains."""

    type: str = limits("translation", choices=("translation",))


class TranslationCodec(SentenceCodec):
    """Sentences ↔ subwords.

    In training x is `(batch, time, 2)`: ids of the source, and of what the decoder is given.

    Args:
        subwords: Subwords of both languages.
    """

    dtype, shape = "int32", (2,)
    features = 2
    source_shape: tuple[int, ...] = ()
    source_dtype = "int32"

    def describe(self, recipe: Recipe) -> tuple[str, str]:
        """Describe the embedding and the classes; see `zoo.core.codec.Codec`."""
        return f"subwords of both languages as vectors of {recipe.embedding}", f"{self.classes} subwords"

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {"type": "translation", "merges": list(self.subwords.merges)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TranslationCodec":
        """Build the codec that `to_json` described.

        Raises:
            CodecError: It is no description of one.
        """
        return cls(subwords_of(described(data, Description)))

    def columns(self) -> list[dict[str, Any]]:
        """Describe the columns of x."""
        return [
            {"name": "subword of the source", "offset": 0, "size": self.symbols},
            {"name": "subword before, of the translation", "offset": 0, "size": self.symbols},
        ]

    def encode(self, pieces: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray]:
        """Return x `(batch, time, 2)` and the subwords to predict `(batch, time)`, -1 past the end of a sentence."""
        rows = self._rows(pieces)
        source = [np.array([*row, END], np.int32) for row in rows[::2]]
        ids = given(rows[1::2])
        time = 1 + max(map(len, (*source, *ids)), default=0)  # the last step is padding, which is repeated
        x = np.full((len(pieces), time, 2), PAD, np.int32)
        for column, found in enumerate((source, ids)):
            for row, one in zip(x[..., column], found, strict=True):
                row[: len(one)] = one
        return x, wanted(rows[1::2], time)

    def _rows(self, pieces: Sequence[Pair]) -> list[list[int]]:
        """Return the ids of each source and its target, one after the other."""
        return [
            self.ids(text, piece.dropout, np.random.default_rng([piece.seed, i]) if piece.dropout else None)
            for piece in pieces
            for i, text in enumerate((piece.source, piece.target))
        ]

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
    return TranslationCodec(
        learned((text for i in range(len(pieces)) for text in (pieces[i].source, pieces[i].target)), vocabulary)
    )


def default_codec(bidirectional: bool = False) -> TranslationCodec:  # noqa: ARG001
    """Build a codec of bytes, for untrained networks."""
    return TranslationCodec(Subwords(()))
