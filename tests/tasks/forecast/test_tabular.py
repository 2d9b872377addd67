import csv
import json

import numpy as np
import pytest

from zoo.core.escaping import from_cell
from zoo.errors import ArgumentError, MissingExtra
from zoo.tasks.forecast.tabular import Tabular


class Tides(Tabular):
    def columns(self):
        times = np.array(["2024-01-01T06:00", "2024-01-02"], "datetime64[us]")
        return {"harbor": np.array(["Büsum, 1", "2"], object), "ds": times, "height": np.array([1.25, np.nan])}


ROWS = [
    {"harbor": "Büsum, 1", "ds": "2024-01-01 06:00", "height": 1.25},
    {"harbor": "2", "ds": "2024-01-02", "height": None},
]


def test_a_table_is_text(tmp_path):
    assert json.loads(Tides().to_text("json")) == ROWS
    assert [*csv.DictReader(Tides().to_text("csv").splitlines())] == [
        {name: "" if cell is None else str(cell) for name, cell in row.items()} for row in ROWS
    ]
    assert str(Tides()).splitlines()[2].split() == ["Büsum,", "1", "2024-01-01", "06:00", "1.25"]
    for suffix in ("csv", "json", "txt"):
        path = Tides().save(tmp_path / f"tides.{suffix}")
        assert path.read_text(encoding="utf-8") == Tides().to_text(suffix) + "\n"
    with pytest.raises(ArgumentError, match="ends in .csv or .json"):
        Tides().save(tmp_path / "tides.xlsx")


def test_a_table_without_rows_has_its_names():
    class Empty(Tabular):
        def columns(self):
            return {"harbor": np.array([], object), "height": np.array([])}

    assert str(Empty()).split()[:2] == ["harbor", "height"]
    assert json.loads(Empty().to_text("json")) == []
    assert Empty().to_text("csv") == "harbor,height"


@pytest.mark.parametrize("name", ["=1+1", "a\nb", "\x1b[2J", "a;=1+1", 'a,"b'])
def test_names_are_neither_lines_nor_formulas_nor_commands(name):
    class Odd(Tabular):
        def columns(self):
            return {"unique_id": np.array([name], object), "y": np.array([-1.0])}

    for output_format, count in (("csv", 2), ("txt", 3), ("json", 3)):
        text = Odd().to_text(output_format)
        assert len(text.splitlines()) == count
        assert "\x1b" not in text
    [row] = csv.DictReader(Odd().to_text("csv").splitlines())
    assert (from_cell(row["unique_id"]), row["y"]) == (name, "-1.0")
    assert json.loads(Odd().to_text("json")) == [{"unique_id": name, "y": -1.0}]


def test_a_table_is_a_data_frame():
    pandas = pytest.importorskip("pandas")
    frame = Tides().to_frame()
    assert frame["harbor"].tolist() == ["Büsum, 1", "2"]
    assert frame["ds"].iloc[1] == pandas.Timestamp("2024-01-02")


def test_data_frames_need_pandas(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"data frames need pandas: pip install 'rnn-zoo\[data\]'"):
        Tides().to_frame()
