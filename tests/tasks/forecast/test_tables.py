import functools
import gzip

import numpy as np
import pytest

from zoo.errors import ArgumentError, CodecError, DataError
from zoo.tasks.forecast import tables
from zoo.tasks.forecast.tables import from_csv

packed = functools.partial(gzip.compress, mtime=0)


def written(folder, text, name="load.csv", encoding="utf-8"):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return folder / name


@pytest.mark.parametrize(
    "content",
    [
        "time,load,note\n2020-01-01,1.5,a\n\n2020-01-02,,b\n2020-01-03,-2e3,c\n",
        "time;load;note\r\n2020-01-01;1,5;a\r\n\r\n2020-01-02;NA;b\r\n2020-01-03;-2000;c\r\n",
        '"time"\t"load"\t"note"\n2020-01-01\t1,5\ta\n\n2020-01-02\tnan\tb\n2020-01-03\t-2000\tc',
        "\ufefftime|load|note\n2020-01-01|1.5|a\n\n2020-01-02| |b\n2020-01-03|-2000|c",
    ],
)
@pytest.mark.parametrize("pack", [str.encode, lambda text: packed(text.encode())])
def test_files_are_read_however_they_are_written(tmp_path, content, pack):
    table = from_csv(written(tmp_path, pack(content)))
    assert [*table.columns] == ["time", "load", "note"]
    assert np.array_equal(table.numbers("load"), [1.5, np.nan, -2000], equal_nan=True)
    assert str(table.times("time")[2])[:10] == "2020-01-03"
    assert table.row(1) == f"{tmp_path}/load.csv:4"
    assert (table.is_numeric("load"), table.is_numeric("note"), table.has_times("time")) == (True, False, True)


@pytest.mark.parametrize(("content", "names"), [("1\n2\n", [""]), ("1,2\n3,4\n", ["1", "2"]), ("load\n1\n", ["load"])])
def test_names_above_may_be_missing(tmp_path, content, names):
    table = from_csv(written(tmp_path, content, "one.two.csv"))
    assert [*table.columns] == names
    assert table.stem == "one"


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("a,b\n1,2\n3\n", CodecError, "load.csv:3: 1 cells, where the first row has 2"),
        ("a,a\n1,2\n", CodecError, "load.csv:1: several columns are called a"),
        ("\n\n", DataError, "load.csv has no rows"),
        ("", DataError, "is empty"),
        (b"\x1f\x8b\x08damaged", DataError, "load.csv cannot be read"),
        (b"\x00\x01", DataError, "binary"),
        (packed(b"a\n\xff"), DataError, "load.csv cannot be read"),
        ("a\n" + "1\n" * 51, CodecError, "load.csv:51: more than 50 cells"),
        (packed(b"1\n" * 600), DataError, "more than 1,000 bytes, unpacked"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, monkeypatch, content, error, message):
    monkeypatch.setattr(tables, "MOST_CELLS", 50)
    monkeypatch.setattr(tables, "MOST_BYTES", 1000)
    with pytest.raises(error, match=message):
        from_csv(written(tmp_path, content))


def test_cells_and_columns_are_named(tmp_path):
    table = from_csv(written(tmp_path, "day,load\n2020-01-01,1\n2020-01-32,high\n2020-01-03,inf\n"))
    with pytest.raises(CodecError, match=r"load.csv:3: load is 'high': give a number"):
        table.numbers("load")
    with pytest.raises(CodecError, match=r"load.csv:3: day is '2020-01-32': give a time"):
        table.times("day")
    with pytest.raises(ArgumentError, match=r"column='lod': no column of .*; did you mean load\? there are: day, load"):
        table.check("lod", "column")
