import warnings

import numpy as np
import pytest

from zoo.errors import ArgumentError, CodecError, DataError
from zoo.tasks.forecast.reading import read
from zoo.tasks.forecast.series import Series

HOURS = np.arange("2020-01-01", "2020-01-11", np.timedelta64(1, "h"), "datetime64[s]")
WIDE = "".join(f"{time},{i},{2 * i}\n" for i, time in enumerate(HOURS))


def written(folder, text, name="data.csv"):
    (folder / name).write_text(text)
    return folder / name


def shown(found):
    return {one.name: (one.values[:2].tolist(), str(one.index)) for one in found}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([1, 2], {"series": [1, 2]}),
        (np.arange(3, dtype="int8"), {"series": [0, 1]}),
        (np.arange(6).reshape(3, 2), {"series 1": [0, 2], "series 2": [1, 3]}),
        ([[1, 2, 3], np.array([4, 5])], {"series 1": [1, 2], "series 2": [4, 5]}),
        ({"a": [1, 2], "b": np.arange(4).reshape(2, 2)}, {"a": [1, 2], "b: series 1": [0, 2], "b: series 2": [1, 3]}),
        ([None, 1, 2, 3], {"series": [1, 2]}),
        (Series("x", [1, 2]), {"x": [1, 2]}),
    ],
)
def test_arrays_and_what_holds_them(data, expected):
    assert shown(read(data)) == {name: (values, "None") for name, values in expected.items()}


@pytest.mark.parametrize("data", [[[1, 2j]], np.zeros((2, 2, 2)), [], 3.0, [1, "x"], [1, np.inf], None, {}])
def test_what_holds_no_numbers_is_refused(data):
    with pytest.raises(CodecError):
        read(data)


@pytest.mark.parametrize("data", ["nothing.csv", ["a", "b"]])
def test_missing_files_are_named(data):
    with pytest.raises(DataError, match=r"nothing\.csv|a: No such file"):
        read(data)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (f"when,a,b\n{WIDE}", {}, {"a": ([0, 1], "1 hour"), "b": ([0, 2], "1 hour")}),
        (f"when,a,b\n{WIDE}", {"column": "b"}, {"b": ([0, 2], "1 hour")}),
        (WIDE, {"column": ["3"]}, {"3": ([0, 2], "1 hour")}),
        ("5\n7\n", {}, {"data": ([5, 7], "None")}),
        (",y\n0,5\n1,7\n", {}, {"y": ([5, 7], "None")}),
        ("year,spots\n1700,5\n1701,7\n1702,8\n", {}, {"spots": ([5, 7], "12 months")}),
        ("year,quarter,gdp\n1990,1,5\n1990,2,7\n", {"column": "gdp"}, {"gdp": ([5, 7], "None")}),
        ("time,v\n0.1,5\n0.2,7\n0.3,8\n", {}, {"v": ([5, 7], "None")}),
        ("at,v\n19900101,5\n19900102,7\n", {"time_column": "at"}, {"v": ([5, 7], "1 day")}),
        (
            "unique_id,ds,y\na,2020-01-01,1\nb,2020-01-01,5\na,2020-01-02,2\nb,2020-01-02,6\n",
            {},
            {"a": ([1, 2], "1 day"), "b": ([5, 6], "1 day")},
        ),
        ("unique_id,ds,y,z\na,1,1,3\na,2,2,4\n", {"column": "z"}, {"a": ([3, 4], "None")}),
    ],
)
def test_tables_wide_and_long(tmp_path, text, options, expected):
    assert shown(read(written(tmp_path, text), **options)) == expected


def test_gaps_are_filled_and_said(tmp_path):
    lines = WIDE.splitlines()
    lines[5] = f"{HOURS[5]},,10"
    path = written(tmp_path, "\n".join(["t,a,b", *lines[:20], *lines[23:-2], f"{HOURS[-2]},,1", f"{HOURS[-1]},,1"]))
    with pytest.warns(UserWarning, match="data.csv") as said:
        [series] = read(path, "a")
    assert np.array_equal(series.values, np.arange(238))
    assert np.flatnonzero(series.filled).tolist() == [5, 20, 21, 22]
    told = [str(one.message) for one in said]
    assert "data.csv: a: 4 of 238 values are missing, the first at 2020-01-01 05:00: filled" in told[0]
    assert "a: the last 2 values are missing: it ends before them" in told[1]


def test_covariates_go_on_after_the_values(tmp_path):
    rows = [f"2020-01-{day:02},{'' if day > 20 or day == 1 else day},{day % 7}" for day in range(1, 28)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [series] = read(written(tmp_path, "\n".join(["ds,y,open", *rows])), covariates=["open"])
    assert (len(series), str(series.times(1)[0])[:10]) == (19, "2020-01-02")
    assert series.covariates["open"].tolist() == [day % 7 for day in range(2, 28)]


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        ("t,v\n2020-01-01,1\n2020-01-02,high\n2020-01-03,2\n", {}, CodecError, "data.csv:3: v is 'high'"),
        ("t,v\n2020-01-01,1\n2020-01-01,2\n", {}, CodecError, "data.csv:3: the time 2020-01-01 comes twice"),
        ("unique_id,ds,y\na,2020-01-02,1\na,2020-01-01,2\n", {}, CodecError, "data.csv:3: .*sort rows"),
        ("unique_id,ds,y\n,2020-01-02,1\n", {}, CodecError, "data.csv:2: unique_id is empty"),
        ("t,v\n2020-01-01,1\n2020-01-02,2\n2020-03-01,3\n", {}, CodecError, "v: 95 % of 61 values are missing"),
        ("t,v\n2020-01-01,\n2020-01-02,\n", {"column": "v"}, CodecError, "v: all values are missing"),
        ("name\nx\ny\n", {}, CodecError, "no column of numbers"),
        ("unique_id,ds,y\n", {}, CodecError, "data.csv has no rows"),
        ("time,v\n1,1\n,2\n", {}, CodecError, "time has numbers that are missing"),
        ("t,v\n2020-01-01,1\n", {"column": "w"}, ArgumentError, "column='w'"),
        ("t,v\n2020-01-01,1\n", {"time_column": "w"}, ArgumentError, "time_column='w'"),
        ("t,v\n2020-01-01,1\n", {"covariates": ["w"]}, ArgumentError, "covariates='w'"),
    ],
)
def test_rows_that_do_not_fit_are_named(tmp_path, text, options, error, message):
    with pytest.raises(error, match=message):
        read(written(tmp_path, text), **options)


@pytest.fixture
def frame():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"a": np.arange(240.0), "b": 2 * np.arange(240)}, pandas.DatetimeIndex(HOURS, name="when"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda df: df, {"a": ([0, 1], "1 hour"), "b": ([0, 2], "1 hour")}),
        (lambda df: df.b, {"b": ([0, 2], "1 hour")}),
        (lambda df: df.a.rename(None).reset_index(drop=True), {"series": ([0, 1], "None")}),
        (lambda df: df.a.convert_dtypes(), {"a": ([0, 1], "1 hour")}),
        (lambda df: df[["a"]].resample("D").mean().to_period("D"), {"a": ([11.5, 35.5], "1 day")}),
        (lambda df: df.reset_index()[["when", "b"]], {"b": ([0, 2], "1 hour")}),
        (
            lambda df: df.melt(ignore_index=False, var_name="unique_id", value_name="y").set_index(
                "unique_id", append=True
            ),
            {"a": ([0, 1], "1 hour"), "b": ([0, 2], "1 hour")},
        ),
        (lambda df: [df.a, df.a], {"a 1": ([0, 1], "1 hour"), "a 2": ([0, 1], "1 hour")}),
    ],
)
def test_data_frames_of_pandas(frame, change, expected):
    assert shown(read(change(frame))) == expected


def test_times_of_pandas_are_utc_and_rows_are_named(frame):
    for some in (frame.tz_localize("Asia/Tokyo"), frame.tz_localize("Asia/Tokyo").reset_index()):
        assert str(read(some, "a")[0].times(1)[0])[:13] == "2019-12-31T15"
    with pytest.raises(CodecError, match="row 2 of the Series: the time 2020-01-01 01:00 comes twice"):
        read(frame.a.iloc[[0, 1, 1, 2]])
