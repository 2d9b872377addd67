"""Forecasts of one or several series: quantiles of every step, as arrays, tables and plots."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.core.display import Plotted
from zoo.errors import ArgumentError
from zoo.tasks.forecast import plots
from zoo.tasks.forecast.series import Series, alike
from zoo.tasks.forecast.tabular import Tabular


@dataclass(frozen=True, eq=False)
class Forecast(Plotted, Tabular):
    """A forecast of one or several series.

    `forecast[0]` and `forecast["load"]` are those of one series, and so are the items of a loop.

    Attributes:
        series: The series that are continued.
        levels: Levels of the quantiles, between 0 and 1, ascending.
        values: Quantiles, `(series, horizon, levels)` float64.
        median: `(series, horizon)` float64.
        samples: Sample paths, `(series, samples, horizon)` float64; None if none were asked for.
    """

    series: tuple[Series, ...]
    levels: tuple[float, ...]
    values: np.ndarray
    median: np.ndarray
    samples: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> "Iterator[Forecast]":
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: int | str | slice) -> "Forecast":
        """Return the forecast of a series by its number or name, or of several by a slice.

        Raises:
            ArgumentError: No series has this name.
        """
        if isinstance(key, str):
            if key not in self.names:
                raise ArgumentError(f"{key!r:.60}: no series of the forecast; there are: {', '.join(self.names):.300}")
            key = self.names.index(key)
        part = key if isinstance(key, slice) else slice(range(len(self))[key], range(len(self))[key] + 1)
        samples = None if self.samples is None else self.samples[part]
        return Forecast(self.series[part], self.levels, self.values[part], self.median[part], samples)

    @property
    def names(self) -> list[str]:
        """Names of the series."""
        return [one.name for one in self.series]

    @property
    def horizon(self) -> int:
        """Number of steps."""
        return self.median.shape[1]

    @property
    def times(self) -> np.ndarray:
        """Times of the steps, `(series, horizon)` datetime64[us]; their numbers where times are not known."""
        return np.stack(alike([one.times(self.horizon, len(one)) for one in self.series]))

    def columns(self) -> dict[str, np.ndarray]:
        """Return the forecast in the long format: `unique_id`, `ds`, `forecast` (the median), `q10`, `q90` …."""
        quantiles = {f"q{100 * level:g}": self.values[..., i].ravel() for i, level in enumerate(self.levels)}
        names = np.repeat(np.array(self.names, object), self.horizon)
        return {"unique_id": names, "ds": self.times.ravel(), "forecast": self.median.ravel(), **quantiles}

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Plot the end of each series and its forecast with the intervals between quantiles; return the path.

        Raises:
            ArgumentError: The suffix is none of a picture, or there are too many series.
            MissingExtra: Matplotlib is not installed.
            DataError: The file cannot be written.
        """
        return plots.fans(self.series, self.levels, self.values, self.median, Path(path))
