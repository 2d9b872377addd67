"""Translations, and what they were made from."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.core import plots
from zoo.core.display import Plotted
from zoo.core.escaping import to_json as json_line
from zoo.models.sentences import Sentence


@dataclass(frozen=True, kw_only=True)
class Translation(Plotted, Sentence):
    """A translation; `alignment` is `(tokens, source tokens)`.

    Attributes:
        source: The sentence.
        source_tokens: Its subwords, and the end.
    """

    source: str
    source_tokens: tuple[str, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return source, text, score and probability; None where they are not known."""
        return {"source": self.source, "text": self.text, **self.figures(), "complete": self.complete}

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
        return plots.grid(self.drawn(), self.source_tokens, self.tokens, Path(path))
