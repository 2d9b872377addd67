import numpy as np
import pytest

from zoo.errors import CodecError
from zoo.tasks.forecast.covariates import columns_of, known, width
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.time_index import TimeIndex

HOURLY = TimeIndex(np.datetime64("2024-01-01T06:00", "us"), 3_600 * 10**6)  # a Monday
NAMES = ("hour", "price", "weekday", "month")


def test_what_is_known_ahead():
    series = Series("load", np.arange(48), HOURLY, {"price": np.arange(60.0)})
    found = known(series, NAMES, 12)
    assert (found.shape, width(NAMES), columns_of(NAMES)) == ((60, 7), 7, ["price"])
    assert found[0, :2] == pytest.approx([1, 0])  # a quarter of the day
    assert np.allclose(found[:24, :2], found[24:48, :2])
    assert (found[:48, 2].mean(), found[:48, 2].std()) == pytest.approx((0, 1))
    assert found[-1, 2] == pytest.approx((59 - 23.5) / np.arange(48).std())
    assert found[0, 3:] == pytest.approx([0, 1, 0, 1])
    assert found[24, 3:5] == pytest.approx([np.sin(2 * np.pi / 7), np.cos(2 * np.pi / 7)])
    assert known(series, (), 12).shape == (60, 0)


@pytest.mark.parametrize(
    ("series", "name", "message"),
    [
        (Series("load", np.arange(9)), "hour", "load: the covariate hour follows from times"),
        (Series("load", np.arange(9), HOURLY), "price", "load: 0 values of the covariate price are known: give 12"),
        (Series("load", np.arange(9), covariates={"price": np.ones(11)}), "price", "11 values .* 3 steps to forecast"),
    ],
)
def test_what_is_not_known_is_named(series, name, message):
    with pytest.raises(CodecError, match=message):
        known(series, (name,), 3)
