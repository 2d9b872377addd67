"""What tokens of text are: characters, words or subwords. NumPy only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from zoo.core.validation import MOST_SYMBOLS, checked, limits
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.text.pieces import Text, as_text


class Units(Protocol):
    """A vocabulary, and how text is cut into tokens of it."""

    name: ClassVar[str]
    """What a token is."""

    @property
    def vocabulary(self) -> Sequence[Any]:
        """The tokens."""

    def __len__(self) -> int: ...

    def ids(self, text: Text | str) -> np.ndarray:
        """Return the tokens of a text, `(time,)`; a CodecError says why it does not fit."""

    def stream(self, text: Text) -> Iterator[np.ndarray]:
        """Yield the tokens of a long text, part by part."""

    def text(self, ids: np.ndarray) -> str:
        """Return the text of tokens `(time,)`."""

    def labels(self, ids: np.ndarray) -> list[str]:
        """Name tokens `(time,)`, for plots."""

    def decoder(self) -> Callable[[int], str]:
        """Return a function of one token after the other to what it adds to the text."""

    def characters(self, ids: np.ndarray) -> int | None:
        """Return how many characters tokens `(time,)` have; None if that does not follow from them."""

    def replaced(self, text: str, replace: str) -> str:
        """Return a text without what the vocabulary does not have; an ArgumentError says what is accepted."""

    def more(self, pieces: Iterable[Text]) -> Units:
        """Return units with room for texts, the new ones at the end."""

    def to_json(self) -> dict[str, Any]:
        """Return the description."""


@dataclass(frozen=True)
class CharactersDescription:
    """What codec.json contains of characters."""

    vocabulary: str = limits(shortest=1, longest=MOST_SYMBOLS, unique=True)


class Characters:
    """Characters of a vocabulary.

    Args:
        vocabulary: The characters, each once.

    Raises:
        ArgumentError: No character, more than `validation.MOST_SYMBOLS`, or one twice.
    """

    name: ClassVar[str] = "character"

    def __init__(self, vocabulary: str) -> None:
        self.vocabulary = vocabulary = checked(CharactersDescription, {"vocabulary": vocabulary}).vocabulary
        self.places = {character: i for i, character in enumerate(vocabulary)}

    def __len__(self) -> int:
        return len(self.vocabulary)

    def ids(self, text: Text | str) -> np.ndarray:
        """Return the tokens of a text.

        Raises:
            CodecError: A character is not in the vocabulary; the message says which and where.
        """
        text = as_text(text)
        table = np.array([self.places.get(character, -1) for character in text.vocabulary], np.int32)
        places = np.asarray(text.ids)
        found = table[places] if len(text) else np.zeros(0, np.int32)
        if (found < 0).any():
            at = int(np.argmax(found < 0))
            raise CodecError(
                f"character {text.vocabulary[places[at]]!r} at position {at} is not in the vocabulary: "
                f"{_shown(self.vocabulary)}"
            )
        return found

    def stream(self, text: Text) -> Iterator[np.ndarray]:
        """Yield the tokens of a long text."""
        yield from (self.ids(block) for block in text.blocks())

    def text(self, ids: np.ndarray) -> str:
        """Return the text of tokens."""
        return "".join(self.labels(ids))

    def labels(self, ids: np.ndarray) -> list[str]:
        """Name tokens: the characters."""
        return [self.vocabulary[i] for i in ids]

    def decoder(self) -> Callable[[int], str]:
        """Return the function of a token to its character."""
        return self.vocabulary.__getitem__

    def characters(self, ids: np.ndarray) -> int:
        """Return how many characters there are."""
        return len(ids)

    def replaced(self, text: str, replace: str) -> str:
        """Return a text with a character in the place of those that are not in the vocabulary.

        Raises:
            ArgumentError: That character is not in the vocabulary either.
        """
        if replace not in self.places:
            raise ArgumentError(f"replace={replace!r}: give a character of the vocabulary, {_shown(self.vocabulary)}")
        return "".join(character if character in self.places else replace for character in text)

    def more(self, pieces: Iterable[Text]) -> Characters:
        """Add the characters of texts."""
        return Characters(self.vocabulary + "".join(sorted(set(_all(pieces)) - set(self.vocabulary))))

    def to_json(self) -> dict[str, Any]:
        """Return the description, as it was before there were other units."""
        return {"vocabulary": self.vocabulary}


def of_pieces(pieces: Iterable[Text]) -> Characters:
    """Return every character of texts, in the order of code points."""
    return Characters("".join(sorted(set(_all(pieces)))))


def _all(pieces: Iterable[Text]) -> str:
    return "".join({piece.vocabulary for piece in pieces})


def _shown(vocabulary: str) -> str:
    return repr(vocabulary if len(vocabulary) <= 100 else f"{vocabulary[:100]}…")
