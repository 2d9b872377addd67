"""Text ↔ tokens of a vocabulary: what the codecs of both directions share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo.core import text_files
from zoo.core.codec import known as known_ids
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError
from zoo.tasks.text.conversion import converted
from zoo.tasks.text.pieces import Text, Tokens, as_text
from zoo.tasks.text.units import Characters, Units

if TYPE_CHECKING:
    from typing_extensions import Self


class UnitsCodec:
    """Text ↔ tokens of a vocabulary: what the codecs of both directions share.

    Args:
        units: What tokens are; of characters, the characters are enough, each once.

    Raises:
        ArgumentError: No character, more than `validation.MOST_SYMBOLS`, or one twice.
    """

    dtype, shape = "int32", (1,)
    features = group = 1
    edges = 0
    place = "before"
    directions: ClassVar[dict[bool, Any]] = {}
    """Bidirectional or not → codec; set where both are known."""

    def __init__(self, units: str | Units) -> None:
        self.units = Characters(units) if isinstance(units, str) else units
        self.classes = len(self.units)
        self.blank = self.classes  # id of "no token before" at the beginning of a text, or of a gap
        self.symbols = self.classes + 1

    @property
    def vocabulary(self) -> Any:
        """The tokens: a string of characters, a tuple of words, or a list of bytes."""
        return self.units.vocabulary

    @property
    def unit(self) -> str:
        """What a token is: `character`, `word` or `subword`."""
        return self.units.name

    @property
    def learning(self) -> Self:
        """Codec of what is trained: this one."""
        return self

    def frontend(self) -> None:
        """Return None: tokens have an embedding."""

    def describe(self, recipe: Recipe) -> tuple[str, str]:
        """Describe the embedding and the classes; see `zoo.core.codec.Codec`."""
        kind = "" if self.unit == "character" else f" ({self.unit}s)"
        return f"{self.features} input feature as vectors of {recipe.embedding}", f"{self.classes} classes{kind}"

    def for_direction(self, bidirectional: bool) -> Any:
        """Return the codec for bidirectional, or for causal, networks."""
        return self.directions[bidirectional](self.units)

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        unit = {} if self.unit == "character" else {"unit": self.unit}
        return {"type": "text", **unit, **self.units.to_json()}

    def counted(self, pieces: Sequence[Any]) -> Sequence[Any]:
        """Return pieces as long as their tokens are many; see `zoo.core.codec.UnitCodec`."""
        return pieces if self.unit == "character" else converted(pieces, self.units)

    def extent(self, piece: Any) -> int | None:
        """Return how many characters a piece has; None if there are unknown words in it."""
        return self.units.characters(self.tokens(piece))

    def extended(self, pieces: Iterable[Text]) -> tuple[Self, np.ndarray, np.ndarray, np.ndarray]:
        """Add the characters or words of texts to the vocabulary, at its end; see `zoo.core.codec.Codec`."""
        codec = type(self)(self.units.more(pieces))
        classes = np.concatenate([np.arange(self.classes), np.full(codec.classes - self.classes, -1)])
        return codec, np.append(classes, self.blank), classes, np.arange(1)

    def labels(self, piece: Any) -> list[str]:
        """Name the tokens of a text."""
        return self.units.labels(self.tokens(piece))

    def columns(self) -> list[dict[str, Any]]:
        """Describe the one column of x; its last id is the beginning of a text, or a gap."""
        return [{"name": f"{self.unit} {self.place}".strip(), "offset": 0, "size": self.symbols}]

    def tokens(self, piece: Text | Tokens | str) -> np.ndarray:
        """Turn text into tokens `(time,)`.

        Raises:
            CodecError: A character is not in the vocabulary; the message says which and where.
        """
        return np.asarray(piece.ids) if isinstance(piece, Tokens) else self.units.ids(piece)

    def read(self, text: Any) -> Any:
        """Return a text with line feeds at the ends of its lines, and without a byte order mark.

        Raises:
            ArgumentError: It has more than a million characters.
            CodecError: It is no string, or has control characters.
        """
        if not isinstance(text, str):
            return text if isinstance(text, Tokens) else as_text(text)
        if len(text) > text_files.MAX_PROMPT:
            raise ArgumentError(f"a text of {len(text):,} characters: give at most {text_files.MAX_PROMPT:,}")
        return text_files.normalized(text)

    def decode(self, ids: np.ndarray, like: Any = None) -> str:  # noqa: ARG002
        """Turn tokens `(time,)` into text.

        Raises:
            CodecError: An id the codec does not have.
        """
        return self.units.text(known_ids(ids, self.classes))

    def known(self, text: str, replace: str | None) -> str:
        """Return a text with a character in the place of those that the codec does not have; None: as it is.

        Raises:
            ArgumentError: The character is not in the vocabulary, or tokens are no characters.
        """
        if replace is not None and not isinstance(replace, str):
            raise ArgumentError(f"replace={replace!r:.50}: give a character of the vocabulary")
        return text if replace is None else self.units.replaced(text, replace)

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Return random inputs `(batch, time, 1)`."""
        return rng.integers(0, self.symbols, (batch, time, 1)).astype(np.int32)
