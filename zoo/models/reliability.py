"""How far the confidences of a model can be trusted: temperature scaling, and the figures that tell.

Reference: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
"""

import math
from collections.abc import Callable

import numpy as np

from zoo.core.calibration import TEMPERATURES, Calibration

BINS = 10  # of equal width, as Guo et al. have fifteen of far more examples
LEAST_PIECES = 20  # to fit a temperature to
REJECTED = 0.1  # of the right results, by the threshold
FLOOR = 1e-6  # of a confidence in the loss that is fitted: one confident error must not outweigh all else


def calibrated(confidences: Callable[[float], np.ndarray], right: np.ndarray, least_match: float = 0.0) -> Calibration:
    """Fit temperature and threshold to results of which it is known whether they are right.

    Args:
        confidences: Temperature → confidence of each result, `(pieces,)`.
        right: Which results are right, `(pieces,)` bool.
        least_match: See `Calibration`.

    Returns:
        With the figures of the results as `valid`; as it is without a calibration where there is too little to fit:
        fewer than `LEAST_PIECES` results, or none right, or none wrong.
    """
    if len(right) < LEAST_PIECES or right.all() or not right.any():
        return Calibration(least_match=least_match)
    temperature = fitted_temperature(confidences, right)
    found = confidences(temperature)
    threshold = fitted_threshold(found[right])
    figures = reliability(confidences(1.0), found, right, threshold)
    return Calibration(temperature, threshold, least_match, {"valid": figures})


def fitted_temperature(confidences: Callable[[float], np.ndarray], right: np.ndarray) -> float:
    """Return the temperature at which confidences tell best which results are right, by their likelihood.

    Args:
        confidences: Temperature → confidence of each result, `(pieces,)`.
        right: Which results are right, `(pieces,)` bool.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        found = np.clip(confidences(math.exp(log_temperature)), FLOOR, 1 - FLOOR)
        return float(-np.log(np.where(right, found, 1 - found)).mean())

    bounds = (math.log(TEMPERATURES[0]), math.log(TEMPERATURES[1]))
    return round(math.exp(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-3}).x), 3)


def fitted_threshold(right: np.ndarray) -> float:
    """Return the highest threshold below which at most `REJECTED` of the confidences of right results are."""
    return math.floor(1000 * float(np.quantile(right, REJECTED, method="lower"))) / 1000


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error: how far confidence is from the fraction that is right, bin by bin.

    Example:
        >>> round(calibration_error(np.array([0.9, 0.9, 0.2, 0.3]), np.array([True, False, False, False])), 3)
        0.325
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    sums = np.bincount(bins, confidence - right, BINS)
    return float(np.abs(sums).sum() / max(1, len(confidence)))


def separation(right: np.ndarray, wrong: np.ndarray) -> float:
    """Return how often one of the right results is more confident than one of the wrong ones: the area under the ROC.

    Example:
        >>> separation(np.array([0.9, 0.5]), np.array([0.5, 0.1]))
        0.875
    """
    pairs = np.sign(np.asarray(right)[:, None] - np.asarray(wrong)[None])
    return float((pairs.mean() + 1) / 2) if pairs.size else 1.0


def reliability(before: np.ndarray, confidence: np.ndarray, right: np.ndarray, threshold: float) -> dict[str, float]:
    """Measure confidences against what is right.

    Args:
        before: Confidence at temperature 1, `(pieces,)`.
        confidence: At the temperature of the model.
        right: Which results are right, `(pieces,)` bool.
        threshold: Least confidence of a result that is not rejected.

    Returns:
        `pieces`; `right`, the fraction of them; the mean confidence of right and of wrong ones; the expected
        calibration error before and after; `auroc`; `right_rejected`, the fraction of right ones below the threshold,
        and `wrong_accepted`, that of wrong ones that are not.
    """
    wrong = ~right

    def mean(values: np.ndarray) -> float:
        return round(float(values.mean()), 4) if values.size else 0.0

    return {
        "pieces": len(right),
        "right": mean(right),
        "confidence_right": mean(confidence[right]),
        "confidence_wrong": mean(confidence[wrong]),
        "ece_before": round(calibration_error(before, right), 4),
        "ece": round(calibration_error(confidence, right), 4),
        "auroc": round(separation(confidence[right], confidence[wrong]), 4),
        "right_rejected": mean(confidence[right] < threshold),
        "wrong_accepted": mean(confidence[wrong] >= threshold),
    }
