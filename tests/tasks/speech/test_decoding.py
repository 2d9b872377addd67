import itertools

import numpy as np
import pytest

from tests.tasks.speech.recognizers import random_rows, texts_by_force
from zoo.tasks.speech import decoding


@pytest.mark.parametrize("seed", range(4))
def test_beam_finds_the_likeliest_text(seed):
    rows, vocabulary = random_rows(seed), " AB"
    by_force = texts_by_force(rows, vocabulary)
    found = decoding.beam(rows, vocabulary, width=1000)
    best = max(by_force, key=lambda text: by_force[text][0])
    assert found[0][0] == best
    for text, logarithm in found[:10]:
        assert np.exp(logarithm) == pytest.approx(by_force[text][0], rel=0.02)
    assert len(decoding.beam(rows, vocabulary, width=3)) <= 3


@pytest.mark.parametrize("seed", range(4))
def test_beam_keeps_to_the_words(seed):
    rows, vocabulary, words = random_rows(seed), " AB", {"A", "BA"}
    by_force = {
        t: p
        for t, p in texts_by_force(rows, vocabulary).items()
        if not t or set(t.removesuffix(" ").split(" ")) <= words
    }
    found = decoding.beam(rows, vocabulary, 1000, decoding.Lexicon(words))
    assert found[0][0] == max(by_force, key=lambda text: by_force[text][0])
    assert all(set(text.split()) <= words for text, _ in found)


@pytest.mark.parametrize("seed", range(4))
def test_alignment_is_the_likeliest(seed):
    rows, vocabulary = random_rows(seed), " AB"
    for text, (_, _, path) in list(texts_by_force(rows, vocabulary).items())[:40]:
        ids = np.array([vocabulary.index(c) for c in text], int)
        spells = decoding.align(rows, ids)
        assert [spell.id for spell in spells] == ids.tolist()
        runs = [(k, len(list(run))) for k, run in itertools.groupby(path)]
        starts = np.cumsum([0, *(n for _, n in runs)])
        expected = [(int(starts[i]), int(starts[i + 1])) for i, (k, _) in enumerate(runs) if k < 3]
        assert [(spell.start, spell.end) for spell in spells] == expected
    assert decoding.align(rows[:1], np.array([0, 1])) == []


def test_greedy_goes_on_from_the_step_before():
    rows = np.eye(4)[[1, 1, 3, 1, 2, 2]]
    whole = decoding.greedy(rows)
    assert [(s.id, s.start, s.end) for s in whole] == [(1, 0, 2), (1, 3, 4), (2, 4, 6)]
    for cut in range(1, 6):
        after = decoding.greedy(rows[cut:], cut, before=int(rows[cut - 1].argmax()))
        assert [s.id for s in decoding.greedy(rows[:cut]) + after] == [1, 1, 2]
    assert decoding.greedy(rows[:2], before=1) == []


def test_a_word_that_is_not_finished_does_not_cost_the_others():
    rows = np.full((6, 4), 0.01)
    for step, k in enumerate([1, 3, 0, 2, 3, 3]):
        rows[step, k] = 0.97
    assert decoding.beam(rows, " AB", 1, decoding.Lexicon(["A", "BA"]))[0][0] == "A"
