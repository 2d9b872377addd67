"""Backtests: forecasts of the past from what was known before it, beside those of the baselines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.core.validation import number
from zoo.errors import CodecError
from zoo.tasks.forecast import metrics
from zoo.tasks.forecast.baselines import BASELINES
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.tabular import Tabular

LEVELS = tuple(round(0.1 * i, 1) for i in range(1, 10))
"""Levels of the quantile loss."""
LOW, MIDDLE, HIGH = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)  # LOW to HIGH is the 80 % interval
METRICS = ("smape", "mase", "quantile_loss", "coverage")
OVERALL = "all"
Predict = Callable[[Sequence[Series], int, Sequence[float]], np.ndarray]
"""Histories, horizon and levels → quantiles `(series, horizon, levels)`."""


@dataclass(frozen=True, eq=False)
class Backtest(Tabular):
    """Errors of a model and of the baselines.

    Attributes:
        horizon: Steps of each forecast.
        windows: Forecasts of each series.
        scores: Name of the series → method → metric → value, averaged over the windows. `smape` in percent; `mase`;
            `quantile_loss`, weighted, over the levels 0.1 to 0.9; `coverage` of the 80 % interval, in percent; NaN for
            baselines.
    """

    horizon: int
    windows: int
    scores: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    @property
    def overall(self) -> dict[str, dict[str, float]]:
        """Method → metric → mean over the series."""
        methods = next(iter(self.scores.values()))
        return {
            method: {metric: mean([rows[method][metric] for rows in self.scores.values()]) for metric in METRICS}
            for method in methods
        }

    def columns(self) -> dict[str, np.ndarray]:
        """Return a row per series and method, those over all series last: `unique_id`, `method`, then the metrics."""
        scores = {**self.scores, **({OVERALL: self.overall} if len(self.scores) > 1 else {})}
        rows = [(name, method, values) for name, methods in scores.items() for method, values in methods.items()]
        return {
            "unique_id": np.array([name for name, *_ in rows], object),
            "method": np.array([method for _, method, _ in rows], object),
            **{metric: np.array([values[metric] for *_, values in rows]) for metric in METRICS},
        }


def run(series: Sequence[Series], horizon: int, windows: int, stride: int, name: str, predict: Predict) -> Backtest:
    """Forecast the ends of series from what was known before them.

    Args:
        series: The series.
        horizon: Steps of each forecast.
        windows: Forecasts of each series; the last one ends with it.
        stride: Steps from one forecast to the next.
        name: What the model is called.
        predict: Makes its forecasts.

    Raises:
        ArgumentError: A number is out of range.
        CodecError: A series is too short.
    """
    number("windows", windows, 1, 10_000, whole=True)
    number("stride", stride, 1, whole=True)
    pieces = [piece for one in series for piece in _pieces(one, horizon, windows, stride)]
    quantiles = predict([piece.until(len(piece.history)) for piece in pieces], horizon, LEVELS)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for i, one in enumerate(series):
        part = slice(i * windows, (i + 1) * windows)
        rows = [_methods(piece, name, q) for piece, q in zip(pieces[part], quantiles[part], strict=True)]
        found[one.name] = {
            method: {metric: mean([row[method][metric] for row in rows]) for metric in METRICS} for method in rows[0]
        }
    return Backtest(horizon, windows, found)


def _pieces(series: Series, horizon: int, windows: int, stride: int) -> list[Series]:
    needed = horizon + (windows - 1) * stride
    least = needed + max(2, min(series.season[0] + 1, 48))
    if len(series) < least:
        raise CodecError(
            f"{series.name} has {len(series):,} values: a backtest of {windows} windows of {horizon} steps needs at "
            f"least {least:,}: give fewer windows, or a shorter horizon"
        )
    ends = range(len(series) - (windows - 1) * stride, len(series) + 1, stride)
    return [series.until(end, horizon) for end in ends]


def _methods(piece: Series, name: str, quantiles: np.ndarray) -> dict[str, dict[str, float]]:
    """Return method → metric → value of one window, given quantiles `(horizon, levels)` of the model."""
    season = piece.scaling or piece.season[0]
    others = {method: forecast(piece.history, piece.horizon, season) for method, forecast in BASELINES.items()}
    return {name: errors(piece, quantiles), **{method: errors(piece, found) for method, found in others.items()}}


def errors(piece: Series, found: np.ndarray) -> dict[str, float]:
    """Return metric → value of a forecast of the last values of a series.

    Args:
        piece: The series, whose `horizon` values were forecast.
        found: Quantiles of `LEVELS`, `(horizon, levels)`; or a point forecast `(horizon,)`, which has no coverage, and
            all quantiles in one point.
    """
    quantiles = np.repeat(found[:, None], len(LEVELS), 1) if found.ndim == 1 else found
    covered = metrics.coverage(piece.target, quantiles[:, LOW], quantiles[:, HIGH])
    scale = piece.scaling or piece.season[0]
    return {
        "smape": float(metrics.smape(piece.target, quantiles[:, MIDDLE])),
        "mase": float(metrics.mase(piece.target, quantiles[:, MIDDLE], piece.history, scale)),
        "quantile_loss": float(metrics.weighted_quantile_loss(piece.target, quantiles, LEVELS)),
        "coverage": np.nan if found.ndim == 1 else 100 * float(covered),
    }


def summary(pairs: Sequence[tuple[dict[str, float], dict[str, float]]]) -> dict[str, float]:
    """Return the means of metrics over series, and OWA, from the errors of each and those of Naive2."""
    means = {metric: mean([own[metric] for own, _ in pairs]) for metric in METRICS}
    other = {metric: mean([naive2[metric] for _, naive2 in pairs]) or np.nan for metric in ("smape", "mase")}
    owa = metrics.owa(means["smape"], means["mase"], other["smape"], other["mase"])
    return {"smape": means["smape"], "mase": means["mase"], "owa": owa, **means}


def mean(values: Sequence[float]) -> float:
    """Return the mean of values that are numbers; NaN if none is."""
    some = [value for value in values if np.isfinite(value)]
    return float(np.mean(some)) if some else float("nan")
