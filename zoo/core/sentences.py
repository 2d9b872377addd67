"""What codecs of pairs have in common whose outputs are sentences, cut into subwords."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from zoo.core.codec import known
from zoo.core.pairs import BEGIN, END
from zoo.core.splitting import words
from zoo.core.subwords import Subwords, SubwordsDescription, learn
from zoo.errors import ArgumentError, CodecError

SPECIAL = ("<pad>", "<begin>", "<end>")
"""Ids 0, 1 and 2; see `zoo.core.pairs`. Subwords follow."""


class SentenceCodec:
    """Sentences ↔ ids of subwords.

    Args:
        subwords: Subwords of all sentences.
    """

    features: int
    group, edges = 1, 0

    def __init__(self, subwords: Subwords) -> None:
        self.subwords = subwords
        self.symbols = self.classes = len(SPECIAL) + len(subwords)

    @property
    def learning(self) -> Self:
        """Return the codec of what is trained: this one."""
        return self

    def for_direction(self, bidirectional: bool) -> Self:  # noqa: ARG002
        """Return the codec: encoders of both directions take the same."""
        return self

    def extended(self, pieces: Iterable[Any]) -> tuple[Self, np.ndarray, np.ndarray, np.ndarray]:  # noqa: ARG002
        """Return the codec itself, which has ids for any text; see `zoo.core.codec.Codec`."""
        same = np.arange(self.symbols)
        return self, same, same, np.arange(self.features)

    def frontend(self) -> Any:
        """Return None: subwords have an embedding."""
        return None

    def ids(self, text: str, dropout: float = 0.0, rng: np.random.Generator | None = None) -> list[int]:
        """Return the ids of a text; for `dropout` and `rng` see `zoo.core.subwords.Subwords.encode`."""
        return [len(SPECIAL) + one for one in self.subwords.encode(text, dropout, rng)]

    def decode(self, ids: np.ndarray, like: Any = None) -> str:  # noqa: ARG002
        """Return the text of ids `(time,)`.

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


def subwords_of(description: SubwordsDescription) -> Subwords:
    """Return the subwords of a description.

    Raises:
        CodecError: Its merges do not go together.
    """
    try:
        return Subwords(description.merges)
    except ArgumentError as error:
        raise CodecError(str(error)) from error


def learned(texts: Iterable[str], vocabulary: int) -> Subwords:
    """Learn subwords.

    Args:
        texts: Sentences.
        vocabulary: Ids in all; fewer if there is not enough text.

    Raises:
        MissingExtra: `tokenizers` is not installed.
    """
    return Subwords(learn(map(words, texts), vocabulary - len(SPECIAL)))


def given(rows: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """Return what the decoder is given for sentences: their ids, with BEGIN before them."""
    return [np.array([BEGIN, *row], np.int32) for row in rows]


def wanted(rows: Sequence[Sequence[int]], time: int) -> np.ndarray:
    """Return what the decoder is to predict, `(batch, time)`: ids, END, and -1 behind it."""
    found = np.full((len(rows), time), -1, np.int32)
    for row, ids in zip(found, rows, strict=True):
        row[: len(ids) + 1] = [*ids, END]
    return found


def padded_references(found: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """Return references as sacreBLEU takes them: all first ones, all second ones, …; None where there are fewer."""
    most = max(map(len, found))
    return [[row[i] if i < len(row) else None for row in found] for i in range(most)]
