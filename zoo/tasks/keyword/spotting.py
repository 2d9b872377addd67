"""From the logits of steps to words: the mean over a second, a threshold, and a time in which no word is told again."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.core.mel import RATE_HZ, STEP
from zoo.core.validation import number
from zoo.errors import ArgumentError
from zoo.models.sampling import log_softmax
from zoo.tasks.keyword.clips import SILENCE, STEPS, UNKNOWN

STEP_S = STEP / RATE_HZ
LEAST = 0.5  # probability of a word, unless told otherwise
REFRACTORY_S = 0.6
LONGEST_S = 3600.0  # of smoothing and of the refractory time
HOLD, LONGEST_HOLD = 3, 12  # steps for which the likeliest word may still become likelier, or another; and in all
DOUBT = 0.9  # of the doubt about a word: what is left where it has become likelier
QUIETER_DB = 20.0  # than the loudest step of a word: what still belongs to it
GAP = 3  # quiet steps within a word


NONE = ("", 0.0, 0)  # word, probability, step


@dataclass(frozen=True)
class Spot:
    """A word that was heard.

    Attributes:
        word: The word.
        start: When it begins, in seconds: where it is loud, as far as noise lets tell.
        end: When it ends, in seconds.
        probability: Probability of the word over the last second, at its highest.
        seconds: When it was told: what had been heard by then, in seconds.
    """

    word: str
    start: float
    end: float
    probability: float
    seconds: float


@dataclass(frozen=True)
class Spotting:
    """How words are told; checked.

    Attributes:
        vocabulary: Names of the classes.
        words: Those that are told.
        threshold: Least probability of a word.
        temperature: Divides logits.
        refractory_steps: Steps after a word in which none is told.
        smoothing_steps: Steps that logits are averaged over.
    """

    vocabulary: tuple[str, ...]
    words: frozenset[str]
    threshold: float = LEAST
    temperature: float = 1.0
    refractory_steps: int = round(REFRACTORY_S / STEP_S)
    smoothing_steps: int = STEPS

    @classmethod
    def of(
        cls,
        vocabulary: tuple[str, ...],
        threshold: float,
        temperature: float = 1.0,
        words: Iterable[str] | None = None,
        refractory_s: float = REFRACTORY_S,
        smoothing_s: float = STEPS * STEP_S,
    ) -> "Spotting":
        """Check options.

        Raises:
            ArgumentError: A word is none of the model, or a number is out of range.
        """
        known = [word for word in vocabulary if word not in (SILENCE, UNKNOWN)]
        asked = [words] if isinstance(words, str) else known if words is None else list(words)
        if strange := [word for word in asked if word not in known]:
            raise ArgumentError(f"words={', '.join(map(str, strange[:5]))}: the model knows {', '.join(known)}")
        steps = [
            round(number(name, value, least, LONGEST_S) / STEP_S)
            for name, value, least in (("refractory_s", refractory_s, 0), ("smoothing_s", smoothing_s, STEP_S))
        ]
        return cls(vocabulary, frozenset(asked), threshold, temperature, *steps)


class Averages:
    """The mean of the logits of the last steps, and the probabilities of words by it.

    Before there are as many steps, the mean is that of those there are.
    """

    def __init__(self, options: Spotting) -> None:
        self.options, self.rows = options, np.zeros((0, len(options.vocabulary)))

    def more(self, rows: np.ndarray) -> np.ndarray:
        """Take the logits `(steps, classes)` of more steps; return their probabilities, of the same shape."""
        size = self.options.smoothing_steps
        line = np.concatenate([self.rows, rows])
        sums = np.concatenate([np.zeros((1, line.shape[1])), np.cumsum(line, axis=0)])
        ends = np.arange(len(self.rows), len(line)) + 1
        starts = np.maximum(0, ends - size)
        self.rows = line[max(0, len(line) - size + 1) :]
        return self.probabilities((sums[ends] - sums[starts]) / (ends - starts)[:, None])

    def probabilities(self, means: np.ndarray) -> np.ndarray:
        """Return the probabilities of means of logits, `(steps, classes)`."""
        return np.exp(log_softmax(means / self.options.temperature))


class Detector:
    """Tells words as soon as they are likely enough, each once.

    A word is told `HOLD` steps after it is likeliest, or `LONGEST_HOLD` after it is likely. Then none is told for the
    refractory time, and the same one not before it has been unlikely in between.
    """

    def __init__(self, options: Spotting) -> None:
        self.options, self.step, self.free = options, 0, options.smoothing_steps - 1
        self.last, self.best, self.began = "", NONE, 0
        self.past: deque[tuple[np.ndarray, float]] = deque(maxlen=options.smoothing_steps + HOLD)

    def more(self, probabilities: np.ndarray, rows: np.ndarray, levels_db: np.ndarray) -> Iterator[Spot]:
        """Take more steps.

        Args:
            probabilities: Of the last second, `(steps, classes)`.
            rows: Logits of the steps, `(steps, classes)`.
            levels_db: How loud they are, `(steps,)`.

        Yields:
            Words, in their order.
        """
        for share, row, level_db in zip(probabilities, rows, levels_db, strict=True):
            self.past.append((row, float(level_db)))
            index = int(share.argmax())
            word, probability = self.options.vocabulary[index], float(share[index])
            if word not in self.options.words or probability < self.options.threshold:
                word = ""
            if word != self.last:
                self.last = ""
            likelier = 1 - probability < DOUBT * (1 - self.best[1])
            if word and not self.last and self.step >= self.free and likelier:
                self.began = self.began if self.best[0] else self.step
                self.best = word, probability, self.step
            if self.best[0] and (self.step - self.best[2] >= HOLD or self.step - self.began >= LONGEST_HOLD):
                yield self._told()
            self.step += 1

    def end(self) -> Iterator[Spot]:
        """Yield the word that is not told yet, at the end of the sound."""
        if self.best[0]:
            self.step -= 1
            yield self._told()

    def _told(self) -> Spot:
        word, probability, step = self.best
        rows, levels_db = (np.array(values) for values in zip(*self.past, strict=True))
        start, end = bounds(rows, self.options.vocabulary.index(word), levels_db)
        first = self.step + 1 - len(rows)
        self.best, self.last, self.free = NONE, word, step + self.options.refractory_steps
        start_s, end_s, told_s = (round(at * STEP_S, 2) for at in (first + start, first + end, self.step + 1))
        return Spot(word, start_s, end_s, round(probability, 4), told_s)


def bounds(rows: np.ndarray, index: int, levels_db: np.ndarray) -> tuple[int, int]:
    """Find where in the last second a word is: the loud steps before it is likeliest.

    Args:
        rows: Logits, `(steps, classes)`.
        index: Class of the word.
        levels_db: How loud the steps are, `(steps,)`.

    Returns:
        First step, and the one after the last.
    """
    likely = log_softmax(rows)[:, index]
    anchor = int(np.argmax(likely >= likely.max() - np.log(2)))
    near = levels_db[: anchor + 1]
    peak = int(len(near) - 1 - np.argmax(near[::-1] >= near.max() - QUIETER_DB / 2))
    loud = np.flatnonzero(levels_db >= levels_db[peak] - QUIETER_DB)
    at = int(np.searchsorted(loud, peak))
    low = high = at
    while low and loud[low] - loud[low - 1] <= GAP:
        low -= 1
    while high + 1 < len(loud) and loud[high + 1] - loud[high] <= GAP:
        high += 1
    return int(loud[low]), int(loud[high]) + 1


def levels(x: np.ndarray) -> np.ndarray:
    """Return how loud steps `(steps, STEP)` are, `(steps,)` in dB of full scale."""
    found: np.ndarray = 10 * np.log10(np.mean(np.square(x), axis=1) + 1e-10)
    return found


def told(words: Sequence[Spot]) -> str:
    """Write words in a line: each with its start and end in seconds, and its probability.

    Example:
        >>> told([Spot("yes", 0.2, 0.7, 0.912, 1.04)])
        '0.20-0.70 yes 0.91'
    """
    return "; ".join(f"{one.start:.2f}-{one.end:.2f} {one.word} {one.probability:.2f}" for one in words)
