import numpy as np
import pytest

from zoo.core.recipe import Recipe
from zoo.training import optimizer


@pytest.mark.parametrize("shape", optimizer.SCHEDULES)
def test_learning_rates(shape):
    rate = optimizer.Schedule(0.1, warmup=10, total=110, shape=shape)
    values = np.array([float(rate(step)) for step in range(111)])
    np.testing.assert_allclose(values[:10], np.arange(1, 11) / 100, rtol=1e-5)
    middle, end = {"cosine": (0.5, 0), "linear": (0.5, 0), "exponential": (0.1, 0.01), "constant": (1, 1)}[shape]
    np.testing.assert_allclose(values[[60, 110]], [0.1 * middle, 0.1 * end], rtol=1e-4, atol=1e-8)


def test_schedules_are_those_of_the_recipe():
    assert Recipe(1, 1).rows["schedule"].metadata["choices"] == tuple(optimizer.SCHEDULES)
