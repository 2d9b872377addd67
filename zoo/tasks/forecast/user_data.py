"""Training data from your own CSV files."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from zoo.errors import ArgumentError, CodecError, DataError
from zoo.tasks.forecast.covariates import columns_of, listed
from zoo.tasks.forecast.reading import read
from zoo.tasks.forecast.seasons import horizon_of
from zoo.tasks.forecast.series import Series

SUFFIXES = (".csv", ".tsv", ".gz")
VALID, MOST_VALID = 0.1, 10
"""Fraction of a series that is for validation, at its end; and most horizons of it."""
TRAINED = 2
"""Fewest horizons of a series that are left for training."""


def read_folder(
    path: Path,
    season: int = 0,
    long_season: int = 0,
    horizon: int = 0,
    columns: str = "",
    time_column: str = "",
    covariates: str | Sequence[str] = "",
) -> dict[str, list[Series]]:
    """Read the series of a CSV file, or of every .csv, .tsv and .gz file below a folder; the end of each validates.

    Every piece ends with the values to forecast from those before them. For training the same series is cut at several
    ends, a horizon apart. Series that are too short, and files of a folder that cannot be read, are left out with a
    warning.

    Args:
        path: The file or folder.
        season: Short season in steps; 0: found.
        long_season: Long season in steps; 0: found.
        horizon: Steps to forecast; 0: the usual number for the season.
        columns: Columns to read, divided by commas; "": all that have numbers.
        time_column: Column with the times; "": found.
        covariates: Names of known covariates, divided by commas.

    Raises:
        ArgumentError: A single file has no such column.
        DataError: There is no such file or folder, or no series in it that is long enough.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist: give a CSV file, or a folder with some")
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
    splits: dict[str, list[Series]] = {"train": [], "valid": []}
    for series in _series(files, path.is_dir(), listed(columns), time_column, columns_of(listed(covariates))):
        seasons = (season or series.season[0], long_season or season or series.season[1])
        steps = horizon or horizon_of(seasons[0])
        if len(series) < (TRAINED + 1) * steps:
            least = f"give at least {(TRAINED + 1) * steps:,}, or a horizon below {steps}"
            warnings.warn(f"left out: {series.name} has {len(series):,} values: {least}", stacklevel=2)
            continue
        _divide(replace(series, seasons=seasons, known=",".join(listed(covariates))), steps, splits)
    if not splits["train"]:
        raise DataError(f"{path} has no series that can be read and is long enough: give CSV files with longer ones")
    return splits


def _series(
    files: Sequence[Path], several: bool, columns: Sequence[str], time_column: str, covariates: Sequence[str]
) -> list[Series]:
    """Read files; those of a folder that cannot be read are left out."""
    found: list[Series] = []
    for file in files:
        try:
            some = read(file, columns or None, time_column, covariates)
        except (ArgumentError, CodecError, DataError) as error:
            if several:
                warnings.warn(f"left out: {error}", stacklevel=3)
                continue
            if isinstance(error, CodecError):
                raise DataError(str(error)) from error
            raise
        found += [replace(one, name=f"{file.name}: {one.name}") for one in some] if several else some
    return found


def _divide(series: Series, horizon: int, splits: dict[str, list[Series]]) -> None:
    """Add the end of a series to the validation split, and the rest, cut at several ends, to the training split."""
    windows = max(1, min(MOST_VALID, int(VALID * len(series)) // horizon))
    ends = range(len(series), TRAINED * horizon - 1, -horizon)
    pieces = [series.until(end, horizon) for end in ends]
    splits["valid"] += pieces[:windows]
    splits["train"] += pieces[windows:]
