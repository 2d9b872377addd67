"""Distributions in the unit of a series: quantiles, probabilities, densities and sample paths agree."""

import numpy as np
import pytest

from zoo.tasks.forecast import head
from zoo.tasks.forecast.series_distribution import SeriesDistribution


def distribution(persistence=0.0):
    rng = np.random.default_rng(2)
    y = rng.standard_normal((2, 24, head.OUTPUTS))
    y[..., -1] = persistence
    shape = head.shape(np, y, rng.standard_normal((2, 24, head.CANDIDATES)))
    return SeriesDistribution(shape, np.array([[20.0], [1e5]]), np.array([[3.0], [1e4]]))


def test_distribution():
    found, levels = distribution(), np.array([0.01, 0.3, 0.5, 0.8, 0.999])
    quantiles = found.quantile(levels)
    for i, level in enumerate(levels):
        assert np.allclose(found.cdf(quantiles[..., i]), level)
    step = 1e-6 * found.spread
    slope = (found.cdf(quantiles[..., 1] + step) - found.cdf(quantiles[..., 1] - step)) / (2 * step)
    assert np.allclose(np.log(slope), found.log_density(quantiles[..., 1]), atol=1e-4)


@pytest.mark.parametrize("persistence", [0.0, 1.0])
def test_sample_paths(persistence):
    found = distribution(persistence)
    paths = found.sample(np.random.default_rng(3).standard_normal((2, 4000, 24)))
    assert np.abs((paths < found.quantile([0.2])[..., 0][:, None]).mean(1) - 0.2).max() < 0.04
    ranks = np.argsort(np.argsort(paths, 1), 1)
    held = [np.corrcoef(ranks[0, :, i], ranks[0, :, i + 1])[0, 1] for i in range(23)]
    assert abs(np.mean(held) - np.tanh(persistence)) < 0.05
