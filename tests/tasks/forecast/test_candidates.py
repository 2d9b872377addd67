"""Candidates are the values that their names say, in NumPy and in a graph; what is not known is replaced."""

import keras
import numpy as np
import pytest

from zoo.tasks.forecast.candidates import NAMES, Layout, candidates

LAYOUT = Layout(short=2, long=4, context=3, horizon=4)
LINE = np.arange(float(LAYOUT.history))[None]  # grows by 1 each step; the last value is 18
RIGHT = {  # of the first and of the fourth step to forecast, whose values would be 19 and 22
    "a short season ago": (17, 18),
    "two short seasons ago": (15, 16),
    "a long season ago": (15, 18),
    "two long seasons ago": (11, 14),
    "mean of seven short seasons": (11, 12),
    "mean of three short seasons": (15, 16),
    "mean of four long seasons": (9, 12),
    "last value": (18, 18),
    "a long season ago, at the level of the last short season": (19, 22),
    "a short season ago, with its growth": (19, 22),
    "a short season ago, with the growth over a long season": (19, 22),
    "a short season ago, with the growth at this step": (19, 22),
    "a short season ago, at the level of the last value": (19, 20),
    "a long season ago, at the level of the last value": (19, 22),
}


def found(values, known=None, xp=np, layout=LAYOUT):
    known = np.ones_like(values) if known is None else known
    return np.asarray(candidates(xp, values * known, known, layout))


@pytest.mark.parametrize("xp", [np, keras.ops], ids=["numpy", "keras"])
def test_candidates_of_a_line(xp):
    steps = found(LINE.astype(np.float32), xp=xp)[0, LAYOUT.context :]
    assert dict(zip(NAMES, zip(steps[0], steps[3], strict=True), strict=True)) == {
        name: pytest.approx(pair, abs=1e-4) for name, pair in RIGHT.items()
    }


def test_steps_before_the_first_are_forecast_from_those_before_them():
    last = found(LINE)[0, LAYOUT.context - 1]
    assert last[NAMES.index("last value")] == 17
    assert last[NAMES.index("a short season ago")] == 16


def test_no_candidate_sees_the_step_or_what_follows():
    noise = np.random.default_rng(0).standard_normal(LINE.shape)
    before = found(noise)
    noise[:, -2] += 100
    changed = np.abs(found(noise) - before).max((0, 2)) > 0
    assert list(changed) == [False, False, True] + [True] * 4


def test_what_is_not_known_is_replaced():
    rng = np.random.default_rng(1)
    values, known = rng.standard_normal(LINE.shape), np.ones_like(LINE)
    known[:, :-3] = 0
    steps = found(values, known)[0, LAYOUT.context :]
    assert np.allclose(steps[0, NAMES.index("a long season ago")], values[0, -2])
    assert np.allclose(steps[1, NAMES.index("mean of seven short seasons")], values[0, [-1, -3]].mean())
    assert not found(values, np.zeros_like(known)).any()
