"""Captions, and where the model looked for each subword."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.core.calibration import uncertain
from zoo.core.display import Plotted
from zoo.core.escaping import escaped
from zoo.core.escaping import to_json as json_line
from zoo.models.sentences import Sentence
from zoo.tasks.caption import plots


@dataclass(frozen=True, kw_only=True)
class Caption(Plotted, Sentence):
    """A sentence about a clip; `alignment` is `(tokens, frames)`, `probability` by the temperature of the model.

    Attributes:
        rejected: The probability is below the threshold, or no mouth was found where the model reads lips.
        seconds: Length of the clip.
        source: The file, if it was one.
    """

    rejected: bool
    seconds: float
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what is known as plain values; None where a number is not known."""
        about = {"rejected": self.rejected, "complete": self.complete, "seconds": round(self.seconds, 3)}
        return {"file": self.source, "text": self.text, **self.figures(), **about}

    def to_text(self, output_format: str) -> str:
        """Return the caption as text, or as a line of JSON."""
        if output_format == "json":
            return json_line(self.to_dict())
        return escaped(self.text) + uncertain(self.probability) * self.rejected

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw the alignment: seconds from left to right, subwords from top to bottom.

        Args:
            path: A .png, .pdf or .svg.

        Raises:
            ArgumentError: There is no alignment, or the suffix names no picture format.
            DataError: The file cannot be written.
        """
        return plots.looks(self.drawn(), self.seconds, self.tokens, Path(path))
