"""Models that forecast time series. NumPy only."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.core.calibration import Calibration
from zoo.core.progress import bar
from zoo.core.validation import number
from zoo.errors import ArgumentError, CodecError
from zoo.models.model import Model
from zoo.tasks.forecast.backtest import LEVELS, Backtest, errors, run, summary
from zoo.tasks.forecast.baselines import naive2
from zoo.tasks.forecast.calibration import INTERVAL, calibrated
from zoo.tasks.forecast.covariates import columns_of, known, listed
from zoo.tasks.forecast.distribution import MEDIAN, Distribution, ForecastCodec, Scaled
from zoo.tasks.forecast.reading import Names, read
from zoo.tasks.forecast.result import Forecast
from zoo.tasks.forecast.scores import Scores
from zoo.tasks.forecast.seasons import horizon_of
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.settings import MOST_HORIZON
from zoo.tasks.forecast.steps import layout_of
from zoo.tasks.forecast.time_index import TimeIndex

if TYPE_CHECKING:
    import keras

BATCH = 64
MOST_LEVELS, MOST_SAMPLED = 999, 1 << 27
LEAST = 3
"""Fewest values of a history."""
HOURLY = TimeIndex(np.datetime64("2020-01-01", "us"), 3_600 * 10**6)


class Forecaster(Model):
    """A model that forecasts time series."""

    codec: ForecastCodec

    def forecast(
        self,
        data: Any,
        horizon: int | None = None,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        samples: int = 0,
        seed: int | None = None,
        **reading: Any,
    ) -> Forecast:
        """Forecast what follows one or several series.

        Args:
            data: The series: an array `(time,)` or `(time, series)`, a data frame, the path of a CSV file, or a list of
                them; see `zoo.tasks.forecast.reading.read`.
            horizon: Steps to forecast; None: a usual number for the season, such as 48 hours or 18 months.
            quantiles: Levels between 0 and 1.
            samples: Sample paths of each series.
            seed: Of the samples; None takes others each time.
            reading: `column`, `time_column`, `season`, `long_season`; see `series`.

        Raises:
            ArgumentError: A number is out of range, or a column is missing.
            DataError: A file cannot be read.
            CodecError: A value is no number, steps are irregular, or a series is too short.
        """
        some = self.series(data, **reading)
        horizon = self._horizon(horizon, some)
        levels = _levels(quantiles)
        number("samples", samples, 0, MOST_SAMPLED // (len(some) * horizon), whole=True)
        rng = np.random.default_rng(seed)
        found = [
            (d.quantile(levels), d.quantile(MEDIAN)[..., 0], _paths(d, len(batch), samples, horizon, rng))
            for batch, d in self._distributions(some, horizon)
        ]
        values, median, paths = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return Forecast(tuple(some), levels, values, median, paths if samples else None)

    def score(self, data: Any, stride: int = 1, **reading: Any) -> Scores:
        """Tell how unlikely each value of series was, given those before it: anomalies.

        Args:
            data: The series; see `forecast`.
            stride: Values that are judged by one forecast, made from all before them; more take less time.
            reading: See `series`. A season that is found by autocorrelation is that of the whole series.

        Raises:
            ArgumentError: A number is out of range, or a column is missing.
            DataError: A file cannot be read.
            CodecError: A value is no number, steps are irregular, or a series is too short.
        """
        some = self.series(data, **reading)
        stride = number("stride", stride, 1, MOST_HORIZON, whole=True)
        scores = [self._scores(one, stride) for one in some]
        return Scores(tuple(some), tuple(nll for nll, _ in scores), tuple(tail for _, tail in scores))

    def backtest(
        self, data: Any, horizon: int | None = None, windows: int = 5, stride: int | None = None, **reading: Any
    ) -> Backtest:
        """Measure forecasts of the ends of series beside the naive and the seasonal naive forecast.

        Args:
            data: The series; see `forecast`.
            horizon: Steps of each forecast; see `forecast`.
            windows: Forecasts of each series; the last one ends with it.
            stride: Steps from one to the next; None: the horizon.
            reading: See `series`.

        Raises:
            ArgumentError: A number is out of range, or a column is missing.
            DataError: A file cannot be read.
            CodecError: A value is no number, steps are irregular, or a series is too short.
        """
        some = self.series(data, **reading)
        horizon = self._horizon(horizon, some)
        return run(some, horizon, windows, stride or horizon, self.card.name, self._quantiles)

    def rollout(
        self,
        horizon: int = 48,
        season: tuple[int, int] = (24, 168),
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        samples: int = 100,
    ) -> "keras.Model":
        """Return a Keras model of the whole forecast, with scaling and sampling inside, for `zoo.export.save`.

        Args:
            horizon: Steps to forecast.
            season: Short and long season in steps.
            quantiles: Levels between 0 and 1.
            samples: Sample paths.

        Returns:
            A model of `history (batch, time)`, `known (batch, time)`, 1 where a value of the history is known and 0
            elsewhere, and `normals (batch, samples, horizon)`, standard normal numbers; it returns `quantiles (batch,
            horizon, levels)` and `paths (batch, samples, horizon)`.

        Raises:
            ArgumentError: A number is out of range, or the network takes covariates.
            MissingExtra: Keras is not installed.
        """
        if self.codec.covariates:
            raise ArgumentError(f"covariates {self.codec.covariates}: a rollout takes none: export the network itself")
        horizon = int(number("horizon", horizon, 1, MOST_HORIZON, whole=True))
        number("samples", samples, 1, MOST_SAMPLED // horizon, whole=True)
        layout = layout_of(season, self.codec.context, horizon)
        network = self.network
        from zoo.tasks.forecast import frontend

        return frontend.rollout(network, layout, _levels(quantiles), samples, self.card.calibration.temperature)

    def series(
        self, data: Any, column: Names = None, time_column: str = "", season: int = 0, long_season: int = 0
    ) -> list[Series]:
        """Read series as the model takes them.

        Args:
            data: See `forecast`.
            column: Column, or columns, of a table; None: all that have numbers.
            time_column: Column with the times; "": found by name and content.
            season: Steps of the short season, such as 24; 0: from the step, or found by autocorrelation.
            long_season: Steps of the long season, such as 168; 0: likewise, or the short one if that is given.

        Raises:
            ArgumentError: A number is out of range, or a column is missing.
            DataError: A file cannot be read.
            CodecError: A value is no number, or steps are irregular.
        """
        number("season", season, 0, whole=True)
        number("long_season", long_season, 0, whole=True)
        found = read(data, column, time_column, columns_of(listed(self.codec.covariates)))
        if not (season or long_season):
            return found
        return [
            replace(one, seasons=(season or one.season[0], long_season or season or one.season[1])) for one in found
        ]

    def measure(self, pieces: Sequence[Series], progress: bool = False) -> dict[str, float]:
        """Measure forecasts of the last `horizon` values of series.

        Returns:
            For every corpus among the pieces, `<corpus>_smape`, `_mase`, `_owa` (relative to Naive2), `_quantile_loss`
            (weighted, levels 0.1 to 0.9) and `_coverage` (of the 80 % interval, in percent), means over its series;
            without a prefix for the user's own series. `tokens`: values.

        Raises:
            ArgumentError: There is no piece, or one without values to forecast.
        """
        if not pieces or not all(piece.horizon for piece in pieces):
            raise ArgumentError("no values to forecast: give at least one series, each with a horizon")
        rows: dict[str, list[tuple[dict[str, float], dict[str, float]]]] = {}
        for piece, quantiles in self._judged(pieces, LEVELS, progress):
            other = naive2(piece.history, piece.horizon, piece.scaling or piece.season[0])
            rows.setdefault(piece.corpus, []).append((errors(piece, quantiles), errors(piece, other)))
        named = {f"{corpus}_" * bool(corpus): summary(pairs) for corpus, pairs in rows.items()}
        metrics = {prefix + name: value for prefix, values in named.items() for name, value in values.items()}
        return {**metrics, "tokens": sum(piece.horizon for piece in pieces)}

    def calibrate(self, pieces: Sequence[Series]) -> Calibration:
        """Fit the width of intervals to series that the model was not trained on; see `calibrated`."""
        return calibrated([*self._judged(pieces, INTERVAL, temperature=1)])

    def _judged(
        self,
        pieces: Sequence[Series],
        levels: Sequence[float],
        progress: bool = False,
        temperature: float | None = None,
    ) -> Iterator[tuple[Series, np.ndarray]]:
        """Yield pieces and the forecast quantiles of their last values, `(horizon, levels)`."""
        for horizon in dict.fromkeys(piece.horizon for piece in pieces):
            some = [piece for piece in pieces if piece.horizon == horizon]
            histories = [piece.until(len(piece.history)) for piece in some]
            yield from zip(some, self._quantiles(histories, horizon, levels, progress, temperature), strict=True)

    def trial(self, steps: int, seed: int) -> list[float]:
        """Return quantiles of `steps` steps after a random walk, in its standard deviations, to compare engines."""
        rng = np.random.default_rng(seed)
        values = rng.standard_normal(240).cumsum()
        others = {name: rng.standard_normal(240 + steps) for name in columns_of(listed(self.codec.covariates))}
        series = Series("trial", (values - values.mean()) / values.std(), HOURLY, others)
        found: list[float] = self._quantiles([series], steps, INTERVAL).round(1).ravel().tolist()
        return found

    def _horizon(self, horizon: int | None, series: Sequence[Series]) -> int:
        usual = horizon_of(series[0].season[0]) if horizon is None else horizon
        return int(number("horizon", usual, 1, MOST_HORIZON, whole=True))

    def _quantiles(
        self, series: Sequence[Series], horizon: int, levels: Sequence[float], progress: bool = False,
        temperature: float | None = None,
    ) -> np.ndarray:  # fmt: skip
        """Return quantiles of what follows series, `(series, horizon, levels)`."""
        found = self._distributions(series, horizon, progress, temperature)
        return np.concatenate([distribution.quantile(levels) for _, distribution in found])

    def _distributions(
        self, series: Sequence[Series], horizon: int, progress: bool = False, temperature: float | None = None
    ) -> Iterator[tuple[Sequence[Series], Distribution]]:
        """Yield series, a batch at a time, and the distributions of what follows them."""
        factor = self.card.calibration.temperature if temperature is None else temperature
        for start in bar(range(0, len(series), BATCH), progress, None, "batch"):
            some = series[start : start + BATCH]
            if short := [one for one in some if len(one) < LEAST]:
                raise CodecError(f"{short[0].name} has {len(short[0])} values: give at least {LEAST}")
            values, seasons = [one.values for one in some], [one.season for one in some]
            names = listed(self.codec.covariates)
            others = {"covariates": [known(one, names, horizon) for one in some]} if names else {}
            x = self.codec.inputs(values, horizon, seasons, **others)
            y, _ = self.engine.step(x, self.engine.initial_state(len(x)))
            found = self.codec.distribution(values, horizon, seasons, y)
            yield some, found if factor == 1 else Scaled(found, factor)

    def _scores(self, series: Series, stride: int) -> tuple[np.ndarray, np.ndarray]:
        """Return negative log-density and tail probability of the values of a series, `(time,)` each."""
        whole = replace(series, seasons=series.season)
        nll, tail = np.full((2, len(whole)), np.nan)
        starts = range(max(LEAST, min(whole.season[0], len(whole) // 2)), len(whole), stride)
        if not starts:
            raise CodecError(f"{series.name} has {len(series)} values: give at least {LEAST + 1}")
        places = iter(starts)
        for some, distribution in self._distributions([whole.until(start) for start in starts], stride):
            at = np.array([[next(places)] for _ in some]) + np.arange(stride)
            values = whole.values[np.minimum(at, len(whole) - 1)]
            below = distribution.cdf(values)
            inside = at < len(whole)
            nll[at[inside]] = -distribution.log_density(values)[inside]
            tail[at[inside]] = 2 * np.minimum(below, 1 - below)[inside]
        if whole.filled is not None:
            nll[whole.filled] = tail[whole.filled] = np.nan
        return nll, tail


def _levels(quantiles: Sequence[float]) -> tuple[float, ...]:
    """Return the levels of quantiles in ascending order, each once.

    Raises:
        ArgumentError: There are none or too many, or one is not between 0 and 1.
    """
    try:
        found = sorted({float(level) for level in quantiles})
    except (TypeError, ValueError):
        found = []
    if not 0 < len(found) <= MOST_LEVELS or not all(0 < level < 1 for level in found):
        raise ArgumentError(f"quantiles={quantiles!r:.60}: give 1 to {MOST_LEVELS} levels between 0 and 1")
    return tuple(found)


def _paths(found: Distribution, batch: int, samples: int, horizon: int, rng: np.random.Generator) -> np.ndarray:
    """Return sample paths, `(batch, samples, horizon)`."""
    return found.sample(rng.standard_normal((batch, samples, horizon))) if samples else np.zeros((batch, 0, horizon))
