"""Sentences that a model made, and where it looked for each subword."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.errors import ArgumentError


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence that an encoder–decoder model made.

    Attributes:
        text: The sentence.
        score: Log-probability of the whole sentence in nats, divided by a power of its length; NaN in an artifact that
            has the whole search inside.
        probability: Of the whole sentence; NaN alike.
        tokens: Its subwords, and the end if it is complete.
        alignment: `(tokens, source steps)` float32, rows that add up to 1: where the model looked for each subword.
            None in an artifact that has the whole search inside.
        complete: Whether the model ended it; otherwise it was cut at its greatest length.
    """

    text: str
    score: float
    probability: float
    tokens: tuple[str, ...] = field(repr=False)
    alignment: np.ndarray | None = field(repr=False, compare=False)
    complete: bool = True

    def __str__(self) -> str:
        """Return the text."""
        return self.text

    def figures(self) -> dict[str, float | None]:
        """Return score and probability; None where they are not known."""
        values = {name: round(float(getattr(self, name)), 6) for name in ("score", "probability")}
        return {name: value if np.isfinite(value) else None for name, value in values.items()}

    def drawn(self) -> Any:
        """Return the alignment, for a plot.

        Raises:
            ArgumentError: There is none.
        """
        if self.alignment is None:
            raise ArgumentError("this artifact returns no alignment: export form='step', or load the model")
        return self.alignment
