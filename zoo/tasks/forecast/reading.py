"""Read time series from arrays, data frames of pandas and CSV files.

Conventions are those of pandas, sktime, Darts and Nixtla where these agree: a table has a row per time and a column per
series, or, in the long format, the columns `unique_id`, `ds` and `y` with the series below one another.
"""

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zoo.core.validation import shown
from zoo.errors import CodecError
from zoo.tasks.forecast.gaps import check, filled
from zoo.tasks.forecast.seasons import of_index
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.tables import Table, from_csv, from_frame
from zoo.tasks.forecast.time_index import TimeIndex, regular, spelled
from zoo.tasks.forecast.times import DTYPE

ID, TIME, VALUE = "unique_id", "ds", "y"
"""Columns of the long format."""
TIME_NAMES = (TIME, "date", "datetime", "timestamp", "time")
"""Names of columns that hold times, or numbers of steps, in small letters, the likeliest first."""
YEAR = "year"
Names = str | Sequence[str] | None


def read(data: Any, column: Names = None, time_column: str = "", covariates: Sequence[str] = ()) -> list[Series]:
    """Read time series.

    Missing values and times are filled up to a fifth of a series, with a warning; see `zoo.tasks.forecast.gaps`.

    Args:
        data: Path of a CSV file; a DataFrame or Series of pandas; numbers `(time,)`, or `(time, series)`; a list of
            any of these, or a mapping of names to them; a `Series`, as it is.
        column: Column, or columns, of a table to read; None: all that have numbers. In the long format that of the
            values.
        time_column: Column that holds the times; "": found by name and content.
        covariates: Columns that are known ahead. They may go on after the last value.

    Raises:
        ArgumentError: There is no such column.
        DataError: A file cannot be read.
        CodecError: A value is no number or no time, times come twice, out of order or at irregular steps, or too many
            values are missing; the message names the row.
    """
    if isinstance(data, Series):
        return [data]
    if isinstance(data, (str, os.PathLike)):
        return _of_table(from_csv(data), column, time_column, covariates)
    if hasattr(data, "iloc"):
        return _of_table(from_frame(data), column, time_column, covariates)
    if isinstance(data, Mapping) and data:
        return [one for name, part in data.items() for one in _named(str(name), read(part, column, time_column))]
    if isinstance(data, (list, tuple)) and data and not isinstance(data[0], (int, float, np.number, type(None))):
        parts = [read(part, column, time_column, covariates) for part in data]
        return _distinct([one for part in parts for one in part])
    return _of_array(data)


def _of_array(data: Any) -> list[Series]:
    """Read an array, `(time,)` or `(time, series)`."""
    try:
        values = np.asarray(data, np.float64)
    except (TypeError, ValueError) as error:
        raise CodecError(f"{shown(data)}: give numbers, a data frame, or the path of a CSV file") from error
    if values.ndim not in (1, 2) or not values.size:
        raise CodecError(f"an array {values.shape}: give values (time,), or (time, series)")
    names = ["series"] if values.ndim == 1 else [f"series {i + 1}" for i in range(values.shape[1])]
    table = Table("the array", dict(zip(names, np.atleast_2d(values.T), strict=True)))
    return _of_table(table, None, "", ())


def _named(name: str, found: list[Series]) -> list[Series]:
    return [replace(one, name=name if len(found) == 1 else f"{name}: {one.name}") for one in found]


def _distinct(found: list[Series]) -> list[Series]:
    """Number series, if several have the same name."""
    names = [one.name for one in found]
    if len(set(names)) == len(names):
        return found
    return [replace(one, name=f"{one.name} {i}") for i, one in enumerate(found, 1)]


def _of_table(table: Table, column: Names, time_column: str, covariates: Sequence[str]) -> list[Series]:
    """Read the series of a table, wide or long."""
    if not len(table):
        raise CodecError(f"{table.where} has no rows: give values")
    time = table.check(time_column, "time_column") if time_column else _time_column(table)
    known = {name: table.numbers(table.check(name, "covariates")) for name in covariates}
    times, index_known = _times(table, time)
    names = _value_columns(table, column, {time, ID, *covariates})
    values = {name: table.numbers(name) for name in names}
    found = []
    for group, rows in _groups(table).items():
        grid = _Grid(table, rows, times, index_known)
        for name in names:
            title = (group if len(names) == 1 else f"{group}: {name}") if group else name or table.stem
            found.append(grid.series(title, values[name], known))
    return found


def _groups(table: Table) -> dict[str, np.ndarray]:
    """Return the rows of each series of the long format by its name; of other tables all rows."""
    if ID not in table.columns:
        return {"": np.arange(len(table))}
    places: dict[str, list[int]] = {}
    for row, name in enumerate(table.texts(ID)):
        if not name:
            raise CodecError(f"{table.row(row)}: {ID} is empty: give the name of the series")
        places.setdefault(name, []).append(row)
    return {name: np.array(rows) for name, rows in places.items()}


def _time_column(table: Table) -> str | None:
    """Find the column that holds the times: by its name, or else by what is in it."""
    by_name = {name.lower(): name for name in table.columns}
    for name in (by_name[usual] for usual in TIME_NAMES if usual in by_name):
        if table.has_times(name, numbers=True) or table.is_numeric(name):
            return name
    if found := [name for name in table.columns if name != ID and table.has_times(name)]:
        return found[0]
    year = by_name.get(YEAR)  # that of a month or quarter in another column comes several times
    distinct = year and table.has_times(year, numbers=True) and len({*table.texts(year)}) == len(table)
    return year if distinct else None


def _times(table: Table, column: str | None) -> tuple[np.ndarray | None, bool]:
    """Return the times of all rows; and whether they are times: numbers of steps are taken for seconds."""
    if column is None:
        return table.index, True
    if table.has_times(column, numbers=True) or not table.is_numeric(column):
        return table.times(column), True
    numbers = table.numbers(column)
    if not (np.abs(numbers) < 1e12).all():
        raise CodecError(f"{table.where}: {column} has numbers that are missing or too large to be steps of time")
    return np.round(1e6 * numbers).astype("int64").astype(DTYPE), False


def _value_columns(table: Table, column: Names, others: set[str | None]) -> list[str]:
    """Return the columns to read: those asked for, `y` of the long format, or all others that have numbers."""
    if column:
        return [table.check(name, "column") for name in ([column] if isinstance(column, str) else column)]
    if ID in table.columns and VALUE in table.columns:
        return [VALUE]
    found = [name for name in table.columns if name not in others and table.is_numeric(name)]
    if len(found) > 1 and "" in found:
        found.remove("")  # row numbers, as pandas writes them
    if not found:
        raise CodecError(f"{table.where} has no column of numbers: give one per series")
    return found


class _Grid:
    """Regular steps on which rows of a table lie.

    Args:
        table: The table.
        rows: Numbers of the rows.
        times: Times of all rows of the table; None: each row is a step.
        index_known: They are times, not numbers of steps.
    """

    def __init__(self, table: Table, rows: np.ndarray, times: np.ndarray | None, index_known: bool) -> None:
        self.table, self.rows = table, rows
        self.index: TimeIndex | None = None
        self.positions = np.arange(len(rows))
        if times is not None and len(rows) > 1:
            index, self.positions = regular(times[rows], lambda i: table.row(int(rows[i])))
            self.index = index if index_known else None

    def series(self, name: str, values: np.ndarray, covariates: Mapping[str, np.ndarray]) -> Series:
        """Return a series of values `(rows of the table,)`; values missing at its ends are left out."""
        try:
            known = np.flatnonzero(np.isfinite(values[self.rows]))
            if not len(known):
                raise CodecError("all values are missing: give numbers")
            inner = slice(known[0], known[-1] + 1)
            found, gaps = self._placed(values, inner)
            more = slice(known[0], len(self.rows))
            others = {name: self._placed(numbers, more)[0] for name, numbers in covariates.items()}
        except CodecError as error:
            raise CodecError(f"{self.table.where}: {name}: {error}") from error
        first = int(self.positions[inner][0])
        index = self.index.moved(first) if self.index else None
        series = Series(name, found, index, others, gaps if gaps.any() else None)
        self._warn(series, 0 if covariates else len(self.rows) - 1 - int(known[-1]))
        return series

    def _placed(self, values: np.ndarray, part: slice) -> tuple[np.ndarray, np.ndarray]:
        """Put the values of some rows on the grid and fill the gaps; return all, and which of them were missing."""
        at, some = self.positions[part], values[self.rows[part]]
        total = int(at[-1] - at[0]) + 1
        check(int(np.isfinite(some).sum()), total)
        placed = np.full(total, np.nan)
        placed[at - at[0]] = some
        return filled(placed, of_index(self.index)[0] if self.index else 1), ~np.isfinite(placed)

    def _warn(self, series: Series, behind: int) -> None:
        where = f"{self.table.where}: {series.name}"
        if series.filled is not None:
            time = series.times(1, int(np.argmax(series.filled)))[0]
            at = spelled(time) if series.index else f"number {time}"
            warnings.warn(
                f"{where}: {series.filled.sum():,} of {len(series):,} values are missing, the first at {at}: filled",
                stacklevel=4,
            )
        if behind:
            warnings.warn(f"{where}: the last {behind} values are missing: it ends before them", stacklevel=4)
