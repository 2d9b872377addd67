import numpy as np
import pytest

from zoo.tasks.forecast.seasons import horizon_of, of_index, season_of
from zoo.tasks.forecast.time_index import TimeIndex

START = np.datetime64("2020-01-01", "us")
MINUTE, DAY = 60 * 10**6, 86_400 * 10**6


@pytest.mark.parametrize(
    ("step", "unit", "seasons"),
    [
        (60 * MINUTE, "us", (24, 168)),
        (30 * MINUTE, "us", (48, 336)),
        (15 * MINUTE, "us", (96, 672)),
        (MINUTE, "us", (1440, 10080)),
        (10**6, "us", (3600, 86400)),
        (7 * MINUTE, "us", (1440, 1440)),
        (DAY, "us", (7, 364)),
        (7 * DAY, "us", (52, 52)),
        (11 * DAY, "us", (1, 1)),
        (1, "weekday", (5, 260)),
        (1, "month", (12, 12)),
        (3, "month end", (4, 4)),
        (12, "month", (1, 1)),
    ],
)
def test_seasons_follow_from_the_step(step, unit, seasons):
    index = TimeIndex(START, step, unit)
    assert of_index(index) == seasons
    assert season_of(np.arange(10.0), index) == seasons


@pytest.mark.parametrize(("period", "seasons"), [(7, (7, 7)), (24, (24, 168)), (12, (12, 12)), (0, (1, 1))])
def test_seasons_are_found_without_times(period, seasons):
    rng, at = np.random.default_rng(period), np.arange(400)
    wave = np.sin(2 * np.pi * at / period) + 0.4 * np.sin(4 * np.pi * at / period + 1) if period else 0
    assert season_of(wave + 0.02 * at + 0.3 * rng.standard_normal(400)) == seasons


@pytest.mark.parametrize("values", [np.ones(100), np.arange(100.0), np.arange(4.0), np.cumsum(np.ones(300) * 1e200)])
def test_nothing_repeats_in_straight_lines(values):
    assert season_of(values) == (1, 1)


def test_a_random_walk_has_no_season():
    walks = np.random.default_rng(0).standard_normal((20, 400)).cumsum(1)
    assert sum(season_of(walk) != (1, 1) for walk in walks) <= 2


def test_horizons_are_those_of_m4():
    assert [horizon_of(season) for season in (24, 52, 7, 12, 4, 1, 96)] == [48, 13, 14, 18, 8, 12, 96]
