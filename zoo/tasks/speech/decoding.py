"""From the rows of a CTC network to symbols: greedy and prefix-beam decoding, and when each is heard. NumPy only.

The blank is the last class. Reference: Graves et al., Connectionist Temporal Classification, ICML 2006; for the beam
Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs, 2014.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from zoo.errors import ArgumentError

LIKELY = 1e-3  # a beam goes on with symbols at least so likely, or the likeliest
SPACE = " "


class AlignedSymbol(NamedTuple):
    """A symbol, the step it begins at, the step after its last, and how likely it was at its best step."""

    id: int
    start: int
    end: int
    probability: float


def greedy(probabilities: np.ndarray, start: int = 0, before: int = -1) -> list[AlignedSymbol]:
    """Take the likeliest class of every step, and leave out blanks and repetitions.

    Args:
        probabilities: `(time, classes)`.
        start: Number of the first step.
        before: Class of the step before it; -1: there was none.

    Returns:
        The symbols. One that goes on from the step before is not told again.

    Example:
        >>> rows = np.eye(3)[[0, 0, 2, 0, 1]]
        >>> [spell.id for spell in greedy(rows)], [spell.start for spell in greedy(rows)]
        ([0, 0, 1], [0, 3, 4])
    """
    blank, path = probabilities.shape[1] - 1, probabilities.argmax(1)
    changes = np.flatnonzero(np.diff(path, prepend=before))
    ends = np.append(changes, len(path))[1:]
    return [
        AlignedSymbol(int(path[a]), start + int(a), start + int(b), float(probabilities[a:b, path[a]].max()))
        for a, b in zip(changes, ends, strict=True)
        if path[a] != blank
    ]


class Lexicon:
    """The words that may be said.

    Args:
        words: In the symbols of a codec.

    Raises:
        ArgumentError: There is none.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = {word for word in words if word}
        if not self.words:
            raise ArgumentError("lexicon: give at least one word")
        self.beginnings = {word[:i] for word in self.words for i in range(len(word) + 1)}

    def allows(self, text: str, character: str) -> bool:
        """Tell whether a text may go on with a character."""
        word = text.rpartition(SPACE)[2]
        return word in self.words if character == SPACE else word + character in self.beginnings

    def complete(self, text: str) -> bool:
        """Tell whether a text may end here."""
        return not text or text.rpartition(SPACE)[2] in self.words


def beam(
    probabilities: np.ndarray, vocabulary: str, width: int, lexicon: Lexicon | None = None
) -> list[tuple[str, float]]:
    """Search the likeliest texts, over all their alignments.

    Args:
        probabilities: `(time, classes)`.
        vocabulary: Character of each class but the last, the blank.
        width: Texts kept from step to step.
        lexicon: Words that the text is made of; None takes any.

    Returns:
        Texts and the natural logarithms of their probabilities, the likeliest first, at most `width`.
    """
    kept: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}  # text → probability that it ends in a blank, in a symbol
    scale = 0.0
    for row in probabilities.astype(np.float64):
        likely = [int(i) for i in np.flatnonzero(row[:-1] >= min(LIKELY, row[:-1].max()))]
        found: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for text, (blank, symbol) in kept.items():
            both = blank + symbol
            stays = found[text]
            stays[0] += both * row[-1]
            if text:
                stays[1] += symbol * row[vocabulary.index(text[-1])]
            for i in likely:
                character = vocabulary[i]
                if lexicon is None or lexicon.allows(text, character):
                    found[text + character][1] += (blank if text[-1:] == character else both) * row[i]
        best = heapq.nlargest(width, found.items(), key=lambda item: sum(item[1]))
        most = sum(best[0][1]) or 1.0
        scale += float(np.log(most))
        kept = {text: (blank / most, symbol / most) for text, (blank, symbol) in best}
    ended = {text: sum(pair) for text, pair in kept.items()}
    if lexicon:
        ended = _complete(ended, lexicon)
    return [(text, scale + float(np.log(max(p, 1e-300)))) for text, p in sorted(ended.items(), key=lambda one: -one[1])]


def _complete(ended: dict[str, float], lexicon: Lexicon) -> dict[str, float]:
    """Keep the texts that may end; if there is none, all without the word that was not finished."""
    whole = {text: p for text, p in ended.items() if lexicon.complete(text.rstrip(SPACE))}
    if whole:
        return whole
    shorter: defaultdict[str, float] = defaultdict(float)
    for text, p in ended.items():
        shorter[text.rpartition(SPACE)[0]] += p
    return dict(shorter)


def align(probabilities: np.ndarray, ids: np.ndarray) -> list[AlignedSymbol]:
    """Find the likeliest steps of symbols that are known (Viterbi).

    Args:
        probabilities: `(time, classes)`.
        ids: `(symbols,)`.

    Returns:
        The symbols and their steps; none if there are too few steps for them.
    """
    time, blank = len(probabilities), probabilities.shape[1] - 1
    labels = np.full(2 * len(ids) + 1, blank)
    labels[1::2] = ids
    logs = np.log(np.maximum(probabilities, 1e-30))[:, labels]
    skips = np.zeros(len(labels), bool)
    skips[2:] = (labels[2:] != blank) & (labels[2:] != labels[:-2])
    best = np.full(len(labels), -np.inf)
    best[:2] = logs[0, :2]
    came = np.zeros((time, len(labels)), np.int8)
    for t in range(1, time):
        options = np.stack([best, _moved(best, 1), np.where(skips, _moved(best, 2), -np.inf)])
        came[t] = options.argmax(0)
        best = options.max(0) + logs[t]
    at = len(labels) - 1 if len(labels) < 2 or best[-1] >= best[-2] else len(labels) - 2
    if not np.isfinite(best[at]):
        return []
    path = np.zeros(time, int)
    for t in range(time - 1, -1, -1):
        path[t] = at
        at -= int(came[t, at])
    return [
        AlignedSymbol(int(labels[k]), int(steps[0]), int(steps[-1]) + 1, float(probabilities[steps, labels[k]].max()))
        for k in range(1, len(labels), 2)
        if len(steps := np.flatnonzero(path == k))
    ]


def _moved(row: np.ndarray, by: int) -> np.ndarray:
    return np.concatenate([np.full(by, -np.inf), row[:-by]])[: len(row)]


def parts(probabilities: np.ndarray, longest: int) -> list[slice]:
    """Cut a long recording in the middle of its longest pauses: parts of at most so many steps.

    Args:
        probabilities: `(time, classes)`.
        longest: Steps of a part.
    """
    found, start, silent = [], 0, probabilities.argmax(1) == probabilities.shape[1] - 1
    while len(probabilities) - start > longest:
        low = start + longest // 2
        runs = np.split(np.arange(low, start + longest), np.flatnonzero(np.diff(silent[low : start + longest])) + 1)
        pause = max(runs, key=lambda run: len(run) * silent[run[0]])
        found.append(slice(start, int(pause[len(pause) // 2])))
        start = found[-1].stop
    return [*found, slice(start, len(probabilities))]
