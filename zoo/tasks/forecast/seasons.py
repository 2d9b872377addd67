"""Seasons: how many steps a day, a week or a year has; found by autocorrelation where there are no times."""

import numpy as np

from zoo.tasks.forecast.baselines import autocorrelation
from zoo.tasks.forecast.time_index import DAY_US, WEEK_US, TimeIndex

HOUR_US, MINUTE_US = 3_600 * 10**6, 60 * 10**6
YEAR_US = 52 * WEEK_US  # whole weeks: of the same weekday
LONGEST = 4_096
"""Longest season that is looked for by autocorrelation, in steps."""
LEAST, PROMINENCE = 0.3, 0.1  # of a peak of the autocorrelation: its height, and that above the lowest value before it
NEAR = 0.6  # of the highest peak: the first peak that reaches it is the season
DAYS = (24, 48, 96, 144, 288, 1440)
"""Steps of a day of an hour, half an hour, a quarter, 10, 5 and 1 minutes, of which seven are a week."""
HORIZONS = {4: 8, 5: 10, 7: 14, 12: 18, 24: 48, 52: 13}
"""Season → horizon: those of the M4 competition."""


def season_of(values: np.ndarray, index: TimeIndex | None = None) -> tuple[int, int]:
    """Return the short and the long season of a series in steps; 1 where there is none.

    Args:
        values: `(time,)`; they decide where there is no index.
        index: Its times. Hourly values have 24 and 168, daily ones 7 and 364, monthly ones 12 and 12.
    """
    return _detected(np.asarray(values, float)) if index is None else of_index(index)


def of_index(index: TimeIndex) -> tuple[int, int]:
    """Return the short and the long season of regular times, in steps; 1 where there is none.

    Example:
        >>> of_index(TimeIndex(np.datetime64("2020-01-01"), 15 * 60 * 10**6))
        (96, 672)
    """
    if index.unit == "weekday":
        return (5, 260) if index.step == 1 else (1, 1)
    cycles: tuple[int, ...] = (12,)
    if index.unit == "us":
        cycles = (DAY_US, WEEK_US) if index.step >= MINUTE_US else (HOUR_US, DAY_US)
        cycles = (WEEK_US, YEAR_US) if index.step >= DAY_US else cycles
    steps = [cycle // index.step for cycle in cycles if cycle % index.step == 0 and cycle >= 2 * index.step]
    return (steps[0], steps[-1]) if steps else (1, 1)


def horizon_of(season: int) -> int:
    """Return a usual number of steps to forecast for a short season: that of M4, or two seasons."""
    return HORIZONS.get(season, min(2 * season, 96) if season > 1 else 12)


def _detected(values: np.ndarray) -> tuple[int, int]:
    """Find the seasons of values by the peaks of their autocorrelation."""
    most = min(LONGEST, len(values) // 3)
    if most < 2:
        return 1, 1
    steps = np.arange(len(values))
    found = np.r_[1.0, autocorrelation(values - np.polyval(np.polyfit(steps, values, 1), steps), most + 1)]
    found *= len(values) / (len(values) - np.arange(most + 2))  # which fewer pairs have at long lags
    lowest = np.minimum.accumulate(found)
    heights = {
        lag: float(found[lag])
        for lag in range(2, most + 1)
        if found[lag - 1] < found[lag] >= found[lag + 1] and found[lag] - lowest[lag] > PROMINENCE
    }
    short = next((lag for lag, height in heights.items() if height >= NEAR * max(heights.values())), 1)
    if heights.get(short, 0) < LEAST:
        return 1, 1
    return short, 7 * short if short in DAYS else short
