import numpy as np
import pytest

from tests.tasks.forecast.forecasters import fake, waves
from zoo.errors import ArgumentError
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.time_index import TimeIndex

HOURLY = TimeIndex(np.datetime64("2024-01-01", "us"), 3_600 * 10**6)


@pytest.fixture(scope="module")
def forecast():
    series = [Series(name, values, HOURLY) for name, values in zip("abc", waves(3), strict=True)]
    return fake().forecast(series, 6, (0.025, 0.5), samples=4, seed=0)


def test_parts_are_forecasts_of_their_series(forecast):
    assert (len(forecast), forecast.horizon, forecast.names) == (3, 6, ["a", "b", "c"])
    for part in (forecast["b"], forecast[1], forecast[-2], [*forecast][1], forecast[1:2]):
        assert part.names == ["b"]
        assert np.array_equal(part.values, forecast.values[1:2])
        assert np.array_equal(part.samples, forecast.samples[1:2])
    assert forecast[1:].names == ["b", "c"]
    with pytest.raises(ArgumentError, match="'d': no series of the forecast; there are: a, b, c"):
        forecast["d"]
    with pytest.raises(IndexError):
        forecast[3]


def test_rows_are_in_the_long_format(forecast):
    columns = forecast.columns()
    assert [*columns] == ["unique_id", "ds", "forecast", "q2.5", "q50"]
    assert columns["unique_id"].tolist() == ["a"] * 6 + ["b"] * 6 + ["c"] * 6
    assert columns["ds"][:2].tolist() == [np.datetime64("2024-01-11T00").item(), np.datetime64("2024-01-11T01").item()]
    assert np.array_equal(columns["forecast"], columns["q50"])
    assert np.array_equal(columns["q2.5"][6:12], forecast["b"].values[0, :, 0])


def test_times_are_numbers_where_they_are_not_known():
    mixed = fake().forecast([Series("a", waves()[0], HOURLY), Series("b", waves()[0])], 2)
    assert mixed.times[1].tolist() == [240, 241]
    assert fake().forecast(waves()[0], 2).columns()["ds"].tolist() == [240, 241]
