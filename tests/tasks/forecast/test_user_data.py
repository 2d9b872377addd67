import warnings
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import ArgumentError, DataError
from zoo.tasks.forecast.user_data import read_folder

HOURS = np.arange("2024-01-01", "2024-01-21", np.timedelta64(1, "h"), "datetime64[s]")
LOAD = "\n".join(["t,a,b", *(f"{time},{i},{2 * i}" for i, time in enumerate(HOURS))])


def written(path, text):
    path.write_text(text)
    return path


def test_the_end_of_each_series_validates(tmp_path):
    splits = read_folder(written(tmp_path / "load.csv", LOAD), horizon=12)
    valid, train = ([one for one in splits[name] if one.name == "a"] for name in ("valid", "train"))
    assert [len(one) for one in valid] == [480, 468, 456, 444]
    assert [len(one) for one in train] == list(range(432, 23, -12))
    assert max(one.values.max() for one in train) < min(one.target.min() for one in valid)
    assert {(one.horizon, one.seasons, one.corpus) for one in valid + train} == {(12, (24, 168), "")}
    assert {one.name for one in splits["valid"]} == {"a", "b"}


def test_settings_say_how_files_are_read(tmp_path):
    path = written(tmp_path / "load.csv", LOAD)
    [piece] = read_folder(path, columns="b", time_column="t", season=6, horizon=48)["valid"]
    assert (piece.name, piece.horizon, piece.seasons) == ("b", 48, (6, 6))
    [piece] = read_folder(path, season=12, long_season=30, columns="a", covariates="hour, b")["valid"][:1]
    assert (piece.horizon, piece.seasons, [*piece.covariates]) == (18, (12, 30), ["b"])
    with pytest.raises(ArgumentError, match="column='c'"):
        read_folder(path, columns="c")


def test_bad_files_of_a_folder_are_left_out(tmp_path):
    (tmp_path / "more").mkdir()
    written(tmp_path / "more/load.csv", LOAD)
    written(tmp_path / "short.csv", "v\n1\n2\n")
    written(tmp_path / "text.csv", "t,v\n2024-01-01,1\n2024-01-02,x\n2024-01-03,2\n")
    written(tmp_path / "notes.md", "nothing")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        splits = read_folder(tmp_path)
    assert {one.name for one in splits["train"]} == {"load.csv: a", "load.csv: b"}
    told = sorted(str(one.message) for one in said)
    assert len(told) == 2
    assert "text.csv:3: v is 'x'" in told[0]
    assert "short.csv: v has 2 values: give at least 36, or a horizon below 12" in told[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "does not exist"),
        ("v\n1\n2\n", "no series that can be read and is long enough"),
        ("t,v\n2024-01-01,1\n2024-01-01,2\n", "data.csv:3: the time 2024-01-01 comes twice"),
    ],
)
@pytest.mark.filterwarnings("ignore:left out")
def test_what_cannot_be_trained_on_is_refused(tmp_path, text, message):
    if text:
        written(tmp_path / "data.csv", text)
    with pytest.raises(DataError, match=message):
        read_folder(Path(tmp_path / "data.csv"))
