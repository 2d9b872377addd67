import itertools

import numpy as np
import pytest

from tests.tasks.speech.recognizers import random_rows, texts_by_force
from zoo.tasks.speech import decoding
from zoo.tasks.speech.confidence import STRETCH, confidence, log_probability, words_of

ROWS = np.eye(4)[[3, 1, 3, 0, 2, 3]] * 0.96 + 0.01


def spelled(text, vocabulary, steps):
    """Symbols of a text, somewhere in so many steps."""
    at = np.linspace(0, steps - 1, len(text)).astype(int)
    return [decoding.AlignedSymbol(vocabulary.index(c), int(i), int(i) + 1, 0.5) for c, i in zip(text, at, strict=True)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("vocabulary", [" AB", "ABC"])
def test_it_is_the_sum_over_all_alignments(seed, vocabulary):
    """Spaces around words do not count, nor how many there are between two."""
    rows, by_force = random_rows(seed), {}
    for text, (p, *_) in texts_by_force(rows, vocabulary).items():
        text = " ".join(text.split())
        by_force[text] = by_force.get(text, 0) + p
    assert sum(by_force.values()) == pytest.approx(1)
    assert {"", vocabulary[1], vocabulary[1] * 2} <= set(by_force)
    for text, p in by_force.items():
        found = log_probability(spelled(text, vocabulary, len(rows)), rows, vocabulary)
        assert np.exp(found) == pytest.approx(p, rel=1e-9)


def test_what_cannot_be_has_no_probability():
    assert log_probability(spelled("AB" * 9, " AB", 6), ROWS, " AB") == -np.inf  # too few steps
    sure = np.eye(4)[[3, 1, 3, 0, 2, 3]]
    assert log_probability(spelled("A B", " AB", 6), sure, " AB") == 0
    assert log_probability([], sure, " AB") == -np.inf
    assert log_probability([], np.eye(4)[[3, 0, 3]], " AB") == 0
    assert confidence(-np.inf, 1.0, 0, 1.0) == 0


@pytest.mark.parametrize("vocabulary", [" AB", "CAB"])
def test_long_texts_are_judged_stretch_by_stretch(vocabulary):
    """As their parts are, but for what the cuts leave out; never with more states than a stretch has."""
    part = np.concatenate([ROWS, np.eye(4)[[0]] * 0.96 + 0.01])  # a word of A, one of B; or the word ABA
    short, long = np.tile(part, (8, 1)), np.tile(part, (400, 1))
    found = [log_probability(decoding.greedy(rows), rows, vocabulary) / len(rows) for rows in (short, long)]
    assert found[1] == pytest.approx(found[0], rel=0.2)
    assert len(words_of(decoding.greedy(long), vocabulary)) == (800 if vocabulary[0] == " " else 1)


def test_confidence_is_made_of_probability_temperature_and_length():
    assert confidence(-0.5, 1.0, 1, 0.4) == pytest.approx(np.exp(-0.25))
    assert confidence(-0.5, 2.0, 1, 0.4) == pytest.approx(np.exp(-0.0625))
    assert confidence(-1.0, 1.0, 4, 2.0) == pytest.approx(np.exp(-0.25))
    assert confidence(-1.0, 1.0, 0, 4.0) == pytest.approx(np.exp(-0.25))  # silence: a word a second
    assert confidence(0.0, 1.0, 0, 0.0) == 1
    stretch = confidence(-1.0, 0.8, STRETCH, 5.0)
    for times in (2, 100):  # the length of a long recording does not count
        assert confidence(-1.0 * times, 0.8, times * STRETCH, 5.0) == pytest.approx(stretch)


def test_confidence_falls_with_every_doubt():
    doubts = [log_probability(spelled("A B", " AB", 6), ROWS * s + (1 - s) / 4, " AB") for s in (1, 0.9, 0.7, 0.3)]
    assert all(a > b for a, b in itertools.pairwise(doubts))
