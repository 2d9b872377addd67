"""Covariates that are known ahead: of the calendar, made from the times; or columns of the user's own."""

from collections.abc import Sequence

import numpy as np

from zoo.errors import CodecError
from zoo.tasks.forecast.series import Series

HOUR, DAY = np.timedelta64(1, "h"), np.timedelta64(1, "D")


def _hour(times: np.ndarray) -> np.ndarray:
    return (times - times.astype("datetime64[D]")) / DAY


def _weekday(times: np.ndarray) -> np.ndarray:
    days = times.astype("datetime64[D]").astype("int64") + 3  # the first of 1970 was a Thursday
    return (days % 7) / 7


def _month(times: np.ndarray) -> np.ndarray:
    return (times.astype("datetime64[M]").astype("int64") % 12) / 12


CALENDAR = {"hour": _hour, "weekday": _weekday, "month": _month}
"""Covariate of the calendar → function of times that returns where in the day, week or year they are, from 0 to 1."""


def listed(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return names that may be given as a text, divided by commas.

    Example:
        >>> listed("hour, price")
        ('hour', 'price')
    """
    parts = names.split(",") if isinstance(names, str) else names
    return tuple(name.strip() for name in parts if name.strip())


def columns_of(names: Sequence[str]) -> list[str]:
    """Return those covariates that are columns of a table, not of the calendar."""
    return [name for name in names if name not in CALENDAR]


def width(names: Sequence[str]) -> int:
    """Return how many numbers covariates are at each step: two of the calendar's, one of a column."""
    return sum(1 + (name in CALENDAR) for name in names)


def known(series: Series, names: Sequence[str], horizon: int) -> np.ndarray:
    """Return the covariates of a series and of the steps after it, `(time + horizon, width)` float64.

    One of the calendar is the sine and the cosine of its place in the cycle. A column is standardized by the mean and
    standard deviation that it has along the series.

    Raises:
        CodecError: The series has no times, or no such column, or this does not reach to the horizon.
    """
    total = len(series) + horizon
    found = [np.zeros((total, 0))]
    for name in names:
        if name in CALENDAR:
            if series.index is None:
                raise CodecError(f"{series.name}: the covariate {name} follows from times, which are not known")
            turn = 2 * np.pi * CALENDAR[name](series.index.times(total))
            found.append(np.stack([np.sin(turn), np.cos(turn)], -1))
            continue
        values = series.covariates.get(name, np.zeros(0))
        if len(values) < total:
            raise CodecError(
                f"{series.name}: {len(values):,} values of the covariate {name} are known: give {total:,}, those of "
                f"the {horizon} steps to forecast among them, in rows whose value is empty"
            )
        past = values[: len(series)]
        found.append(((values[:total] - past.mean()) / max(float(past.std()), 1e-9))[:, None])
    return np.concatenate(found, 1)
