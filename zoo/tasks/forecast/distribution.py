"""What a forecast is made of: the distribution of every value of a horizon; and the codec that returns it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from zoo.core.codec import Codec

MEDIAN = (0.5,)


class Distribution(Protocol):
    """The distributions of the values of horizons, `(batch, horizon)` of them."""

    def quantile(self, levels: Sequence[float]) -> np.ndarray:
        """Return the quantiles of levels between 0 and 1, `(batch, horizon, levels)`."""

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Return the probabilities of values at most as large as these, `(batch, horizon)`."""

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Return the natural logarithms of the densities at values, `(batch, horizon)`."""

    def sample(self, normals: np.ndarray) -> np.ndarray:
        """Return sample paths `(batch, samples, horizon)` made from standard normal numbers of that shape."""


@runtime_checkable
class ForecastCodec(Codec, Protocol):
    """A codec of networks that forecast.

    Attributes:
        covariates: Names of the known covariates that its networks take, divided by commas, as in the settings; see
            `zoo.tasks.forecast.covariates`.
        context: Steps of a history that its networks read.
    """

    covariates: str
    context: int

    def inputs(
        self,
        values: Sequence[np.ndarray],
        horizon: int,
        seasons: Sequence[tuple[int, int]],
        covariates: Sequence[np.ndarray] | None = None,
    ) -> np.ndarray:
        """Return the network's input `(batch, time, features)` float32; the last `horizon` steps are the future.

        Args:
            values: Histories, `(time,)` each.
            horizon: Steps to forecast.
            seasons: Short and long season of each history.
            covariates: Known covariates of each, `(time + horizon, width)`, where networks take some.
        """

    def distribution(
        self, values: Sequence[np.ndarray], horizon: int, seasons: Sequence[tuple[int, int]], y: np.ndarray
    ) -> Distribution:
        """Return the distributions that the network's output `y (batch, time, numbers)` stands for."""


@dataclass(frozen=True)
class Scaled:
    """A distribution whose distance from the median is scaled: wider intervals, the same point forecast.

    Attributes:
        inner: The distribution.
        factor: Of all distances from the median.
    """

    inner: Distribution
    factor: float

    def _median(self) -> np.ndarray:
        return self.inner.quantile(MEDIAN)[..., 0]

    def _unscaled(self, values: np.ndarray) -> np.ndarray:
        median = self._median()
        return median + (values - median) / self.factor

    def quantile(self, levels: Sequence[float]) -> np.ndarray:
        """Return the quantiles of levels, `(batch, horizon, levels)`."""
        median = self._median()[..., None]
        return median + self.factor * (self.inner.quantile(levels) - median)

    def cdf(self, values: np.ndarray) -> np.ndarray:
        """Return the probabilities of values at most as large as these, `(batch, horizon)`."""
        return self.inner.cdf(self._unscaled(values))

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Return the natural logarithms of the densities at values, `(batch, horizon)`."""
        return self.inner.log_density(self._unscaled(values)) - np.log(self.factor)

    def sample(self, normals: np.ndarray) -> np.ndarray:
        """Return sample paths, `(batch, samples, horizon)`."""
        median = self._median()[:, None]
        return median + self.factor * (self.inner.sample(normals) - median)
