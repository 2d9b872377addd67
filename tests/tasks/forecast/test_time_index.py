import numpy as np
import pytest

from zoo.errors import CodecError
from zoo.tasks.forecast import time_index
from zoo.tasks.forecast.time_index import TimeIndex, regular
from zoo.tasks.forecast.times import DTYPE

DAYS = np.arange("2020-01-01", "2020-02-11", dtype="datetime64[D]")


def row(number):
    return f"row {number}"


@pytest.mark.parametrize(
    ("times", "text", "unit", "following"),
    [
        (["2020-01-01 00:00", "2020-01-01 00:15"], "15 minutes", "us", "2020-01-01 00:30"),
        (["2020-01-01", "2020-01-08"], "1 week", "us", "2020-01-15"),
        (["2020-01-31", "2020-02-29", "2020-03-31"], "1 month", "month end", "2020-04-30"),
        (["2020-01-15 06:00", "2020-02-15 06:00"], "1 month", "month", "2020-03-15 06:00"),
        (["2020-03-31", "2020-06-30", "2020-09-30"], "3 months", "month end", "2020-12-31"),
        (["1969-01-01", "1970-01-01", "1971-01-01"], "12 months", "month", "1972-01-01"),
        (DAYS, "1 day", "us", "2020-02-11"),
        (DAYS[:4], "1 day", "us", "2020-01-05"),
        (DAYS[np.is_busday(DAYS)][:-2], "1 weekday", "weekday", "2020-02-07"),
    ],
)
def test_the_step_is_found_and_continued(times, text, unit, following):
    times = np.array(times, DTYPE)
    index, positions = regular(times, row)
    assert (str(index), index.unit) == (text, unit)
    assert np.array_equal(positions, np.arange(len(times)))
    assert np.array_equal(index.times(len(times)), times)
    assert index.times(1, len(times))[0] == np.datetime64(following)
    assert np.array_equal(index.moved(1).times(1), times[1:2])


def test_missing_times_leave_their_places_free():
    index, positions = regular(np.delete(DAYS, [3, 4, 20]).astype(DTYPE), row)
    assert np.array_equal(index.times(len(DAYS))[positions], np.delete(DAYS, [3, 4, 20]))
    assert regular(np.array(["2020-01-01", "2020-02-01", "2020-04-01"], DTYPE), row)[1].tolist() == [0, 1, 3]


@pytest.mark.parametrize(
    ("minutes", "message"),
    [
        ([0, 10, 20, 27, 37], "row 3: the time 2020-01-01 00:27 follows 2020-01-01 00:20, where others are 10 minutes"),
        ([0, 10, 10], "row 2: the time 2020-01-01 00:10 comes twice"),
        ([0, 10, 20, 15], "row 3: .* sort rows by time"),
    ],
)
def test_times_that_are_no_grid_are_refused_by_row(minutes, message):
    with pytest.raises(CodecError, match=message):
        regular(np.datetime64("2020-01-01") + np.array(minutes, "timedelta64[m]").astype("timedelta64[us]"), row)


def test_a_grid_is_bounded(monkeypatch):
    monkeypatch.setattr(time_index, "LONGEST", 100)
    with pytest.raises(CodecError, match="row 3: more than 100 steps of 1 day"):
        regular(np.array(["2020-01-01", "2020-01-02", "2020-01-03", "2030-01-05"], DTYPE), row)


def test_microseconds_have_a_name():
    assert str(TimeIndex(np.datetime64("2020-01-01"), 1500)) == "1,500 microseconds"
