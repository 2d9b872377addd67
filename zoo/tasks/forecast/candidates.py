"""Candidates for every value: forecasts by rules, such as the value a season ago, among which a network chooses.

All of them are averages of values, so that they scale with a series. They are computed with NumPy, or with `keras.ops`
inside of a graph, from histories of one length: what is not known is zero there, and marked so.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

NAMES = (
    "a short season ago", "two short seasons ago", "a long season ago", "two long seasons ago",
    "mean of seven short seasons", "mean of three short seasons", "mean of four long seasons", "last value",
    "a long season ago, at the level of the last short season", "a short season ago, with its growth",
    "a short season ago, with the growth over a long season", "a short season ago, with the growth at this step",
    "a short season ago, at the level of the last value", "a long season ago, at the level of the last value",
)  # fmt: skip
DAYS, FEW, WEEKS = 7, 3, 4
"""Short seasons, and long ones, that means are taken of."""

Pair = tuple[Any, Any]
"""Values `(batch, time)` and where they are known, 1 or 0."""


@dataclass(frozen=True)
class Layout:
    """Where the values are that candidates are made of, for the last steps of a history and for those after it.

    Attributes:
        short: Steps of the short season; 1 where there is none.
        long: Steps of the long season.
        context: Steps before the first one to forecast.
        horizon: Steps to forecast.
    """

    short: int
    long: int
    context: int
    horizon: int

    @functools.cached_property
    def history(self) -> int:
        """Values before the first one to forecast that candidates may be made of."""
        return self.context + max(WEEKS * self.long, DAYS * self.short, 2 * self.long + self.short)

    @functools.cached_property
    def steps(self) -> np.ndarray:
        """Number of each step, `(context + horizon,)`: 1 is the first one to forecast."""
        return np.arange(1 - self.context, self.horizon + 1)

    @functools.cached_property
    def seasons_ahead(self) -> np.ndarray:
        """How many short seasons ago the last one is known, at each step."""
        return np.maximum(1, np.ceil(self.steps / self.short))

    @functools.cached_property
    def last(self) -> np.ndarray:
        """Place in the history of the last value that is known at each step."""
        return self.history - 1 + np.minimum(self.steps - 1, 0)

    def ago(self, season: int, count: int) -> np.ndarray:
        """Return the place in the history of the value so many seasons before each step, the last known one first."""
        ahead = np.maximum(1, np.ceil(self.steps / season)).astype(int)
        return self.history - 1 + self.steps - (ahead + count - 1) * season


def candidates(xp: Any, values: Any, known: Any, layout: Layout) -> Any:
    """Return the candidates for each step, `(batch, context + horizon, candidates)`.

    Args:
        xp: NumPy, or `keras.ops` in a graph.
        values: Histories, scaled: `(batch, layout.history)`; 0 where they are not known.
        known: 1 or 0 of each value.
        layout: Where the values are.
    """
    short, long = layout.short, layout.long

    def at(places: np.ndarray) -> Pair:
        return xp.take(values, places, axis=1), xp.take(known, places, axis=1)

    def mean(season: int, count: int) -> Pair:
        pairs = [at(layout.ago(season, i + 1)) for i in range(count)]
        total, found = (functools.reduce(lambda a, b: a + b, parts) for parts in zip(*pairs, strict=True))
        return total / xp.maximum(found, 1), xp.minimum(found, 1)

    sums, counts = xp.cumsum(values, axis=1), xp.cumsum(known, axis=1)

    def level(places: np.ndarray) -> Pair:  # mean of a short season that ends there
        total, found = (xp.take(s, places, axis=1) - xp.take(s, places - short, axis=1) for s in (sums, counts))
        return total / xp.maximum(found, 1), xp.minimum(found, 1)

    def change(new: Pair, old: Pair) -> Any:
        return (new[0] - old[0]) * new[1] * old[1]

    day, week = at(layout.ago(short, 1)), at(layout.ago(long, 1))
    earlier, last, ahead = at(layout.ago(short, 2)), at(layout.last), np.float32(layout.seasons_ahead)
    now = level(layout.last)
    growth = change(now, level(layout.last - long))
    rows: list[Pair] = [
        day, earlier, week, at(layout.ago(long, 2)), mean(short, DAYS), mean(short, FEW), mean(long, WEEKS), last,
        (week[0] + growth, week[1]),
        (day[0] + ahead * change(now, level(layout.last - short)), day[1]),
        (day[0] + ahead * growth * (short / long), day[1]),
        (day[0] + ahead * change(day, earlier), day[1]),
        (day[0] + change(last, at(layout.last - short)), day[1]),
        (week[0] + change(last, at(layout.last - long)), week[1]),
    ]  # fmt: skip
    usual = day[0] * day[1] + last[0] * last[1] * (1 - day[1])
    return xp.stack([value * there + usual * (1 - there) for value, there in rows], axis=-1)
