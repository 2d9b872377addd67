"""Tables: CSV files, and data frames of pandas, as columns whose rows can be named in messages."""

import csv
import difflib
import gzip
import io
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core import text_files
from zoo.core.files import content, first
from zoo.core.validation import shown
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.tasks.forecast import times

MOST_BYTES = 1 << 27
"""Most bytes of a CSV file, unpacked (128 MiB)."""
MOST_CELLS = 1 << 22
"""Most cells of a CSV file."""
GZIP = b"\x1f\x8b"
DELIMITERS = ",;\t|"
MISSING = {"", "nan", "na", "n/a", "<na>", "null", "none", "nat"}
"""Cells without a value, in small letters."""
SAMPLE = 100  # rows that tell what a column holds


@dataclass(frozen=True)
class Table:
    """Columns of one length.

    Attributes:
        where: What the table is called in messages.
        columns: Name → cells: a list of text, or an array.
        lines: Line of each row in the file; None: it is no file.
        stem: What a column without a name is called.
        index: Times of the rows, `(rows,)` datetime64[us], where no column holds them.
    """

    where: str
    columns: Mapping[str, Any]
    lines: Sequence[int] | None = None
    stem: str = "series"
    index: np.ndarray | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def row(self, number: int) -> str:
        """Name a row in messages: `load.csv:17` or `row 16 of the DataFrame`."""
        return f"row {number} of {self.where}" if self.lines is None else f"{self.where}:{self.lines[number]}"

    def check(self, name: str, option: str) -> str:
        """Return the name of a column that an option of the user's names.

        Raises:
            ArgumentError: There is no such column.
        """
        if name in self.columns:
            return name
        close = difflib.get_close_matches(name, self.columns, 1)
        hint = f"did you mean {close[0]}? " if close else ""
        there = ", ".join(self.columns)
        raise ArgumentError(f"{option}={name!r:.60}: no column of {self.where}; {hint}there are: {there:.300}")

    def texts(self, name: str) -> list[str]:
        """Return the cells of a column as text."""
        return [str(cell).strip() for cell in self.columns[name]]

    def times(self, name: str) -> np.ndarray:
        """Return the times of a column, `(rows,)` datetime64[us].

        Raises:
            CodecError: A cell is no time; the message names its row.
        """
        cells = self.columns[name]
        if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
            found = cells.astype(times.DTYPE)
        else:
            found = times.parse(self.texts(name), numbers=True)
        if (bad := np.flatnonzero(np.isnat(found))).size:
            given = shown(self.texts(name)[bad[0]])
            raise CodecError(f"{self.row(bad[0])}: {name} is {given}: give a time, such as 2020-01-31 06:00")
        return found

    def numbers(self, name: str) -> np.ndarray:
        """Return the numbers of a column, `(rows,)` float64, NaN where the value is missing.

        Raises:
            CodecError: A cell is no number, or an infinite one; the message names its row.
        """
        found, bad = _numbers(self.columns[name])
        if (wrong := np.flatnonzero(bad)).size:
            given = shown(self.columns[name][int(wrong[0])])
            raise CodecError(
                f"{self.row(wrong[0])}: {name or self.stem} is {given}: give a number, or leave the cell empty where "
                "the value is missing"
            )
        return found

    def is_numeric(self, name: str) -> bool:
        """Tell whether more of a column is numbers than other text."""
        cells = self.columns[name]
        if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
            return False
        found, bad = _numbers(cells)
        return bool(np.isfinite(found).sum() > bad.sum())

    def has_times(self, name: str, numbers: bool = False) -> bool:
        """Tell whether a column begins with times; numbers may be times too, where its name says so."""
        cells = self.columns[name]
        if isinstance(cells, np.ndarray) and cells.dtype.kind != "O":
            return cells.dtype.kind == "M" or (numbers and self._begins_with_times(name, True))
        return self._begins_with_times(name, numbers)

    def _begins_with_times(self, name: str, numbers: bool) -> bool:
        some = [str(cell).strip() for cell in self.columns[name][:SAMPLE]]
        try:
            return bool(some) and not np.isnat(times.parse(some, numbers)).any()
        except CodecError:  # days and months that cannot be told apart by so few
            return True


def from_csv(path: str | os.PathLike[str]) -> Table:
    """Read a CSV file: divided by commas, semicolons, tabs or bars; with or without names above; packed by gzip or not.

    Raises:
        DataError: The file is missing, no text, empty, too large or damaged.
        CodecError: It has too many cells, or rows of different lengths; the message names the row.
    """
    text = _text(Path(path))
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows, lines, cells = list[list[str]](), list[int](), 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(reader.line_num)
                cells += len(row)
            if rows and len(rows[-1]) != len(rows[0]):
                raise CodecError(f"{path}:{lines[-1]}: {len(rows[-1])} cells, where the first row has {len(rows[0])}")
            if cells > MOST_CELLS:
                raise CodecError(f"{path}:{lines[-1]}: more than {MOST_CELLS:,} cells: leave out columns, or divide it")
    except csv.Error as error:
        raise CodecError(f"{path}:{reader.line_num}: {error}") from error
    if not rows:
        raise DataError(f"{path} has no rows: give a CSV file with numbers")
    names = [name.strip() for name in rows[0]] if (named := _is_head(rows[0])) else _numbered(len(rows[0]))
    if twice := {name for name in names if names.count(name) > 1 and name}:
        raise CodecError(f"{path}:{lines[0]}: several columns are called {', '.join(sorted(twice)):.300}")
    columns = zip(*rows[named:], strict=True) if rows[named:] else [()] * len(names)
    point = _with_point if delimiter in ";\t" else list
    stem = Path(path).name.partition(".")[0] or "series"
    return Table(str(path), {n: point(c) for n, c in zip(names, columns, strict=True)}, lines[named:], stem)


def from_frame(frame: Any) -> Table:
    """Read a DataFrame or Series of pandas; times in a time zone become UTC."""
    where = f"the {type(frame).__name__}"
    if not hasattr(frame, "columns"):
        frame = frame.to_frame("" if frame.name is None else frame.name)
    index = frame.index
    if hasattr(index, "to_timestamp"):
        index = index.to_timestamp()
    if index.dtype.kind != "M" and any(name is not None for name in index.names):
        frame = frame.reset_index()
    times_ = _naive(index).astype(times.DTYPE) if index.dtype.kind == "M" else None
    columns = {str(name): _naive(frame.iloc[:, i]) for i, name in enumerate(frame.columns)}
    return Table(where, columns, index=times_)


def _naive(column: Any) -> np.ndarray:
    """Return a column or index of pandas as an array, times in UTC."""
    if getattr(column.dtype, "tz", None) is not None:
        accessor = getattr(column, "dt", column)
        column = accessor.tz_convert("UTC")
        column = getattr(column, "dt", column).tz_localize(None)
    found: np.ndarray = column.to_numpy()
    return found


def _text(path: Path) -> str:
    """Read a text file, which may be packed."""
    if first(path, 2) != GZIP:
        return text_files.read(path, most=MOST_BYTES)
    try:
        data = gzip.GzipFile(fileobj=io.BytesIO(content(path, MOST_BYTES))).read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise DataError(f"{path} has more than {MOST_BYTES:,} bytes, unpacked: divide it")
        return text_files.normalized(data.decode("utf-8"))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, CodecError) as error:
        raise DataError(f"{path} cannot be read: {error}; give a CSV file in UTF-8, packed by gzip") from error


def _is_head(cells: Sequence[str]) -> bool:
    """Tell whether a row has the names of the columns: neither numbers nor times."""
    some = [cell.strip() for cell in cells if cell.strip()]
    _, bad = _numbers(some)
    return all(bad) and not any(times.FORMS[name].fullmatch(cell) for cell in some for name in times.FORMS)


def _numbered(count: int) -> list[str]:
    """Name columns without names: the only one by the file."""
    return [""] if count == 1 else [str(i + 1) for i in range(count)]


def _with_point(cells: Sequence[str]) -> list[str]:
    """Write decimal commas as points, if a column is then numbers."""
    changed = [cell.replace(",", ".", 1) for cell in cells]
    return [*cells] if _numbers(changed)[1].any() else changed


def _numbers(cells: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of cells, `(rows,)` float64, NaN where there is none; and which of them are something else."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiub":
        found = cells.astype(np.float64)
        return found, np.isinf(found)
    try:
        found = np.array(cells, np.float64)
        bad = np.isinf(found)
    except (TypeError, ValueError, OverflowError):
        texts = [str(cell).strip().lower() for cell in cells]
        found = np.array([_number(text) for text in texts], np.float64)
        bad = np.array([not np.isfinite(value) for value in found], bool)
        bad &= np.array([text not in MISSING for text in texts], bool)
    return np.where(bad, np.nan, found), bad


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
