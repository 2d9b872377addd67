"""Width of intervals, fitted to series that a model was not trained on."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from zoo.core.calibration import TEMPERATURES, UNCALIBRATED, Calibration
from zoo.tasks.forecast.series import Series

INTERVAL = (0.1, 0.5, 0.9)
"""Levels of the interval whose coverage is calibrated, with the median between them."""
LEAST = 100
"""Fewest values to fit to."""


def calibrated(pairs: Sequence[tuple[Series, np.ndarray]]) -> Calibration:
    """Return the temperature at which the 80 % interval covers 80 % of the values; every corpus counts the same.

    The temperature scales the distance of quantiles from the median.

    Args:
        pairs: Series, and forecast quantiles of `INTERVAL` of their last values, `(horizon, 3)`.
    """
    sizes = Counter[str]()
    for piece, _ in pairs:
        sizes[piece.corpus] += piece.horizon
    if sizes.total() < LEAST:
        return UNCALIBRATED
    factors = np.concatenate([_needed(piece.target, quantiles) for piece, quantiles in pairs])
    weights = np.concatenate([np.full(piece.horizon, 1 / sizes[piece.corpus] / len(sizes)) for piece, _ in pairs])
    order = np.argsort(factors)
    at = np.searchsorted(np.cumsum(weights[order]), INTERVAL[2] - INTERVAL[0])
    return Calibration(round(float(np.clip(factors[order][at], *TEMPERATURES)), 3))


def _needed(target: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Return the factors at which the interval just reaches values `(horizon,)`."""
    low, median, high = quantiles.T
    reach = np.maximum(np.where(target >= median, high - median, median - low), 1e-300)
    return np.minimum(np.abs(target - median) / reach, 1e300)
