import numpy as np
import pytest

from zoo.tasks.forecast.baselines import (
    BASELINES,
    autocorrelation,
    is_seasonal,
    naive2,
    seasonal_indices,
    seasonal_naive,
)

RNG = np.random.default_rng(0)
SEASONAL = np.tile([1.0, 2.0, 3.0, 2.0], 10) * np.linspace(10, 20, 40)


def test_naive_forecasts_repeat_what_came_last():
    values = np.array([5, 1, 2, 3])
    assert BASELINES["naive"](values, 3, 2).tolist() == [3, 3, 3]
    assert BASELINES["seasonal_naive"](values, 5, 3).tolist() == [1, 2, 3, 1, 2]
    assert seasonal_naive(values, 2, 9).tolist() == [3, 3]


def test_naive2_takes_the_season_from_the_decomposition():
    indices = seasonal_indices(SEASONAL, 4)
    assert indices == pytest.approx(np.array([0.5, 1, 1.5, 1]), abs=0.03)
    assert naive2(SEASONAL, 6, 4) == pytest.approx(SEASONAL[-1] / indices[3] * indices[[0, 1, 2, 3, 0, 1]])
    assert seasonal_indices(SEASONAL[1:], 4) == pytest.approx(indices[[1, 2, 3, 0]], abs=0.03)
    odd = np.tile([1.0, 2, 3], 8)
    assert seasonal_indices(odd, 3) == pytest.approx(np.array([0.5, 1, 1.5]))


@pytest.mark.parametrize("values", [RNG.normal(9, 1, 100), SEASONAL[:11], np.ones(40), np.zeros(40), np.ones(1)])
def test_naive2_is_naive_where_no_season_is_found(values):
    assert not is_seasonal(values, 4)
    assert naive2(values, 3, 4).tolist() == [values[-1]] * 3


def test_autocorrelation_is_that_of_its_formula():
    values = RNG.normal(3, 2, 60).cumsum()
    centered = values - values.mean()
    expected = [np.sum(centered[lag:] * centered[:-lag]) / np.sum(centered**2) for lag in range(1, 8)]
    assert autocorrelation(values, 7) == pytest.approx(expected)
    assert autocorrelation(values[:3], 5)[2:] == pytest.approx(0, abs=1e-12)


def test_zeros_in_a_season_are_no_matter():
    assert np.isfinite(naive2(np.tile([0.0, 0, 0, 5], 10), 8, 4)).all()
