import numpy as np
import pytest

from zoo.core.datasets import load
from zoo.tasks.forecast.evaluation_data import CYCLE, ENGINE, ETTH1, ETTH1_SPLITS, EXCHANGE_RATE, FD001, NAB


@pytest.mark.parametrize(
    ("dataset", "count", "length", "last"), [(ETTH1, 7, 17_420, "OT"), (EXCHANGE_RATE, 8, 7_588, "8")]
)
def test_series_are_complete(data, dataset, count, length, last):
    found = load(dataset)["all"]
    assert ({len(one) for one in found}, len(found), found[-1].name) == ({length}, count, last)


def test_splits_of_etth1_are_months_of_30_days():
    assert [(end - start) / 24 / 30 for start, end in ETTH1_SPLITS.values()] == [12, 4, 4]


def test_engines_end_where_they_failed_or_before(data):
    found = load(FD001)
    for split, cycles in (("train", 20_631), ("test", 13_096)):
        assert [engine[0, ENGINE] for engine in found[split]] == list(range(1, 101))
        assert sum(map(len, found[split])) == cycles
        assert all(np.array_equal(engine[:, CYCLE], np.arange(1, len(engine) + 1)) for engine in found[split])
    left = np.minimum(found["rul"], 125)
    mean = np.mean([np.minimum(np.arange(len(engine))[::-1], 125).mean() for engine in found["train"]])
    assert np.sqrt(np.mean((left - left.mean()) ** 2)) < np.sqrt(np.mean((left - mean) ** 2)) < 42


def test_anomalies_lie_inside_of_their_series(data):
    found = load(NAB)["all"]
    assert (len(found), sum(len(one.values) for one in found)) == (58, 365_558)
    assert sum(len(one.windows) for one in found) == 116
    for one in found:
        assert np.isfinite(one.values).all()
        assert all(one.times[0] <= start < end <= one.times[-1] for start, end in one.windows)
