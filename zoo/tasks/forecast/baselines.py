"""Forecasts without a model that every model is compared with.

Reference: Makridakis, Spiliotis & Assimakopoulos, The M4 Competition, International Journal of Forecasting 36 (2020);
seasonality test and decomposition as in the organizers' "Benchmarks and Evaluation.R" (Mcompetitions/M4-methods).
"""

import math

import numpy as np

T_CRITICAL = 1.645  # of the two-sided test at 90 %
LEAST_SEASONS = 3  # that the seasonality test needs


def naive(values: np.ndarray, horizon: int, season: int = 1) -> np.ndarray:  # noqa: ARG001
    """Repeat the last value of a history `(time,)`, `(horizon,)`."""
    return np.full(horizon, values[-1], float)


def seasonal_naive(values: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """Repeat the last season of a history `(time,)`, `(horizon,)`; of a shorter one the last value."""
    if len(values) < season:
        return naive(values, horizon)
    return np.resize(np.asarray(values, float)[len(values) - season :], horizon)


def naive2(values: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """Repeat the last value of a seasonally adjusted history `(time,)`, with its season, `(horizon,)`.

    A history is adjusted by classical multiplicative decomposition if its autocorrelation at the season is significant.
    """
    values = np.asarray(values, float)
    if season < 2 or not is_seasonal(values, season):
        return naive(values, horizon)
    indices = seasonal_indices(values, season)
    return values[-1] / indices[(len(values) - 1) % season] * indices[(len(values) + np.arange(horizon)) % season]


BASELINES = {"naive": naive, "seasonal_naive": seasonal_naive}
"""Those of a backtest."""


def autocorrelation(values: np.ndarray, lags: int) -> np.ndarray:
    """Return the autocorrelation of values `(time,)` at the lags 1 to `lags`, `(lags,)`; zeros for constant values."""
    values = np.asarray(values, float)
    values = values / max(np.abs(values).max(), 1e-300)  # whose squares are numbers
    centered = values - np.mean(values)
    size = 1 << (2 * len(centered) - 1).bit_length()
    products = np.fft.irfft(np.abs(np.fft.rfft(centered, size)) ** 2, size)[: lags + 1]
    found = np.zeros(lags)
    if products[0] > 1e-12 * np.sum(np.square(values)):
        found[: len(products) - 1] = products[1:] / products[0]
    return found


def is_seasonal(values: np.ndarray, season: int) -> bool:
    """Tell whether the autocorrelation of values `(time,)` at a season is significant at 90 %.

    The limit is Bartlett's: `1.645 * sqrt((1 + 2 * (r_1² + … + r_{season-1}²)) / time)`.
    """
    lags = min(season, int(10 * math.log10(max(1, len(values)))), len(values) - 1)  # as R's `acf` computes them
    if len(values) < LEAST_SEASONS * season or lags < season:
        return False
    found = autocorrelation(values, season)
    limit = T_CRITICAL * math.sqrt((1 + 2 * np.sum(found[:-1] ** 2)) / len(values))
    return bool(abs(found[-1]) > limit)


def seasonal_indices(values: np.ndarray, season: int) -> np.ndarray:
    """Return the multiplicative indices of a season, whose mean is 1, `(season,)`; the first is that of `values[0]`.

    They are the mean ratios of values `(time,)` to their centered moving average (classical decomposition).
    """
    window = np.ones(season) if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5]
    trend = np.convolve(values, window / season, "valid")
    first = (len(window) - 1) // 2
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = values[first : first + len(trend)] / trend
    phases = (first + np.arange(len(trend))) % season
    sums = np.bincount(phases, np.nan_to_num(ratios, posinf=0, neginf=0), season)
    indices = sums / np.maximum(1, np.bincount(phases[np.isfinite(ratios)], minlength=season))
    return indices / np.mean(indices)
