"""A time series: values at regular steps, with what is known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from zoo.errors import CodecError
from zoo.tasks.forecast.seasons import season_of
from zoo.tasks.forecast.time_index import TimeIndex


@dataclass(frozen=True, eq=False)
class Series:
    """Values at regular steps.

    Attributes:
        name: What it is called in results and messages.
        values: `(time,)` float64, all finite: missing ones have been filled.
        index: Their times; None: they are not known.
        covariates: Name → numbers that are known ahead, such as prices or holidays, `(time or more,)`: those of the
            values, then those of the steps to be forecast.
        filled: Which values were missing, `(time,)` bool; None: none was.
        horizon: How many values at the end are to be forecast from those before them, where a model is trained or
            measured.
        seasons: Short and long season in steps; None: what `season_of` finds.
        scaling: Season of MASE and of the seasonal naive forecast; 0: the short one.
        corpus: Data set, for metrics.
        known: Names of the covariates that a model is trained with, divided by commas.
    """

    name: str
    values: np.ndarray
    index: TimeIndex | None = None
    covariates: Mapping[str, np.ndarray] = field(default_factory=dict)
    filled: np.ndarray | None = None
    horizon: int = 0
    seasons: tuple[int, int] | None = None
    scaling: int = 0
    corpus: str = ""
    known: str = ""

    def __post_init__(self) -> None:
        """Take the values as float64.

        Raises:
            CodecError: There is no value, or one is NaN or infinite, or they are no `(time,)`.
        """
        try:
            values = np.asarray(self.values, np.float64)
        except (TypeError, ValueError) as error:
            raise CodecError(f"{self.name}: {error}: give numbers") from error
        if values.ndim != 1 or not len(values):
            raise CodecError(f"{self.name} has the shape {values.shape}: give at least one value, (time,)")
        if not np.isfinite(values).all():
            at = int(np.argmin(np.isfinite(values)))
            raise CodecError(f"{self.name}: value number {at} is {values[at]}: give finite numbers")
        object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def history(self) -> np.ndarray:
        """The values from which those of the horizon are forecast, `(time - horizon,)`."""
        return self.values[: len(self.values) - self.horizon]

    @property
    def target(self) -> np.ndarray:
        """The values to forecast, `(horizon,)`."""
        return self.values[len(self.values) - self.horizon :]

    @property
    def season(self) -> tuple[int, int]:
        """Short and long season in steps; 1 where there is none."""
        return self.seasons or season_of(self.history, self.index)

    def until(self, end: int, horizon: int = 0) -> "Series":
        """Return the series as it was known after `end` values, of which the last `horizon` are to be forecast."""
        filled = None if self.filled is None else self.filled[:end]
        return replace(self, values=self.values[:end], filled=filled, horizon=horizon)

    def since(self, first: int) -> "Series":
        """Return the series as if nothing were known before the value of a number."""
        return replace(
            self, values=self.values[first:], index=self.index and self.index.moved(first),
            covariates={name: values[first:] for name, values in self.covariates.items()},
            filled=None if self.filled is None else self.filled[first:],
        )  # fmt: skip

    def times(self, count: int | None = None, first: int = 0) -> np.ndarray:
        """Return the times of values, `(count,)` datetime64[us]; their numbers where times are not known.

        Args:
            count: How many; None: those of all values.
            first: Number of the first one; that of the first step to be forecast is the number of values.
        """
        count = len(self) if count is None else count
        return np.arange(first, first + count) if self.index is None else self.index.times(count, first)


def alike(times: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the times of several series in one type: objects, if only some of them are known."""
    if len({one.dtype for one in times}) == 1:
        return [*times]
    return [np.array([*one], object) for one in times]
