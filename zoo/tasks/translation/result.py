"""Translations, and what they were made from."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core import plots
from zoo.core.escaping import to_json as json_line
from zoo.errors import ArgumentError


@dataclass(frozen=True)
class Translation:
    """A translation.

    Attributes:
        text: The translation.
        score: Log-probability of the whole translation in nats, divided by a power of its length; NaN in an artifact
            that has the whole search inside.
        probability: Of the whole translation; NaN alike.
        source: The sentence.
        source_tokens: Its subwords, and the end.
        target_tokens: The subwords of the translation, and the end if it is complete.
        alignment: `(target tokens, source tokens)` float32, rows that add up to 1: where the model looked for each
            subword. None in an artifact that has the whole search inside.
        complete: Whether the model ended it; otherwise it was cut at its greatest length.
    """

    text: str
    score: float
    probability: float
    source: str
    source_tokens: tuple[str, ...] = field(repr=False)
    target_tokens: tuple[str, ...] = field(repr=False)
    alignment: np.ndarray | None = field(repr=False, compare=False)
    complete: bool = True

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """Return source, text, score and probability; None where they are not known."""
        known = {name: round(getattr(self, name), 6) for name in ("score", "probability")}
        known = {name: value if np.isfinite(value) else None for name, value in known.items()}
        return {"source": self.source, "text": self.text, **known, "complete": self.complete}

    def to_json(self) -> str:
        """Return `to_dict` as a line of JSON."""
        return json_line(self.to_dict())

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the alignment: subwords of the source from left to right, of the translation from top to bottom.

        Args:
            path: A .png, .pdf or .svg.

        Raises:
            ArgumentError: There is no alignment, or the suffix names no picture format.
            DataError: The file cannot be written.
        """
        if self.alignment is None:
            raise ArgumentError("this artifact returns no alignment: export form='step', or load the model")
        return plots.grid(self.alignment, self.source_tokens, self.target_tokens, Path(path))
