import numpy as np
import pytest

from zoo.errors import CodecError
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.time_index import TimeIndex

HOURLY = TimeIndex(np.datetime64("2020-01-01", "us"), 3600 * 10**6)


def test_a_series_is_divided_at_its_horizon():
    series = Series("load", [1, 2, 3, 4, 5], HOURLY, filled=np.array([0, 0, 1, 0, 0], bool), horizon=2)
    assert (series.history.tolist(), series.target.tolist()) == ([1, 2, 3], [4, 5])
    earlier = series.until(3, 1)
    assert (earlier.values.tolist(), earlier.target.tolist(), earlier.filled.sum()) == ([1, 2, 3], [3], 1)
    assert str(series.times(1, len(series))[0])[:13] == "2020-01-01T05"
    assert Series("x", [1, 2]).times().tolist() == [0, 1]


def test_seasons_come_from_the_user_the_times_or_the_values():
    wave = np.tile(np.sin(np.arange(24) * np.pi / 12), 10)
    assert Series("x", wave, HOURLY, seasons=(5, 6)).season == (5, 6)
    assert Series("x", np.arange(9), HOURLY).season == (24, 168)
    assert Series("x", wave).season == (24, 168)


@pytest.mark.parametrize("values", [[], 1.0, [[1.0]], [1, np.nan], [1, np.inf], ["a"], [1j]])
def test_values_are_finite_numbers_in_a_row(values):
    with pytest.raises(CodecError, match="load"):
        Series("load", values)


def test_since():
    index = TimeIndex(np.datetime64("2020-01-01", "us"), 3_600 * 10**6)
    series = Series("a", np.arange(9.0), index, {"price": np.arange(12.0)}, np.arange(9) == 5, horizon=2)
    later = series.since(4)
    assert later.history.tolist() == [4, 5, 6]
    assert later.times()[0] == np.datetime64("2020-01-01T04:00")
    assert later.covariates["price"].tolist() == list(range(4, 12))
    assert later.filled.tolist() == [False, True, False, False, False]
