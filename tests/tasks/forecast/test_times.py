import numpy as np
import pytest

from zoo.errors import CodecError
from zoo.tasks.forecast.times import parse


@pytest.mark.parametrize(
    ("texts", "times"),
    [
        (["2020-01-31", "2020-02-01"], ["2020-01-31", "2020-02-01"]),
        (["2020-01-31 06:00", "2020-01-31T07:00:00.5"], ["2020-01-31T06", "2020-01-31T07:00:00.5"]),
        (["2020-01-31T06:00:00Z", "2020-01-31T06:00+02:00"], ["2020-01-31T06", "2020-01-31T04"]),
        (["31.12.2020 14:00", "01.01.2021 15:00"], ["2020-12-31T14", "2021-01-01T15"]),
        (["1/31/2020 12:05 AM", "2/1/2020 1:05 pm"], ["2020-01-31T00:05", "2020-02-01T13:05"]),
        (["2020Q1", "2020-Q2"], ["2020-01-01", "2020-04-01"]),
        (["2020-02-30", "2020-03-01"], ["NaT", "2020-03-01"]),
        (["2020-01-01", "soon"], ["2020-01-01", "NaT"]),
        (["13:00 PM", "nothing"], ["NaT", "NaT"]),
        (["1990", "1991"], ["NaT", "NaT"]),
        ([], []),
    ],
)
def test_times_are_read_as_they_are_written(texts, times):
    assert np.array_equal(parse(texts), np.array(times, "datetime64[us]"), equal_nan=True)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1990", "1990-01-01"),
        ("199002", "1990-02-01"),
        ("19900131", "1990-01-31"),
        ("86400", "NaT"),
        ("1000000000", "2001-09-09T01:46:40"),
        ("1000000000123", "2001-09-09T01:46:40.123"),
        ("19901331", "NaT"),
    ],
)
def test_numbers_are_times_where_they_may_be(text, time):
    assert np.array_equal(parse([text], numbers=True), np.array([time], "datetime64[us]"), equal_nan=True)


def test_day_and_month_are_told_apart_by_other_rows_or_not_at_all():
    assert str(parse(["01/02/2020", "13/02/2020"])[0])[:10] == "2020-02-01"
    assert str(parse(["01/02/2020", "02/13/2020"])[0])[:10] == "2020-01-02"
    assert str(parse(["03/03/2020"])[0])[:10] == "2020-03-03"
    with pytest.raises(CodecError, match="01/02/2020: day and month"):
        parse(["01/02/2020", "01/03/2020"])
