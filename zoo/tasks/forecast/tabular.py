"""Results that are tables: as text, files and data frames."""

import csv
import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo.core.escaping import cell, escaped, to_json
from zoo.core.extras import needing
from zoo.core.files import suffixed, write_text
from zoo.core.plots import FORMATS
from zoo.tasks.forecast.time_index import spelled

if TYPE_CHECKING:
    import pandas


class Tabular:
    """A result with columns of one length."""

    SUFFIXES: ClassVar[Mapping[str, tuple[str, ...]]] = {"save": (".csv", ".json", ".txt"), "plot": FORMATS}

    def columns(self) -> dict[str, np.ndarray]:
        """Return name → column, `(rows,)`."""
        raise NotImplementedError

    def to_frame(self) -> "pandas.DataFrame":
        """Return a data frame of pandas.

        Raises:
            MissingExtra: pandas is not installed.
        """
        with needing("data frames need", "pandas"):
            import pandas

        return pandas.DataFrame(self.columns())

    def to_text(self, output_format: str = "txt") -> str:
        """Return the result as an aligned table (`txt`), as `csv`, or as `json`, a list with an object per row.

        Names become neither lines nor formulas of spreadsheets.
        """
        columns = {name: [_plain(value) for value in column] for name, column in self.columns().items()}
        rows: Sequence[Sequence[Any]] = [*zip(*columns.values(), strict=True)]
        if output_format == "json":
            objects = (to_json(dict(zip(columns, row, strict=True))) for row in rows)
            return "[\n " + ",\n ".join(objects) + "\n]"
        clean = cell if output_format == "csv" else escaped
        rows = [[clean(value) if isinstance(value, str) else value for value in row] for row in rows]
        if output_format == "txt":
            from tabulate import tabulate

            return tabulate(rows, [*columns], floatfmt=".6g", missingval="", disable_numparse=[0] if rows else True)
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows([[*columns], *rows])
        return written.getvalue().rstrip("\n")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the result to a .csv, .json or .txt file; return its path.

        Raises:
            ArgumentError: The path has another suffix.
            DataError: The file cannot be written.
        """
        target = suffixed(path, self.SUFFIXES["save"])
        write_text(target, self.to_text(target.suffix.lower()[1:]) + "\n")
        return target

    def __str__(self) -> str:
        """Return the result as an aligned table."""
        return self.to_text()


def _plain(given: Any) -> Any:
    """Return a value as Python has it: times as text, and None for NaN."""
    if isinstance(given, np.datetime64):
        return spelled(given)
    value = given.item() if isinstance(given, np.generic) else given
    return None if isinstance(value, float) and not math.isfinite(value) else value
