"""A forecaster without a network: normal distributions around the seasonal naive forecast."""

import math
from dataclasses import dataclass

import numpy as np

from zoo.core.card import Card
from zoo.core.recipe import Recipe
from zoo.tasks.forecast.baselines import seasonal_naive
from zoo.tasks.forecast.model import Forecaster

erf = np.vectorize(math.erf)
GRID = np.linspace(-8, 8, 4001)
CDF = (1 + erf(GRID / math.sqrt(2))) / 2


@dataclass
class Normal:
    mean: np.ndarray
    deviation: np.ndarray

    def quantile(self, levels):
        return self.mean[..., None] + self.deviation[..., None] * np.interp(levels, CDF, GRID)

    def cdf(self, values):
        return np.interp((values - self.mean) / self.deviation, GRID, CDF)

    def log_density(self, values):
        return -(((values - self.mean) / self.deviation) ** 2) / 2 - np.log(self.deviation * math.sqrt(2 * math.pi))

    def sample(self, normals):
        return self.mean[:, None] + self.deviation[:, None] * normals


class FakeCodec:
    """Its networks return the deviation of each distribution, as given in the last column of x."""

    def __init__(self, width=1.0, covariates=""):
        self.width, self.covariates, self.context, self.calls = width, covariates, 4, []

    def inputs(self, values, horizon, seasons, covariates=None):
        self.calls.append((list(map(len, values)), horizon, seasons, covariates))
        spread = [
            max(0.05, np.std(v[s:] - v[:-s] if len(v) > s else v)) for v, (s, _) in zip(values, seasons, strict=True)
        ]
        return np.repeat(np.array(spread, np.float32)[:, None, None], 4 + horizon, 1)

    def distribution(self, values, horizon, seasons, y):
        mean = np.stack([seasonal_naive(v, horizon, s) for v, (s, _) in zip(values, seasons, strict=True)])
        return Normal(mean, self.width * np.float64(y[:, -horizon:, 0]))


class FakeEngine:
    name, concurrent = "nothing", True

    def initial_state(self, batch):
        return []

    def step(self, x, state):
        return x, state


def fake(**options):
    card = Card("gru_forecast", "gru", "forecast", Recipe(1, 1), 0)
    return Forecaster(card, FakeCodec(**options), FakeEngine())


def waves(count=1, length=240, noise=0.2, seed=0):
    """Return `(count, length)` days of 24 hours with noise."""
    rng = np.random.default_rng(seed)
    phase = rng.random((count, 1)) * 6
    return 10 + 3 * np.sin(np.arange(length) * np.pi / 12 + phase) + noise * rng.standard_normal((count, length))
