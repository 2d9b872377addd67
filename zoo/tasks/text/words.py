"""Words as tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from zoo.core.splitting import END, MOST_MARKS, MOST_WORD, spaced, stretches, words
from zoo.core.validation import MOST_SYMBOLS, checked, limits
from zoo.errors import ArgumentError
from zoo.tasks.text.pieces import Text, as_text, joined

UNKNOWN = "<unk>"
FIRST = {False: (UNKNOWN, f" {UNKNOWN}", " ", "\n"), True: (UNKNOWN, END)}
"""Tokens that every vocabulary has: unknown words without and with a space before them, a space that is no word's, and
the line end; of text that is tokenized already, unknown words and line ends."""
KEPT = 1 << 22  # different words that are counted at a time
LONGEST = 1 + MOST_WORD * (1 + MOST_MARKS)  # characters of a word


@dataclass(frozen=True)
class WordsDescription:
    """What codec.json contains of words."""

    vocabulary: tuple[str, ...] = limits(
        shortest=2, longest=MOST_SYMBOLS, unique=True, each={"shortest": 1, "longest": LONGEST}
    )
    tokenized: bool = limits(False)


class Words:
    """Words of a vocabulary; others are unknown.

    Args:
        vocabulary: The words, each once; the first are those of `FIRST`.
        tokenized: Texts are tokenized already: words are what is between spaces, and a line ends with `<eos>`.

    Raises:
        ArgumentError: There are too many words, one is there twice or too long, or those of `FIRST` are missing.
    """

    name: ClassVar[str] = "word"

    def __init__(self, vocabulary: Sequence[str], tokenized: bool = False) -> None:
        found = checked(WordsDescription, {"vocabulary": tuple(vocabulary), "tokenized": tokenized})
        first = FIRST[tokenized]
        if found.vocabulary[: len(first)] != first:
            raise ArgumentError(f"vocabulary: give {', '.join(map(repr, first))} first")
        self.vocabulary, self.tokenized = found.vocabulary, tokenized
        self.split = spaced if tokenized else words
        self.places = {word: i for i, word in enumerate(self.vocabulary)}
        lengths = [len(word) + tokenized for word in self.vocabulary]  # with the space after it
        self.lengths = np.array([-1, lengths[1] if not tokenized else 0, *lengths[2:]])

    def __len__(self) -> int:
        return len(self.vocabulary)

    def ids(self, text: Text | str) -> np.ndarray:
        """Return the tokens of a text."""
        return np.concatenate([np.zeros(0, np.int32), *self.stream(as_text(text))])

    def stream(self, text: Text) -> Iterator[np.ndarray]:
        """Yield the tokens of a long text."""
        yield from map(self._placed, stretches(text.blocks(), self.split))

    def _placed(self, found: list[str]) -> np.ndarray:
        places = self.places
        if self.tokenized:
            ids = [1 if word == "\n" else places.get(word, 0) for word in found if word == "\n" or not word.isspace()]
        else:
            ids = [places.get(word, int(word[0] == " " and len(word) > 1)) for word in found]
        return np.array(ids, np.int32)

    def text(self, ids: np.ndarray) -> str:
        """Return the text of tokens."""
        return "".join(map(self.decoder(), ids))

    def labels(self, ids: np.ndarray) -> list[str]:
        """Name tokens: the words."""
        return [self.vocabulary[i] for i in ids]

    def decoder(self) -> Callable[[int], str]:
        """Return a function of one token after the other to its word, with a space before it inside of a line."""
        if not self.tokenized:
            return self.vocabulary.__getitem__
        before = 1

        def decode(token: int) -> str:
            nonlocal before
            space, before = "" if 1 in (before, token) else " ", int(token)
            return "\n" if token == 1 else space + self.vocabulary[token]

        return decode

    def characters(self, ids: np.ndarray) -> int | None:
        """Return how many characters words have, with the spaces between them; None if one is unknown."""
        ids = np.asarray(ids)
        unknown = ids == 0 if self.tokenized else ids <= 1
        return None if unknown.any() else int(self.lengths[ids].sum())

    def replaced(self, text: str, replace: str) -> str:  # noqa: ARG002
        """Refuse it: unknown words have a token.

        Raises:
            ArgumentError: Always.
        """
        raise ArgumentError(f"replace={replace!r:.50}: unknown words are read as {UNKNOWN}; leave it out")

    def more(self, pieces: Iterable[Text]) -> Words:
        """Add the words of texts, the most frequent first, as many as there are at most."""
        room = min(len(self), MOST_SYMBOLS - len(self))
        new = _frequent(pieces, self.tokenized, self.places)
        return Words((*self.vocabulary, *new[:room]), self.tokenized)

    def to_json(self) -> dict[str, Any]:
        """Return the description."""
        return {"vocabulary": list(self.vocabulary), **({"tokenized": True} if self.tokenized else {})}


def of_pieces(pieces: Iterable[Text], size: int, tokenized: bool = False) -> Words:
    """Return the most frequent words of texts.

    Args:
        pieces: The texts.
        size: Most tokens, those of `FIRST` among them.
        tokenized: See `Words`.
    """
    first = FIRST[tokenized]
    return Words((*first, *_frequent(pieces, tokenized, first)[: size - len(first)]), tokenized)


def _frequent(pieces: Iterable[Text], tokenized: bool, known: Iterable[str]) -> list[str]:
    """Return words of texts, the most frequent first.

    Of text that is not tokenized a word must occur twice: the others are what a model learns unknown words from.
    """
    counts: Counter[str] = Counter()
    for text, _ in joined(pieces):
        for found in stretches(text.blocks(), spaced if tokenized else words):
            counts.update(found)
            if len(counts) > KEPT:
                counts = Counter({word: count for word, count in counts.items() if count > 1})
    left_out = {*known}
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        word
        for word, count in ranked
        if word not in left_out
        and (count > 1 or tokenized)
        and not (tokenized and word.isspace())
        and len(word) <= LONGEST
    ]
