"""Metrics of forecasts: errors of the point forecast, losses of quantiles, coverage of intervals.

Every function takes arrays whose last axis is time (or whose last two are time and quantile levels) and returns one
number per series. Figures of data sets are their means.

Reference: Makridakis, Spiliotis & Assimakopoulos, The M4 Competition, International Journal of Forecasting 36 (2020),
for sMAPE, MASE and OWA; Hyndman & Koehler, Another look at measures of forecast accuracy, IJF 22 (2006), for MASE;
Salinas et al., DeepAR, IJF 36 (2020), for the weighted quantile loss.
"""

from collections.abc import Sequence

import numpy as np


def mse(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Return the mean squared error of forecasts `(…, time)`, `(…)`."""
    return np.mean((np.asarray(actual) - forecast) ** 2, -1)


def rmse(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Return the root of the mean squared error of forecasts `(…, time)`, `(…)`."""
    return np.sqrt(mse(actual, forecast))


def mae(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Return the mean absolute error of forecasts `(…, time)`, `(…)`."""
    return np.mean(np.abs(np.asarray(actual) - forecast), -1)


def smape(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Return the symmetric mean absolute percentage error of forecasts `(…, time)`, from 0 to 200 %, `(…)`.

    A step at which both are zero has no error.

    Example:
        >>> float(smape(np.array([100.0, 0.0]), np.array([300.0, 0.0])))
        50.0
    """
    actual, forecast = np.broadcast_arrays(np.asarray(actual, float), forecast)
    size = np.abs(actual) + np.abs(forecast)
    return np.mean(200 * np.abs(actual - forecast) / np.where(size > 0, size, 1.0), -1)


def seasonal_error(history: np.ndarray, season: int) -> np.ndarray:
    """Return the mean absolute error of the seasonal naive forecast inside of histories `(…, time)`, `(…)`.

    Args:
        history: What came before the forecast.
        season: Steps of a season; 1 is the naive forecast.

    Returns:
        NaN for histories that are no longer than a season.
    """
    history = np.asarray(history, float)
    if history.shape[-1] <= season:
        return np.full(history.shape[:-1], np.nan)
    return np.mean(np.abs(history[..., season:] - history[..., :-season]), -1)


def mase(actual: np.ndarray, forecast: np.ndarray, history: np.ndarray, season: int) -> np.ndarray:
    """Return the mean absolute scaled error of forecasts `(…, time)`, `(…)`.

    Args:
        actual: What happened.
        forecast: Point forecast.
        history: What came before, `(…, past)`.
        season: Steps of a season in the scale, which is `seasonal_error`; 24 for M4's hourly series, 1 for its weekly.

    Returns:
        NaN where the history is constant, or no longer than a season: there is no scale.
    """
    scale = seasonal_error(history, season)
    return mae(actual, forecast) / np.where(scale > 0, scale, np.nan)


def owa(smape: float, mase: float, smape_naive2: float, mase_naive2: float) -> float:
    """Return the overall weighted average: the mean of sMAPE and MASE relative to those of Naive2.

    All four are means over the series of a data set.

    Example:
        >>> round(owa(9.328, 0.893, 18.383, 2.395), 3)
        0.44
    """
    return (smape / smape_naive2 + mase / mase_naive2) / 2


def quantile_loss(actual: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Return the quantile (pinball) loss of each level, averaged over time, `(…, levels)`.

    Args:
        actual: What happened, `(…, time)`.
        quantiles: Forecast quantiles, `(…, time, levels)`.
        levels: Their levels, between 0 and 1.
    """
    error = np.asarray(actual)[..., None] - quantiles
    return np.mean(np.maximum(np.multiply(levels, error), np.subtract(levels, 1) * error), -2)


def weighted_quantile_loss(actual: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Return twice the quantile loss relative to the size of what happened, averaged over levels, `(…)`.

    With the median alone it is the error relative to the size: MAE / mean |actual|. NaN where all values are zero.
    """
    size = np.mean(np.abs(actual), -1)
    loss = quantile_loss(actual, quantiles, levels)
    return 2 * np.mean(loss, -1) / np.where(size > 0, size, np.nan)


def coverage(actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the fraction of values `(…, time)` that lie in an interval, its borders among it, `(…)`."""
    return np.mean((np.asarray(actual) >= low) & (np.asarray(actual) <= high), -1)
