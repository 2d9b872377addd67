"""Subwords as tokens of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

import numpy as np

from zoo.core import subwords
from zoo.core.splitting import stretches, words
from zoo.errors import ArgumentError
from zoo.tasks.text.pieces import Text, as_text, joined


class Subwords(subwords.Subwords):
    """Tokens of byte pair encoding, of texts of any length."""

    name: ClassVar[str] = "subword"

    def ids(self, text: Text | str) -> np.ndarray:
        """Return the tokens of a text."""
        return np.concatenate([np.zeros(0, np.int32), *self.stream(as_text(text))])

    def stream(self, text: Text) -> Iterator[np.ndarray]:
        """Yield the tokens of a long text."""
        for found in stretches(text.blocks(), words):
            yield np.array([token for word in found for token in self.word(word)], np.int32)

    def replaced(self, text: str, replace: str) -> str:  # noqa: ARG002
        """Refuse it: subwords make any text.

        Raises:
            ArgumentError: Always.
        """
        raise ArgumentError(f"replace={replace!r:.50}: subwords make any text; leave it out")

    def more(self, pieces: Iterable[Text]) -> Subwords:  # noqa: ARG002
        """Return these: they make any text."""
        return self


def of_pieces(pieces: Iterable[Text], size: int) -> Subwords:
    """Learn subwords of texts.

    Args:
        pieces: The texts.
        size: Most tokens.

    Raises:
        MissingExtra: `tokenizers` is not installed.
    """
    return Subwords(subwords.learn(_words(pieces), size))


def _words(pieces: Iterable[Text]) -> Iterator[list[str]]:
    """Yield the words of texts, a list after the other."""
    for text, _ in joined(pieces):
        yield from stretches(text.blocks(), words)
