"""Times at regular steps: hours, days, weekdays, months; and where times that were given lie on such a grid."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from zoo.errors import CodecError
from zoo.tasks.forecast.times import DTYPE

DAY = np.timedelta64(1, "D")
DAY_US, WEEK_US = 86_400 * 10**6, 7 * 86_400 * 10**6
EPOCH = np.datetime64("1970-01-01")
LONGEST = 1 << 24
"""Most steps of a series."""


class Unit(NamedTuple):
    """A unit of steps: how times are numbered by it, and the time at which each number begins."""

    number: Callable[[np.ndarray], np.ndarray]
    time: Callable[[np.ndarray], np.ndarray]


def _day(times: np.ndarray) -> np.ndarray:
    return times.astype("datetime64[D]")


def _month(times: np.ndarray) -> np.ndarray:
    return times.astype("datetime64[M]").astype("int64")


UNITS = {
    "weekday": Unit(lambda t: np.busday_count(EPOCH, _day(t)), lambda n: np.busday_offset(EPOCH, n)),
    "month": Unit(_month, lambda n: n.astype("datetime64[M]")),
    "month end": Unit(lambda t: _month(t + DAY) - 1, lambda n: _day((n + 1).astype("datetime64[M]")) - DAY),
    "us": Unit(lambda t: t.astype("int64"), lambda n: n.astype(DTYPE)),
}
"""Monday to Friday; the same day of every month; its last day; microseconds."""


@dataclass(frozen=True)
class TimeIndex:
    """Times at regular steps.

    Attributes:
        start: The first one, datetime64[us].
        step: From one to the next, in units.
        unit: One of `UNITS`.
    """

    start: np.datetime64
    step: int
    unit: str = "us"

    def times(self, count: int, first: int = 0) -> np.ndarray:
        """Return times from the one with the number `first` on, `(count,)` datetime64[us]."""
        unit, start = UNITS[self.unit], np.array([self.start], DTYPE)
        number = unit.number(start)
        within = start - unit.time(number).astype(DTYPE)
        return unit.time(number + self.step * (first + np.arange(count))).astype(DTYPE) + within

    def moved(self, first: int) -> "TimeIndex":
        """Return the index that starts so many steps later."""
        return TimeIndex(self.times(1, first)[0], self.step, self.unit)

    def __str__(self) -> str:
        """Return the step as text, such as `1 hour`."""
        count, name = self.step, self.unit.removesuffix(" end")
        if name == "us":
            sizes = {"week": WEEK_US, "day": DAY_US, "hour": 3_600 * 10**6, "minute": 60 * 10**6, "second": 10**6}
            name = next((name for name, size in sizes.items() if count % size == 0), "microsecond")
            count //= sizes.get(name, 1)
        return f"{count:,} {name}{'s' * (count > 1)}"


def regular(times: np.ndarray, row: Callable[[int], str]) -> tuple[TimeIndex, np.ndarray]:
    """Return the regular index that times lie on, and the number of each time on it, from 0 on.

    The step is the most frequent one. Times may be missing in between.

    Args:
        times: `(rows,)` datetime64[us], at least two.
        row: Names a row in messages.

    Raises:
        CodecError: Times come twice or are out of order, steps are irregular, or there are more than `LONGEST`; the
            message names the first row.
    """
    _check_order(times, row)
    for name in _units(times):
        numbers = UNITS[name].number(times)
        within = times - UNITS[name].time(numbers).astype(DTYPE)
        step = _most_frequent(np.diff(numbers))
        if step and np.all(within == within[0]) and not np.any(np.diff(numbers) % step):
            positions = (numbers - numbers[0]) // step
            if positions[-1] >= LONGEST:
                raise CodecError(
                    f"{row(len(times) - 1)}: more than {LONGEST:,} steps of {TimeIndex(times[0], step, name)}"
                )
            return TimeIndex(times[0], step, name), positions
    steps = np.diff(times).astype("int64")
    usual = _most_frequent(steps)
    bad = int(np.flatnonzero(steps % usual)[0]) + 1
    raise CodecError(
        f"{row(bad)}: the time {spelled(times[bad])} follows {spelled(times[bad - 1])}, where others are "
        f"{TimeIndex(times[0], usual)} apart: give values at regular times (pandas: resample)"
    )


def _check_order(times: np.ndarray, row: Callable[[int], str]) -> None:
    wrong = np.flatnonzero(np.diff(times) <= np.timedelta64(0))
    if not len(wrong):
        return
    at = int(wrong[0]) + 1
    if times[at] == times[at - 1]:
        raise CodecError(
            f"{row(at)}: the time {spelled(times[at])} comes twice: give one row per time (times in UTC, where clocks "
            "are set back), and several series as columns, or below one another with a column unique_id"
        )
    raise CodecError(f"{row(at)}: the time {spelled(times[at])} follows {spelled(times[at - 1])}: sort rows by time")


def _units(times: np.ndarray) -> list[str]:
    """List the units that may fit times in order, the most telling one first."""
    steps = np.diff(times).astype("int64")
    if steps.min() >= 28 * DAY_US:
        return ["month", "month end", "us"]
    weekdays = _most_frequent(steps) == DAY_US and times[-1] - times[0] >= 7 * DAY and np.all(np.is_busday(_day(times)))
    return ["weekday", "us"] if weekdays else ["us"]


def _most_frequent(steps: np.ndarray) -> int:
    """Return the most frequent step; of several the smallest."""
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)])


def spelled(time: np.datetime64) -> str:
    """Return a time as text, as short as it is exact, such as `2020-01-31 06:00`.

    Example:
        >>> spelled(np.datetime64("2020-01-31T00:00:00.000000"))
        '2020-01-31'
    """
    text = str(time.astype(DTYPE)).replace("T", " ").removesuffix(".000000").removesuffix(":00")
    return text.removesuffix(" 00:00")
