"""How unlikely the values of series are: anomaly scores."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.core.display import Plotted
from zoo.tasks.forecast import plots
from zoo.tasks.forecast.alarms import ALARM, unusual
from zoo.tasks.forecast.series import Series, alike
from zoo.tasks.forecast.tabular import Tabular

LIMIT = 1e-3
"""Tail probability below which a value is an anomaly, unless told otherwise: one of a thousand."""


@dataclass(frozen=True, eq=False)
class Scores(Plotted, Tabular):
    """How unlikely each value was, given those before it.

    Attributes:
        series: The series.
        nll: Negative natural logarithm of the density at each value, `(time,)` of each series; NaN for the first
            values, from which nothing can be forecast, and for those that were missing.
        tail: Probability of a value at least as far out, on either side, from 0 to 1, `(time,)` of each series.
    """

    series: tuple[Series, ...]
    nll: tuple[np.ndarray, ...]
    tail: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.series)

    def columns(self) -> dict[str, np.ndarray]:
        """Return the scores in the long format: `unique_id`, `ds`, `y`, `nll`, `tail`."""
        return {
            "unique_id": np.concatenate([np.full(len(one), one.name, object) for one in self.series]),
            "ds": np.concatenate(alike([one.times() for one in self.series])),
            "y": np.concatenate([one.values for one in self.series]),
            "nll": np.concatenate(self.nll),
            "tail": np.concatenate(self.tail),
        }

    def anomalies(self, limit: float = LIMIT) -> "Anomalies":
        """Return the values whose tail probability is below a limit, the least likely first."""
        columns = self.columns()
        below = np.flatnonzero(np.nan_to_num(columns["tail"], nan=1) < limit)
        return self._rows(below[np.lexsort((-columns["nll"][below], columns["tail"][below]))])

    @property
    def unusual(self) -> tuple[np.ndarray, ...]:
        """How unusual each value is beside what was usual in its series, `(time,)` of each; see `alarms`."""
        return tuple(unusual(one.values, nll) for one, nll in zip(self.series, self.nll, strict=True))

    def alarms(self, limit: float = ALARM) -> "Anomalies":
        """Return the values that are unusual beside those before them, in order, as a monitor would report them.

        Args:
            limit: How many deviations of the usual surprise are an alarm; see `zoo.tasks.forecast.alarms`.
        """
        return self._rows(np.flatnonzero(np.concatenate(self.unusual) > limit))

    def _rows(self, places: np.ndarray) -> "Anomalies":
        return Anomalies({name: column[places] for name, column in self.columns().items()})

    def plot(self, path: str | os.PathLike[str], limit: float = LIMIT) -> Path:
        """Plot the series and mark the anomalies; return the path.

        Raises:
            ArgumentError: The suffix is none of a picture, or there are too many series.
            MissingExtra: Matplotlib is not installed.
            DataError: The file cannot be written.
        """
        return plots.anomalies(self.series, self.tail, limit, Path(path))


@dataclass(frozen=True, eq=False)
class Anomalies(Tabular):
    """Rows of scores: those of anomalies, or of alarms."""

    rows: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.rows["tail"])

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns of `Scores`."""
        return self.rows
