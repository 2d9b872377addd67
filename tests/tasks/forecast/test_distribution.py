import numpy as np
import pytest

from tests.tasks.forecast.forecasters import Normal
from zoo.tasks.forecast.distribution import Scaled

INNER = Normal(np.array([[1.0, 2.0]]), np.array([[1.0, 0.5]]))
WIDE = Normal(INNER.mean, 3 * INNER.deviation)
VALUES = np.array([[2.5, 1.0]])


@pytest.mark.parametrize(
    ("method", "argument"),
    [
        ("quantile", (0.1, 0.5, 0.9)),
        ("cdf", VALUES),
        ("log_density", VALUES),
        ("sample", np.random.default_rng(0).random((1, 5, 2))),
    ],
)
def test_scaled_is_the_wider_distribution(method, argument):
    assert getattr(Scaled(INNER, 3.0), method)(argument) == pytest.approx(getattr(WIDE, method)(argument), abs=1e-6)
