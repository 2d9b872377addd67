"""Alarms: what is unusual beside the values before it, each as it arrives, and not again at once."""

import numpy as np
import pytest

from zoo.tasks.forecast.alarms import ALARM, BEYOND, FEWEST, FLOOR, LEAST, PAUSE, RECORD, SHARE, USUAL, unusual

RNG = np.random.default_rng(0)
FLAT = np.sin(np.arange(3000.0))


def test_deviations_from_what_was_usual():
    nll = RNG.uniform(-1, 1, 3000)  # of which none is LEAST deviations away
    at = 2700
    nll[at] = 30
    before = nll[at - USUAL : at]
    found = unusual(FLAT, nll)
    assert found[at] == pytest.approx((30 - before.mean()) / np.sqrt(before.var() + FLOOR**2) / LEAST**SHARE)
    assert list(np.flatnonzero(found > ALARM)) == [at]
    assert (found[:FEWEST] <= 0).all()


def test_a_noisy_series_has_no_more_alarms_than_a_calm_one():
    nll = RNG.normal(size=3000)
    for scale in (1, 20):
        assert not (unusual(FLAT, scale * nll) > ALARM).any()


def test_a_series_that_surprises_often_has_fewer_alarms():
    calm, restless = np.zeros(3000), np.zeros(3000)
    restless[200::200] = 8
    calm[2000] = restless[2000] = 10
    assert unusual(FLAT, calm)[2000] > 3 * unusual(FLAT, restless)[2000]


@pytest.mark.parametrize("sign", [1, -1])
def test_records(sign):
    values, nll = sign * FLAT.copy(), np.zeros(3000)
    values[1000] = sign * (1 + 2 * BEYOND * 0.9)  # the range is 2
    values[2000] = values[2500] = sign * (1 + 2 * BEYOND * 2.1)
    values[2500] *= 2
    nll[[1000, 2000]] = 1
    assert ((unusual(values, nll)[[1000, 2000, 2500]] > RECORD) == [False, True, False]).all()
    assert not unusual(np.ones(200), np.zeros(200)).any()


def test_silence_after_an_alarm_unless_the_next_is_more_unusual():
    nll = np.zeros(1000)
    places = np.array([500, 510, 540, 500 + PAUSE - 1, 540 + PAUSE + 1])
    nll[places] = [20, 20, 2000, 60, 5000]
    alarms = np.flatnonzero(unusual(FLAT[:1000], nll) > ALARM)
    assert alarms.tolist() == [500, 540, 641]


def test_values_are_judged_as_they_arrive():
    values, nll = RNG.normal(size=(2, 800))
    nll[:20] = nll[300] = np.nan
    whole = unusual(values, nll)
    assert whole[300] <= 0
    for end in (60, 301, 640):
        assert np.array_equal(unusual(values[:end], nll[:end]), whole[:end])


def test_an_empty_or_short_series():
    assert unusual(np.ones(1), np.array([np.nan])).tolist() == [0]
