import itertools

import numpy as np
import pytest

from zoo.core.pairs import BEGIN, END, PAD
from zoo.models.beam_search import Beam, log_softmax, search

CLASSES, TOKENS = 5, (3, 4)


class Table:
    """An engine whose logits follow from the source and all tokens before, by a table of random numbers."""

    def __init__(self, seed=0, ends=0.0):
        self.seed, self.ends, self.calls = seed, ends, 0

    def encode(self, source):
        return [source.astype(float), np.zeros((len(source), 1), np.int64)]

    def logits(self, source, history):
        y = np.random.default_rng([self.seed, int(source), int(history)]).normal(0, 2, CLASSES)
        y[END] += self.ends
        return y

    def step(self, x, state):
        self.calls += 1
        memory, history = state
        history = history * CLASSES + x
        y = np.stack([self.logits(m[0], h[0]) for m, h in zip(memory, history, strict=True)])
        return y[:, None].astype(np.float32), [memory, history]


def exhaustive(engine, source, beam, longest):
    """Score all outputs there are."""
    found = []
    for length in range(longest + 1):
        for ids in itertools.product(TOKENS, repeat=length):
            history, total = 0, 0.0
            for last, token in zip((BEGIN, *ids), (*ids, END), strict=True):
                history = history * CLASSES + last
                y = log_softmax(engine.logits(source, history).astype(np.float32).astype(float))
                total += y[token]
            found.append((total / ((5 + length + 1) / 6) ** beam.length_penalty, ids))
    return sorted(found, reverse=True)[: beam.count]


@pytest.mark.parametrize("penalty", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_wide_beam_finds_what_an_exhaustive_search_finds(seed, penalty):
    beam, engine, longest = Beam(32, 3, penalty), Table(seed), [4, 2]
    found = search(engine, np.array([[1], [2]]), beam, longest)
    for source, most, outputs in zip((1, 2), longest, found, strict=True):
        expected = exhaustive(engine, source, beam, most)
        assert [tuple(one.ids) for one in outputs] == [ids for _, ids in expected]
        assert [one.score for one in outputs] == pytest.approx([score for score, _ in expected])


@pytest.mark.parametrize("seed", range(5))
def test_greedy_is_the_likeliest_token_of_each_step(seed):
    engine = Table(seed, ends=1.0)
    [[found]] = search(engine, np.array([[1]]), Beam(1, 1, 1.0), [9])
    ids, history, last = [], 0, BEGIN
    while last != END and len(ids) <= 9:
        history = history * CLASSES + last
        y = engine.logits(1, history)
        y[[PAD, BEGIN]] = -np.inf
        last = int(y.argmax())
        ids.append(last)
    assert found.ids.tolist() == ids[: len(ids) - found.ended][:9]
    assert found.ended == (ids[-1] == END)


@pytest.mark.parametrize("beam", [Beam(1, 1, 1.0), Beam(2, 1, 0.0), Beam(4, 4, 1.0)])
def test_a_source_is_searched_by_itself(beam):
    """Whatever else is in the batch."""
    sources, longest = np.arange(6)[:, None], [3, 9, 5, 1, 0, 7]
    together = search(Table(7, ends=1.0), sources, beam, longest)
    for i in range(6):
        [alone] = search(Table(7, ends=1.0), sources[i : i + 1], beam, longest[i : i + 1])
        assert [(one.ids.tolist(), one.score) for one in alone] == [
            (one.ids.tolist(), one.score) for one in together[i]
        ]
        assert all(len(one.ids) <= longest[i] for one in alone)


def test_the_limit_of_the_length():
    """What a network would not end is cut, and says so; its score counts the end."""
    [[cut]] = search(Table(0, ends=-50.0), np.array([[1]]), Beam(1, 1, 1.0), [4])
    assert len(cut.ids) == 4
    assert not cut.ended
    assert cut.log_probability < -30
    [[whole]] = search(Table(0, ends=50.0), np.array([[1]]), Beam(1, 1, 1.0), [4])
    assert len(whole.ids) == 0
    assert whole.ended


def test_the_search_ends_early():
    engine = Table(0, ends=6.0)
    search(engine, np.array([[1], [2]]), Beam(3, 1, 1.0), [500, 500])
    assert engine.calls < 100
