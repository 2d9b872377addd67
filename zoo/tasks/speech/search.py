"""Beam search with a lexicon or a language model."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from zoo.core.validation import number
from zoo.errors import ArgumentError
from zoo.tasks.speech import decoding
from zoo.tasks.speech.recordings import normalized

MAX_BEAM, USUAL_WIDTH = 1024, 16
SEARCHED = 1500  # steps that a beam search goes through at once, at most: of longer sound it takes part by part
UNKNOWN = 10.0  # nats of a character that a language model does not have


class Search(NamedTuple):
    """A beam search with its options."""

    width: int
    vocabulary: str
    lexicon: decoding.Lexicon | None
    language_model: Callable[[str], float] | None
    lm_weight: float

    @classmethod
    def of(cls, beam_width: Any, lexicon: Any, language_model: Any, lm_weight: Any, vocabulary: str) -> "Search | None":
        """Check the options; None if nothing is to be searched."""
        if beam_width is None and lexicon is None and language_model is None:
            return None
        width = number("beam_width", USUAL_WIDTH if beam_width is None else beam_width, 1, MAX_BEAM, whole=True)
        words = None if lexicon is None else decoding.Lexicon(_known(lexicon, vocabulary))
        return cls(width, vocabulary, words, _judge(language_model), number("lm_weight", lm_weight, 0))

    def spells(self, probabilities: np.ndarray) -> list[decoding.AlignedSymbol]:
        """Find the best text and when its symbols are heard."""
        spells: list[decoding.AlignedSymbol] = []
        before = ""
        for part in decoding.parts(probabilities, SEARCHED):
            found = decoding.beam(probabilities[part], self.vocabulary, self.width, self.lexicon)
            if judge := self.language_model:
                found = sorted(found, key=lambda pair: -(pair[1] + self.lm_weight * judge(pair[0].strip())))
            raw = found[0][0]
            text = " ".join(raw.split())
            aligned = decoding.align(probabilities[part], np.array([self.vocabulary.index(c) for c in text], int))
            apart = self.lexicon or before.endswith(decoding.SPACE) or raw.startswith(decoding.SPACE)
            if spells and aligned and apart and decoding.SPACE in self.vocabulary:
                spells.append(
                    decoding.AlignedSymbol(self.vocabulary.index(decoding.SPACE), part.start, part.start, 1.0)
                )
            spells += [spell._replace(start=spell.start + part.start, end=spell.end + part.start) for spell in aligned]
            before = raw
        return spells


def _known(words: Any, vocabulary: str) -> list[str]:
    """Bring words into the symbols of a codec.

    Raises:
        ArgumentError: One is no text, or has a character that the codec does not have.
    """
    listed = [words] if isinstance(words, str) else list(words)
    if wrong := [word for word in listed if not isinstance(word, str)]:
        raise ArgumentError(f"lexicon: {wrong[0]!r:.50} is not a string: give words")
    found = [part for word in listed for part in normalized(word).split()]
    if strange := [word for word in found if not set(word) <= set(vocabulary)]:
        raise ArgumentError(f"lexicon: {', '.join(strange[:5])}: the model knows only the characters {vocabulary!r}")
    return found


def _judge(language: Any) -> Callable[[str], float] | None:
    """Return a function that gives the natural logarithm of a text's probability."""
    if language is None or (callable(language) and not hasattr(language, "score")):
        return language
    if not hasattr(language, "score") or not hasattr(language.codec, "vocabulary"):
        raise ArgumentError(
            f"language_model={language!r:.80}: give a text model, such as zoo.load('lstm_text'), or a function"
        )
    known = set(language.codec.vocabulary)

    def judged(text: str) -> float:
        told = text.lower() if set(text.lower()) <= known else text
        kept = "".join(c for c in told if c in known)
        return -UNKNOWN * (len(told) - len(kept)) - (float(language.score(kept).nats.sum()) if kept else 0.0)

    return judged
