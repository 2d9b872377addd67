import numpy as np
import pytest

from zoo.core.calibration import UNCALIBRATED, Calibration
from zoo.models.reliability import (
    calibrated,
    calibration_error,
    fitted_temperature,
    fitted_threshold,
    reliability,
    separation,
)

EVEN = np.arange(30) % 2 == 0


def test_the_temperature_makes_confidence_the_fraction_that_is_right():
    """Half of the results are right, at a log-probability of -3: exp(-3 / T) is to be a half."""
    found = fitted_temperature(lambda temperature: np.full(30, np.exp(-3 / temperature)), EVEN)
    assert found == pytest.approx(3 / np.log(2), rel=2e-3)


def test_a_tenth_of_the_right_results_is_below_the_threshold():
    confidence = np.linspace(0.41, 0.6, 20)  # 0.41, 0.42, …
    threshold = fitted_threshold(confidence)
    assert threshold == pytest.approx(0.42, abs=0.0011)
    assert (confidence < threshold).mean() <= 0.1


def test_figures_are_computed():
    before = np.array([0.95, 0.95, 0.95, 0.95])
    confidence, right = np.array([0.9, 0.7, 0.8, 0.25]), np.array([True, True, False, False])
    assert reliability(before, confidence, right, 0.75) == {
        "pieces": 4,
        "right": 0.5,
        "confidence_right": 0.8,
        "confidence_wrong": 0.525,
        "ece_before": 0.45,  # |0.95 - 0.5|
        "ece": 0.3625,  # (0.1 + 0.3 + 0.8 + 0.25) / 4: a bin each
        "auroc": 0.75,  # 3 of 4 pairs
        "right_rejected": 0.5,
        "wrong_accepted": 0.5,
    }
    assert calibration_error(np.array([1.0, 1.0]), np.array([True, True])) == 0
    assert calibration_error(np.array([0.55, 0.55]), np.array([True, False])) == pytest.approx(0.05)
    assert separation(np.array([0.5]), np.array([0.5])) == 0.5
    assert reliability(before[:0], before[:0], right[:0], 0.5)["pieces"] == 0


def test_a_calibration_has_temperature_threshold_and_figures():
    scores = -np.linspace(0.1, 4, 30)
    right = np.arange(30) < 15
    found = calibrated(lambda temperature: np.exp(scores / temperature), right, least_match=0.75)
    confidence = np.exp(scores / found.temperature)
    assert found.least_match == 0.75
    assert found.threshold == fitted_threshold(confidence[right])
    assert found.figures == {"valid": reliability(np.exp(scores), confidence, right, found.threshold)}


@pytest.mark.parametrize("right", [EVEN[:19], np.ones(30, bool), np.zeros(30, bool), np.zeros(0, bool)])
def test_too_little_to_fit_leaves_confidences_as_they_are(right):
    assert calibrated(lambda _: np.full(len(right), 0.5), right) == UNCALIBRATED == Calibration(1.0, 0.0)
