"""Beam search: the most likely outputs of an encoder–decoder network.

Reference: Graves, Sequence Transduction with Recurrent Neural Networks, 2012; the scores of outputs of different
lengths are compared as in Wu et al., Google's Neural Machine Translation System, 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.core.engine import PairEngine
from zoo.core.pairs import BEGIN, END, PAD

NEVER = -1e30


@dataclass(frozen=True)
class Beam:
    """How outputs are searched for.

    Attributes:
        width: Outputs that are followed at a time; 1 is greedy.
        count: Outputs returned for each source, at most `width`.
        length_penalty: Exponent by which long outputs are preferred; 0 compares sums of log-probabilities.
    """

    width: int
    count: int
    length_penalty: float

    def score(self, total: float, length: int) -> float:
        """Return the score of an output with a sum of log-probabilities in nats, its end counted in its length."""
        return total / ((5 + length) / 6) ** self.length_penalty


@dataclass(frozen=True)
class Output:
    """An output of a network.

    Attributes:
        ids: Its tokens `(time,)`, without the end.
        score: See `Beam.score`.
        log_probability: Sum over tokens and the end, in nats.
        ended: Whether the network ended it, and not the limit of its length.
    """

    ids: np.ndarray
    score: float
    log_probability: float
    ended: bool


@dataclass
class _Row:
    """The search for one source.

    Attributes:
        beam: How to search.
        longest: Most tokens of an output, without the end.
        finished: Outputs that have ended.
        open: Whether the search goes on.
    """

    beam: Beam
    longest: int
    finished: list[Output] = field(default_factory=list)
    open: bool = True

    def finish(self, ids: np.ndarray, total: float, ended: bool) -> None:
        self.finished.append(Output(ids, self.beam.score(total, len(ids) + 1), total, ended))

    def settled(self, best: float) -> bool:
        """Return whether no open output, the best of which has this sum, can become better than those finished."""
        if len(self.finished) < self.beam.width:
            return False
        if self.beam.width == 1:  # greedy: the end is the likeliest token
            return True
        reachable = self.beam.score(best, self.longest + 1)  # sums fall, and the longest output is divided by most
        return sorted(one.score for one in self.finished)[-self.beam.count] >= reachable


def search(engine: PairEngine, source: np.ndarray, beam: Beam, longest: Sequence[int]) -> list[list[Output]]:
    """Search for the outputs of sources.

    Args:
        engine: Runs the network.
        source: Sources `(batch, time, …)`.
        beam: How to search.
        longest: Most tokens of the output of each source, without the end.

    Returns:
        For each source `beam.count` outputs, the best first; fewer where a network has no other ones.
    """
    batch, width = len(source), beam.width
    state = [np.repeat(array, width, 0) for array in engine.encode(source)]
    rows = [_Row(beam, most) for most in longest]
    ids = np.full((batch, width, 1), BEGIN, np.int32)
    totals = np.full((batch, width), NEVER)
    totals[:, 0] = 0.0
    while any(row.open for row in rows):
        before = state
        y, state = engine.step(ids[:, :, -1].reshape(-1, 1), before)
        chances = log_softmax(y[:, -1].reshape(batch, width, -1).astype(np.float64))
        chances[..., [PAD, BEGIN]] = NEVER
        kept, ids, totals = _advanced(rows, ids, totals, chances)
        # What a step leaves as it is, such as the memory, is the same for all outputs of a source.
        state = [new if new is old else new[kept] for old, new in zip(before, state, strict=True)]
    return [sorted(row.finished, key=lambda one: -one.score)[: beam.count] for row in rows]


def _advanced(
    rows: Sequence[_Row], ids: np.ndarray, totals: np.ndarray, chances: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose the next tokens.

    Args:
        rows: The searches.
        ids: Open outputs `(batch, width, time)`, with BEGIN before them.
        totals: Their sums of log-probabilities `(batch, width)`; NEVER where there is none.
        chances: Log-probabilities of the next token `(batch, width, classes)`.

    Returns:
        Rows of the state that go on `(batch · width,)`, the longer outputs, and their sums.
    """
    batch, width, classes = chances.shape
    ends = chances.argmax(-1) == END
    full = np.array([ids.shape[2] > row.longest for row in rows])
    chances[full, :, END + 1 :] = NEVER
    sums = (totals[..., None] + chances).reshape(batch, -1)
    some = min(2 * width, sums.shape[1] - 1)  # each open output may end
    best = np.argpartition(-sums, some, 1)[:, :some]
    best = np.take_along_axis(best, np.argsort(-np.take_along_axis(sums, best, 1), 1, kind="stable"), 1)
    kept, new = np.zeros((batch, width), int), np.full((batch, width), PAD, np.int32)
    following = np.full((batch, width), NEVER)
    for i, row in enumerate(rows):
        place = 0
        for choice in best[i] if row.open else ():
            (parent, token), total = divmod(int(choice), classes), float(sums[i, choice])
            if not total > NEVER / 2 or place == width:
                break
            if token == END:
                row.finish(ids[i, parent, 1:], total, bool(ends[i, parent] or not full[i]))
            else:
                kept[i, place], new[i, place], following[i, place] = parent, token, total
                place += 1
        row.open = row.open and place > 0 and not row.settled(following[i, 0])
    longer = np.concatenate([np.take_along_axis(ids, kept[..., None], 1), new[..., None]], 2)
    return (kept + width * np.arange(batch)[:, None]).ravel(), longer, following


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log-probabilities over the last axis, in nats."""
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
