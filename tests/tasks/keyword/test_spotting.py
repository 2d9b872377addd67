import numpy as np
import pytest

from tests.tasks.keyword.spotters import WORDS
from zoo.errors import ArgumentError
from zoo.tasks.keyword.spotting import HOLD, LONGEST_HOLD, Averages, Detector, Spotting, bounds, levels

OPTIONS = Spotting.of(WORDS, 0.6)


def detected(rows, levels_db=None, options=OPTIONS, size=1):
    """Feed rows of logits in parts."""
    averages, detector, found = Averages(options), Detector(options), []
    levels_db = np.zeros(len(rows)) if levels_db is None else levels_db
    for i in range(0, len(rows), size):
        part = rows[i : i + size]
        found += detector.more(averages.more(part), part, levels_db[i : i + size])
    return [*found, *detector.end()]


def rows_of(*runs):
    """Logits of steps: runs of `(class, steps)`."""
    ids = np.repeat([index for index, _ in runs], [steps for _, steps in runs])
    return 8.0 * np.eye(len(WORDS))[ids]


def test_averages_are_those_of_the_last_steps():
    rows = np.random.default_rng(0).normal(size=(60, 4))
    averages = Averages(OPTIONS)
    found = np.concatenate([averages.more(part) for part in np.split(rows, [1, 30, 31])])
    for step in (0, 10, 24, 59):
        mean = rows[max(0, step - 24) : step + 1].mean(0)
        np.testing.assert_allclose(found[step], np.exp(mean) / np.exp(mean).sum(), rtol=1e-5)


@pytest.mark.parametrize("size", [1, 7, 500])
def test_each_word_is_told_once(size):
    rows = rows_of((3, 40), (1, 25), (3, 40), (0, 30), (2, 30), (1, 30))
    found = detected(rows, size=size)
    assert [one.word for one in found] == ["yes", "no", "yes"]
    assert all(one.probability > 0.99 for one in found)
    likely = next(k for k in range(25) if 8 * (2 * k - 25) / 25 > np.log(1.5))  # steps of the word among the last 25
    assert found[0].seconds == pytest.approx(0.04 * (40 + likely + LONGEST_HOLD))
    assert detected(rows_of((3, 40), (1, 16)))[0].seconds == pytest.approx(0.04 * 56)  # the sound ends with it
    assert detected(rows_of((3, 40), (1, 14), (3, 20)))[0].seconds == pytest.approx(0.04 * (54 + HOLD))


def test_words_that_are_not_asked_for_or_unlikely_are_not_told():
    rows = rows_of((3, 40), (1, 25), (3, 40), (0, 25), (3, 40))
    assert [one.word for one in detected(rows, options=Spotting.of(WORDS, 0.6, words="no"))] == ["no"]
    assert not detected(0.1 * rows)
    assert not detected(rows[:24])  # less than a second
    assert len(detected(rows, options=Spotting.of(WORDS, 0.6, refractory_s=9))) == 1
    assert len(detected(0.1 * rows, options=Spotting.of(WORDS, 0.6, temperature=0.1))) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"words": ["up"]},
        {"words": ["_unknown_"]},
        {"refractory_s": -1},
        {"smoothing_s": 0},
        {"smoothing_s": float("nan")},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        Spotting.of(WORDS, 0.5, **options)


def test_a_word_is_where_it_is_loud():
    rows, levels_db = rows_of((3, 10), (1, 15)), np.full(25, -60.0)
    levels_db[[2, 7, 8, 10, 11]] = -10.0
    assert bounds(rows, 1, levels_db) == (7, 12)
    assert bounds(rows, 1, np.full(25, -10.0)) == (0, 25)
    np.testing.assert_allclose(levels(np.stack([np.full(640, 0.1), np.zeros(640)])), [-20, -100], atol=1e-3)
