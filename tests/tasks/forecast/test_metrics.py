import math

import numpy as np
import pytest

from zoo.tasks.forecast import metrics

RNG = np.random.default_rng(0)
ACTUAL, FORECAST = RNG.normal(10, 3, (5, 12)), RNG.normal(10, 3, (5, 12))
HISTORY = RNG.normal(10, 3, (5, 50))


def by_hand(name, actual, forecast, history):
    pairs = [*zip(actual, forecast, strict=True)]
    scale = sum(abs(a - b) for a, b in zip(history[4:], history[:-4], strict=True)) / (len(history) - 4)
    return {
        "mse": sum((a - f) ** 2 for a, f in pairs) / len(pairs),
        "rmse": math.sqrt(sum((a - f) ** 2 for a, f in pairs) / len(pairs)),
        "mae": sum(abs(a - f) for a, f in pairs) / len(pairs),
        "smape": sum(200 * abs(a - f) / (abs(a) + abs(f)) for a, f in pairs) / len(pairs),
        "mase": sum(abs(a - f) for a, f in pairs) / len(pairs) / scale,
    }[name]


@pytest.mark.parametrize("name", ["mse", "rmse", "mae", "smape", "mase"])
def test_point_metrics_are_those_of_their_formulas(name):
    more = (HISTORY, 4) if name == "mase" else ()
    found = getattr(metrics, name)(ACTUAL, FORECAST, *more)
    assert found == pytest.approx([by_hand(name, *rows) for rows in zip(ACTUAL, FORECAST, HISTORY, strict=True)])


def test_quantile_losses():
    levels, quantiles = [0.1, 0.5, 0.9], np.sort(RNG.normal(10, 3, (5, 12, 3)))
    loss = metrics.quantile_loss(ACTUAL, quantiles, levels)
    expected = [
        [np.mean([max(q * (a - f), (q - 1) * (a - f)) for a, f in zip(row, column, strict=True)])
         for q, column in zip(levels, rows.T, strict=True)]
        for row, rows in zip(ACTUAL, quantiles, strict=True)
    ]  # fmt: skip
    assert loss == pytest.approx(np.array(expected))
    weighted = metrics.weighted_quantile_loss(ACTUAL, quantiles, levels)
    assert weighted == pytest.approx(2 * loss.mean(1) / np.abs(ACTUAL).mean(1))
    median = metrics.weighted_quantile_loss(ACTUAL, quantiles[..., 1:2], [0.5])
    assert median == pytest.approx(metrics.mae(ACTUAL, quantiles[..., 1]) / np.abs(ACTUAL).mean(1))


def test_the_quantile_loss_is_least_at_the_quantile():
    sample, levels = RNG.normal(0, 1, 20_000), np.array([0.1, 0.5, 0.9])
    best = np.quantile(sample, levels)
    least = metrics.quantile_loss(sample, np.tile(best, (20_000, 1)), levels)
    for shift in (-0.1, 0.1):
        assert (metrics.quantile_loss(sample, np.tile(best + shift, (20_000, 1)), levels) > least).all()


def test_coverage_counts_the_borders():
    assert metrics.coverage(np.arange(4.0), np.ones(4), np.full(4, 2.0)) == 0.5


def test_what_cannot_be_scaled_is_nan():
    assert metrics.smape(np.zeros(3), np.zeros(3)) == 0
    assert np.isnan(metrics.mase(np.ones(3), np.zeros(3), np.ones(9), 1))
    assert np.isnan(metrics.mase(np.ones(3), np.zeros(3), np.arange(4.0), 4))
    assert np.isnan(metrics.weighted_quantile_loss(np.zeros(3), np.ones((3, 1)), [0.5]))
    assert metrics.owa(9.328, 0.893, 18.383, 2.395) == pytest.approx(0.440, abs=5e-4)
