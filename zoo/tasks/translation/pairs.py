"""Pairs of sentences."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from zoo.core.text_files import normalized
from zoo.errors import CodecError

MOST_BYTES = 1000
"""Bytes of a sentence in UTF-8; longer text is to be translated sentence by sentence."""
QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"'})


@dataclass(frozen=True)
class Pair:
    """A sentence and its translation.

    Attributes:
        source: The sentence.
        target: Its translation.
        dropout: Fraction of the merges of subwords that are left out at random, in training.
        seed: Seed of that.
        name: Where it is from, for messages.
    """

    source: str
    target: str
    dropout: float = 0.0
    seed: int = 0
    name: str = ""

    def __len__(self) -> int:
        """Return the characters of the longer one: sentences of similar length share a batch."""
        return max(len(self.source), len(self.target), 1)


def tidy(text: str) -> str:
    """Return a sentence with single plain spaces, straight quotes and composed letters (Unicode NFC)."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).translate(QUOTES)).strip()


def checked(text: Any) -> str:
    """Return a sentence to translate, tidied.

    Raises:
        CodecError: It is no text, empty or too long.
    """
    if not isinstance(text, str):
        raise CodecError(f"{type(text).__name__} given: give the sentence as a string, or a list of strings")
    found = tidy(normalized(text))
    if not found:
        raise CodecError("there is nothing to translate: the text is empty")
    if (size := len(found.encode())) > MOST_BYTES:
        raise CodecError(
            f"a text of {size:,} bytes in UTF-8, at most {MOST_BYTES:,}: translate it sentence by sentence"
        )
    return found


def fits(text: str) -> bool:
    """Return whether a tidied text has the size of a sentence."""
    return 0 < len(text.encode()) <= MOST_BYTES


def references(pieces: Iterable[Pair]) -> dict[str, list[str]]:
    """Return source → all its translations, in the order they come in."""
    found: dict[str, list[str]] = {}
    for piece in pieces:
        found.setdefault(piece.source, []).append(piece.target)
    return found
