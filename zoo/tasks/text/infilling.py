"""Text ↔ tokens for networks that fill gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.core import text_files
from zoo.core.codec import MaskedPiece, padded
from zoo.core.validation import number
from zoo.errors import ArgumentError
from zoo.tasks.text.pieces import Text, Tokens
from zoo.tasks.text.units_codec import UnitsCodec

STRETCH = 256  # tokens over which training hides the same fraction
LEAST_HIDDEN, LONGEST_SPAN = 0.05, 32
MAX_LENGTH = 1_000_000  # tokens that are made


class TextInfillCodec(UnitsCodec):
    """Text ↔ tokens for bidirectional networks: the input of a token is the token itself, or a gap."""

    piece = str
    place = ""
    schemes = ("hidden_15", "hidden_50")  # per cent of the tokens

    @property
    def hidden_unit(self) -> str:
        """What metrics are counted per: a token."""
        return self.unit

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {**super().to_json(), "masked": True}

    def encode(self, pieces: Sequence[MaskedPiece]) -> tuple[np.ndarray, np.ndarray]:
        """Turn texts with gaps into inputs `(batch, time, 1)` and targets `(batch, time)`, -1 but for the gaps."""
        y = padded([self.tokens(piece.piece) for piece in pieces], -1)
        hidden = padded([piece.hidden for piece in pieces], True)
        return self.cover(y, hidden), np.where(hidden, y, -1)

    def cover(self, ids: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Return the input `(batch, time, 1)` int32 of a bidirectional network; arguments are `(batch, time)`."""
        return np.where(hidden, self.blank, ids)[..., None].astype(np.int32)

    def hide(self, piece: Text | Tokens | str, rng: np.random.Generator, scheme: str = "") -> MaskedPiece:
        """Hide tokens: a fraction of all, independently; or, as in training, another fraction in each stretch.

        In training half the stretches have gaps of one token, half longer ones.
        """
        length = len(piece) if self.unit == "character" else len(self.tokens(piece))
        if scheme:
            return MaskedPiece(piece, rng.random(length) < int(scheme.rpartition("_")[2]) / 100)
        parts = [_gaps(rng, STRETCH) for _ in range(-(-length // STRETCH))]
        return MaskedPiece(piece, np.concatenate([np.zeros(0, bool), *parts])[:length])

    def is_unit(self, ids: np.ndarray) -> np.ndarray:
        """Return which hidden tokens count as a unit: all of them."""
        return np.ones(ids.shape, bool)

    def gaps(
        self, text: str, mark: str = "_", spans: Sequence[tuple[int, int]] = (), replace: str | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lay out a text with gaps.

        Args:
            text: The text; every `mark` in it is a token to be filled in: a character, a word with the space before it,
                or a subword.
            mark: One character that is not to be read as itself; "" if there is none.
            spans: Gaps that the text does not show: place in the text (before that token, counted in those of `text`)
                and length in tokens.
            replace: As in `script`.

        Returns:
            Tokens `(time,)`, and which of them are hidden.

        Raises:
            ArgumentError: No gap, a mark of several characters, or a span out of range.
            CodecError: The text has a character the codec does not have.
        """
        if not isinstance(mark, str) or len(mark) > 1 or text_files.CONTROL.match(mark):
            raise ArgumentError(f"mark={mark!r}: give one character that marks gaps, and no control character")
        text = self.read(text)
        ids, hidden = self._marked(text, mark, replace)
        count = len(ids)
        for at, length in _spans(spans):
            at = number("the place of a span", at, 0, count, whole=True)
            length = number("the length of a span", length, 1, MAX_LENGTH, whole=True)
            ids, hidden = np.insert(ids, [at] * length, 0), np.insert(hidden, [at] * length, True)
        if not hidden.any():
            raise ArgumentError(
                f"text={text!r} has no gap: mark {self.unit}s by {mark!r}, or give spans=[(place, length)]"
            )
        return ids.astype(np.int64), hidden

    def _marked(self, text: str, mark: str, replace: str | None) -> tuple[np.ndarray, np.ndarray]:
        """Return the tokens of a text, and which of them are hidden: those that stand for the mark."""
        if self.unit == "character":
            hidden = np.array([character == mark for character in text], bool)
            return self.tokens(self.known(text.replace(mark, self.vocabulary[0]) if mark else text, replace)), hidden
        *before, last = self.known(text, replace).split(mark) if mark else [self.known(text, replace)]
        rows = [np.append(self.tokens(part.removesuffix(" ")), -1) for part in before]  # the space is the word's
        ids = np.concatenate([*rows, self.tokens(last)])
        return np.maximum(ids, 0), ids < 0


def _spans(spans: Any) -> list[tuple[int, int]]:
    """Return spans from the last to the first."""
    try:
        return sorted(((at, length) for at, length in spans), reverse=True)
    except (TypeError, ValueError):
        raise ArgumentError(f"spans={spans!r:.50}: give pairs of numbers, [(place, length), …]") from None


def _gaps(rng: np.random.Generator, length: int) -> np.ndarray:
    """Hide a random fraction of the tokens of a stretch, one by one or in spans of about the same length."""
    share, span = rng.uniform(LEAST_HIDDEN, 1), 1
    if rng.random() < 0.5:
        span = int(LONGEST_SPAN ** rng.random())
    begins = rng.random(length + span - 1) < 1 - (1 - share) ** (1 / span)
    return np.convolve(begins, np.ones(span), "valid") > 0
