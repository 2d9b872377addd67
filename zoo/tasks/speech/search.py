"""Beam search with a lexicon or a language model."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from zoo.core.validation import number
from zoo.errors import ArgumentError
from zoo.tasks.speech import decoding as ctc
from zoo.tasks.speech.codec import normalized

MAX_BEAM = 1024
SEARCHED = 1500  # steps that a beam search goes through at once, at most: of longer sound it takes part by part
UNKNOWN = 10.0  # nats of a character that a language model does not have


class _Search(NamedTuple):
    """A beam search with its options."""

    width: int
    vocabulary: str
    lexicon: ctc.Lexicon | None
    language: Callable[[str], float] | None
    weight: float

    @classmethod
    def of(cls, beam: Any, words: Any, language: Any, weight: Any, vocabulary: str) -> "_Search | None":
        """Check the options; None if nothing is to be searched."""
        if beam is None and words is None and language is None:
            return None
        width = number("beam", 16 if beam is None else beam, 1, MAX_BEAM, whole=True)
        lexicon = None if words is None else ctc.Lexicon(_known(words, vocabulary))
        return cls(width, vocabulary, lexicon, _judge(language), number("weight", weight, 0))

    def spells(self, probabilities: np.ndarray) -> list[ctc.AlignedSymbol]:
        """Find the best text and when its symbols are heard."""
        spells: list[ctc.AlignedSymbol] = []
        before = ""
        for part in ctc.parts(probabilities, SEARCHED):
            found = ctc.beam(probabilities[part], self.vocabulary, self.width, self.lexicon)
            if judge := self.language:
                found = sorted(found, key=lambda pair: -(pair[1] + self.weight * judge(pair[0].strip())))
            raw = found[0][0]
            text = " ".join(raw.split())
            aligned = ctc.align(probabilities[part], np.array([self.vocabulary.index(c) for c in text], int))
            apart = self.lexicon or before.endswith(ctc.SPACE) or raw.startswith(ctc.SPACE)
            if spells and aligned and apart and ctc.SPACE in self.vocabulary:
                spells.append(ctc.AlignedSymbol(self.vocabulary.index(ctc.SPACE), part.start, part.start, 1.0))
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
        raise ArgumentError(f"words: {wrong[0]!r:.50} is no text")
    found = [part for word in listed for part in normalized(word).split()]
    if strange := [word for word in found if not set(word) <= set(vocabulary)]:
        raise ArgumentError(f"words: {', '.join(strange[:5])}: the model knows the characters {vocabulary!r} alone")
    return found


def _judge(language: Any) -> Callable[[str], float] | None:
    """Return a function that gives the natural logarithm of a text's probability."""
    if language is None or (callable(language) and not hasattr(language, "score")):
        return language
    if not hasattr(language, "score") or not hasattr(language.codec, "vocabulary"):
        raise ArgumentError(
            f"language={language!r:.80}: give a text model, such as zoo.load('lstm_text'), or a function"
        )
    known = set(language.codec.vocabulary)

    def judged(text: str) -> float:
        told = text.lower() if set(text.lower()) <= known else text
        kept = "".join(c for c in told if c in known)
        return -UNKNOWN * (len(told) - len(kept)) - (float(language.score(kept).nats.sum()) if kept else 0.0)

    return judged
