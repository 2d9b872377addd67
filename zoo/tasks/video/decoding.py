"""The likeliest sentences of a grammar of parts, such as "command colour preposition letter digit adverb"."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zoo.tasks.video.codec import VideoCodec

BEGINS = 0.1  # probability that a word begins, in a frame in which it may


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


def of(scores: np.ndarray, codec: VideoCodec) -> np.ndarray:
    """Find the likeliest labels `(time,)` under the grammar of a codec; see `parse`."""
    grammar = [[codec.ids[word] for word in part] for part in codec.grammar]
    return parse(scores, grammar, codec.ids.get(codec.rest))
