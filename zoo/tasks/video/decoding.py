"""The likeliest sentences of a grammar of parts, such as "command colour preposition letter digit adverb"."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zoo.tasks.video.codec import VideoCodec

BEGINS = 0.1  # probability that a word begins, in a frame in which it may
NEIGHBOURS = 4.0  # frames that are worth one as evidence: neighbours show the same mouth


def parse(scores: np.ndarray, grammar: Sequence[Sequence[int]], rest: int | None) -> np.ndarray:
    """Find the likeliest labels of frames: any number of sentences, of one word of each part in their order.

    A word lasts for a frame or more; before, between and after words there may be rest. All words of a part are equally
    probable, and each begins in `BEGINS` of the frames in which it may. By dynamic programming over all paths (Viterbi,
    IEEE Transactions on Information Theory 13, 1967).

    Args:
        scores: Logarithms of probabilities, `(time, classes)`.
        grammar: Classes of the words of each part.
        rest: Class of rest; None if there is none.

    Returns:
        `(time,)` classes; where too few frames are left for a sentence, of rest, or -1.
    """
    states = _States.of(grammar, rest)
    if not len(scores):
        return np.zeros(0, int)
    best = np.where(states.first, scores[0][states.emitted], -np.inf)
    before = np.zeros((len(scores), len(best)), int)
    for t in range(1, len(scores)):
        before[t], reached = states.step(best)
        best = reached + scores[t][states.emitted]
    best = np.where(states.last, best, -np.inf)
    state = int(best.argmax())
    if not np.isfinite(best[state]):
        return np.full(len(scores), -1 if rest is None else rest)
    path = np.zeros(len(scores), int)
    for t in range(len(scores) - 1, -1, -1):
        path[t] = state
        state = before[t, state]
    return states.emitted[path]


class _States(NamedTuple):
    """The states of a path: the words of each part, part after part, then the rest before each part.

    Attributes:
        borders: Where the words of each part begin among the states, and where the last end.
        emitted: Class of each state.
        cost: What it costs that a word of a part begins.
        first: States that a path may begin with.
        last: Those that it may end with.
        rests: There is rest.
    """

    borders: list[int]
    emitted: np.ndarray
    cost: np.ndarray
    first: np.ndarray
    last: np.ndarray
    rests: bool

    @classmethod
    def of(cls, grammar: Sequence[Sequence[int]], rest: int | None) -> "_States":
        """List the states of a grammar."""
        sizes = [len(part) for part in grammar]
        part_of = np.repeat(np.arange(len(grammar)), sizes)
        around = (np.arange(len(grammar)) == 0) & (rest is not None)  # the rest before a sentence is that behind one
        emitted = np.concatenate(
            [*map(np.array, grammar), np.full(len(grammar), grammar[0][0] if rest is None else rest)]
        )
        first, last = (np.concatenate([part_of == part, around]) for part in (0, len(grammar) - 1))
        cost = np.log(BEGINS) - np.log(sizes)
        return cls([0, *np.cumsum(sizes).tolist()], emitted, cost, first, last, rest is not None)

    def step(self, best: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give for each state the best one before it, and how good it is reached from there."""
        source, paid = np.arange(len(best)), np.zeros(len(best))  # as long as it stays
        parts = list(itertools.pairwise(self.borders))
        ended = [a + int(best[a:b].argmax()) for a, b in parts]
        for part, (a, b) in enumerate(parts):
            silent, said = self.borders[-1] + part, ended[part - 1]  # the last part is before the first
            entry = silent if best[silent] > best[said] else said
            begins = best[entry] + self.cost[part] > best[a:b]
            source[a:b] = np.where(begins, entry, source[a:b])
            paid[a:b] = np.where(begins, self.cost[part], 0)
            if self.rests and best[said] > best[silent]:
                source[silent] = said
        return source, best[source] + paid

    def total(self, scores: np.ndarray) -> float:
        """Sum the probabilities of all paths; return its logarithm."""
        words, sizes = self.borders[-1], np.diff(self.borders)
        mass = np.where(self.first, scores[0][self.emitted], -np.inf)
        for row in scores[1:]:
            ended = np.roll(
                np.logaddexp.reduceat(mass[:words], self.borders[:-1]), 1
            )  # the last part is before the first
            silent = mass[words:]
            entry = np.logaddexp(silent, ended) + self.cost
            rests = np.logaddexp(silent, ended) if self.rests else silent
            mass = np.concatenate([np.logaddexp(mass[:words], np.repeat(entry, sizes)), rests]) + row[self.emitted]
        return float(np.logaddexp.reduce(mass[self.last]))

    def given(self, scores: np.ndarray, words: np.ndarray, rest: int | None) -> float:
        """Sum the probabilities of the paths of one sentence, or of none; return its logarithm."""
        emitted = np.full(2 * len(words) + 1, 0 if rest is None else rest)
        emitted[1::2] = words
        cost = np.zeros(len(emitted))
        cost[1::2] = self.cost[: len(words)]
        around = np.where(np.arange(len(emitted)) % 2, 0.0, 0.0 if self.rests else -np.inf)  # no rest, no such state
        words_only = np.where(np.arange(len(emitted)) % 2, 0.0, -np.inf)
        mass = np.full(len(emitted) + 2, -np.inf)
        mass[2:4] = (scores[0][emitted] + around)[:2]
        for row in scores[1:]:
            reached = np.logaddexp(mass[1:-1], mass[:-2] + words_only) + cost + around
            mass[2:] = np.logaddexp(mass[2:], reached) + row[emitted]
        return float(np.logaddexp(mass[-1], mass[-2]))


def of(scores: np.ndarray, codec: VideoCodec) -> np.ndarray:
    """Find the likeliest labels `(time,)` under the grammar of a codec; see `parse`."""
    grammar = [[codec.ids[word] for word in part] for part in codec.grammar]
    return parse(scores, grammar, codec.ids.get(codec.rest))


def log_posterior(scores: np.ndarray, path: np.ndarray, codec: VideoCodec) -> float:
    """Return how likely the words of a path are among all sentences of the grammar, over all their alignments.

    Neighbouring frames tell the same, so that their scores are divided by `NEIGHBOURS`.

    Args:
        scores: Logarithms of probabilities, `(time, classes)`.
        path: Labels that `of` found, `(time,)`.
        codec: Has the grammar.

    Returns:
        The natural logarithm; of a film with several sentences the mean, so that its length does not count.
    """
    grammar = [[codec.ids[word] for word in part] for part in codec.grammar]
    states, rest = _States.of(grammar, codec.ids.get(codec.rest)), codec.ids.get(codec.rest)
    scores = scores / NEIGHBOURS
    starts, labels = _runs(path, rest)
    if rest is None and len(labels) < len(grammar):
        return -np.inf
    size, found = len(grammar), []
    borders = [0, *(int(starts[i]) for i in range(size, len(labels), size)), len(scores)]
    for i, (a, b) in enumerate(itertools.pairwise(borders)):
        of_sentence = labels[i * size : (i + 1) * size]
        found.append(states.given(scores[a:b], of_sentence, rest) - states.total(scores[a:b]))
    return float(np.mean(found))


def _runs(path: np.ndarray, rest: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the first frames and the labels of the words of a path."""
    changes = np.flatnonzero(np.diff(path, prepend=-2))
    words = changes[path[changes] != (-1 if rest is None else rest)]
    return words, path[words]
