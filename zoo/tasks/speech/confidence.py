"""How likely a transcript is to be right: the probability of its text, over all alignments. NumPy only.

The likeliest symbol of a step says little of the text: a letter that was left out, or another word of the same sound,
hides in the steps between. The probability that a CTC network gives a text is a sum over all of its alignments (Graves
et al., ICML 2006).
"""

import itertools
from collections.abc import Sequence

import numpy as np

from zoo.tasks.speech.decoding import SPACE, AlignedSymbol

STRETCH = 16  # words, or seconds, of a long recording that are judged as one
MOST_SYMBOLS = 32  # of a word: of texts without spaces, whose words are cut
NONE = -np.inf  # logarithm of the probability of what cannot be


def words_of(spells: Sequence[AlignedSymbol], vocabulary: str) -> list[list[AlignedSymbol]]:
    """Group the symbols of a text by word."""
    groups: list[list[AlignedSymbol]] = [[]]
    for spell in spells:
        if vocabulary[spell.id] == SPACE:
            groups.append([])
        else:
            groups[-1].append(spell)
    return [group for group in groups if group]


def log_probability(spells: Sequence[AlignedSymbol], probabilities: np.ndarray, vocabulary: str) -> float:
    """Return the natural logarithm of the probability of a text.

    Any number of spaces may stand before the first and behind the last word, and at least one between two. A long text
    is cut into stretches of `STRETCH` words, so that the time this takes grows with its length alone.

    Args:
        spells: The symbols of the text.
        probabilities: `(steps, classes)`.
        vocabulary: Character of each class but the last, the blank.
    """
    words = words_of(spells, vocabulary)
    if SPACE not in vocabulary:
        words = [word[i : i + MOST_SYMBOLS] for word in words for i in range(0, len(word), MOST_SYMBOLS)]
    stretches = [words[i : i + STRETCH] for i in range(0, len(words), STRETCH)] or [[]]
    borders = [(a[-1][-1].end + b[0][0].start) // 2 for a, b in itertools.pairwise(stretches)]
    rows = [probabilities[start:end] for start, end in zip([0, *borders], [*borders, None], strict=True)]
    ids = [[[spell.id for spell in word] for word in stretch] for stretch in stretches]
    space = vocabulary.find(SPACE)
    return sum(_stretch(some, of_words, space) for some, of_words in zip(rows, ids, strict=True))


def _stretch(probabilities: np.ndarray, words: Sequence[Sequence[int]], space: int) -> float:
    """Sum over all alignments of words with steps `(steps, classes)`."""
    rows = probabilities.astype(np.float64)
    gap = rows[:, -1:] + (rows[:, [space]] if space >= 0 else 0)
    if not words:
        return float(np.log(gap).sum()) if gap.all() else NONE
    enter, stay, skips = _states(words, rows.shape[1] - 1, space)
    rows = np.concatenate([rows, gap], 1)
    state, moved, found = np.zeros(len(enter)), np.zeros(len(enter)), 0.0
    state[0] = 1.0  # before the first step, as in a gap
    for row in rows:
        moved[1:] = state[:-1]
        moved[2:] += skips[2:] * state[:-2]
        state = state * row[stay] + moved * row[enter]
        total = state.sum()
        if not total > 0:
            return NONE
        state /= total
        found += np.log(total)
    ended = state[-2:].sum()
    return float(found + np.log(ended)) if ended > 0 else NONE


def _states(words: Sequence[Sequence[int]], blank: int, space: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List the states of an alignment.

    They are a gap, of blanks or spaces; the symbols of the words, with a blank between two; between words a blank, and
    a gap that a space begins; a gap. Without a space in the vocabulary only blanks are between words.

    Returns:
        For each state the class that it is entered with, the class that it lasts with (behind the blank: blank or
        space), and 1 where the state before it can be left out.
    """
    gap = blank + 1
    states = [(gap, gap, 0)]
    for i, word in enumerate(words):
        if i and space >= 0:
            states += [(blank, blank, 0), (space, gap, 1)]
        elif i:
            states.append((blank, blank, 0))
        before = words[i - 1][-1] if i and space < 0 else None
        for j, symbol in enumerate(word):
            if j:
                states.append((blank, blank, 0))
                before = word[j - 1]
            states.append((symbol, symbol, int(before is not None and before != symbol)))
    enter, stay, skips = np.array([*states, (gap, gap, 0)]).T
    return enter, stay, skips


def confidence(log_probability: float, temperature: float, words: int, seconds: float) -> float:
    """Turn the log-probability of a text into the probability that it is right: `exp(-(log P / T)² / words)`.

    The log-probability falls with the length of a text; per word it hides the one word that is wrong. The square over
    the number of words is between the two. Of the forms that were tried it separates right from wrong texts of the
    validation speakers best, and both from what is no speech, and one temperature makes a probability of it. Of a
    recording of more than `STRETCH` words it is the mean over as many stretches.

    Args:
        log_probability: Of all of the text.
        temperature: That of the model.
        words: How many they are.
        seconds: Length of the recording: silence counts as a word a second.
    """
    count = max(1.0, words, seconds)
    stretches = max(1.0, count / STRETCH)
    return float(np.exp(-((log_probability / stretches / temperature) ** 2) * stretches / count))
