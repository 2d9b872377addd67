"""The distributions that a network's outputs stand for, in the unit of the series. NumPy only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.tasks.forecast import head


@dataclass(frozen=True)
class SeriesDistribution:
    """The distributions of the values of horizons; see `zoo.tasks.forecast.distribution.Distribution`."""

    shape: head.Shape
    center: np.ndarray
    spread: np.ndarray

    def _expanded(self, axis: int) -> head.Shape:
        return head.Shape(*(np.expand_dims(value, axis) for value in vars(self.shape).values()))

    def quantile(self, levels: Sequence[float]) -> np.ndarray:
        """Return the quantiles of levels between 0 and 1, `(batch, horizon, levels)`."""
        p = np.asarray(levels, np.float64)
        found = head.place(np, self._expanded(-1), np.log(p / (1 - p)))
        return self.center[..., None] + self.spread[..., None] * found

    def _logit(self, values: np.ndarray) -> np.ndarray:
        return head.logit_of(np, self.shape, (values - self.center) / self.spread)

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Return the probabilities of values at most as large as these, `(batch, horizon)`."""
        return (1 + np.tanh(self._logit(values) / 2)) / 2

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Return the natural logarithms of the densities at values, `(batch, horizon)`."""
        logit = self._logit(values)
        width = np.where(values < self.center + self.spread * self.shape.location, self.shape.below, self.shape.above)
        slope = np.logaddexp(self.shape.tail * logit, -self.shape.tail * logit) - np.log(2)  # log cosh
        return -np.logaddexp(0, logit) - np.logaddexp(0, -logit) - slope - np.log(width * self.spread)

    def sample(self, normals: np.ndarray) -> np.ndarray:
        """Return sample paths `(batch, samples, horizon)` made from standard normal numbers of that shape."""
        logits = head.logit_of_normal(head.persisted(np, self.shape, normals))
        found = head.place(np, self._expanded(1), logits)
        return self.center[:, None] + self.spread[:, None] * found
