"""The M4 competition's hourly and weekly series, which the forecast models are trained on.

Protocol: the official test part is the last 48 hours (13 weeks) of each series, forecast from all values before it.
"""

import csv
import gzip
import io
from functools import partial
from pathlib import Path

import numpy as np

from zoo.core.datasets import Dataset, Source
from zoo.core.files import content
from zoo.errors import DataError
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.tables import GZIP, MOST_BYTES

URL = "https://raw.githubusercontent.com/Mcompetitions/M4-methods/master/Dataset/"
CORPORA = {"m4_hourly": (48, (24, 168), 24), "m4_weekly": (13, (52, 52), 1)}
"""Data set → its horizon, its short and long season, and the season of MASE and of the seasonal naive forecast."""
ORIGINS = 16
"""Times from which a series is forecast in an epoch."""
NAIVE2 = {"m4_hourly": (18.383, 2.395), "m4_weekly": (9.161, 2.777)}
"""Data set → sMAPE and MASE of Naive2 on its test part, which the competition's OWA is relative to."""


def _rows(path: Path, split: str) -> dict[str, dict[str, np.ndarray]]:
    """Read a file with a series per row: its name, its values, and empty cells behind them."""
    data = content(path, MOST_BYTES)
    text = (gzip.decompress(data) if data[:2] == GZIP else data).decode("ascii")
    rows = csv.reader(io.StringIO(text))
    next(rows)
    return {split: {name: np.array([cell for cell in cells if cell], float) for name, *cells in rows}}


def _m4(period: str, part: str, packed: str, plain: str) -> Dataset:
    """Return the part of a period: a local copy packed by gzip, or the file as published.

    Args:
        period: `Hourly` or `Weekly`.
        part: `Train` or `Test`.
        packed: Checksum of the packed file.
        plain: Checksum of the published one.
    """
    read = partial(_rows, split=part.lower())
    name = f"{period}-{part.lower()}.csv"
    local = f"timeseries/m4_{name.lower().replace('-', '_')}.gz"
    sources = (Source(local, packed, read), Source(f"timeseries/{name}", plain, read, f"{URL}{part}/{name}"))
    citation = "Makridakis et al., The M4 Competition, International Journal of Forecasting 36 (2020)"
    return Dataset(f"M4 {period.lower()}", sources, "none stated (github.com/Mcompetitions/M4-methods)", citation)


HOURLY = (
    _m4("Hourly", "Train", "ec441240485a611b7d26630f207b5afacc0a256ba7ef4c64ddc5216a4222b9d9",
        "ea59b7783573c49077a835ab6465c7d66f1474783360f310988a9a737fbca62f"),
    _m4("Hourly", "Test", "d1c30a575419529c8150deb1a3c97b568feaec3bae4ce2caf5e12ea1f888a9cb",
        "71a57fccb15e534d973626ada4fb87febf789e9317715b7cc6dd3b5f90db6f42"),
)  # fmt: skip
WEEKLY = (
    _m4("Weekly", "Train", "3151f2409cac3f8cc3d54c37b3d5a9f95c8083c275fd6933f8ff08516f9384f2",
        "d478d3f6ed673e6ed3c2cb0fbed5425f72eedd51318ebebeb0b5ecfcefc37714"),
    _m4("Weekly", "Test", "bd0739e3dbbe4087624e5086931e9e63d2daeaf1a0f99aa8331a8f3f5d03e16d",
        "3b2bc4be8e636e802260dcd843ca3c5da40536a1fbe1ecb3229a97dae4f44688"),
)  # fmt: skip


def datasets() -> tuple[Dataset, ...]:
    """Return what the forecast models are trained on."""
    return *HOURLY, *WEEKLY


def prepare(*parts: dict[str, dict[str, np.ndarray]]) -> dict[str, list[Series]]:
    """Split: the official test part; for validation the last horizon of the training part; the rest for training.

    Every piece ends with the values to forecast, as many as its `horizon`. Those to train on are there several times,
    and are forecast from another time each time.

    Args:
        parts: Training part and test part of each corpus, in the order of `datasets`.

    Raises:
        DataError: The parts have other series than one another.
    """
    splits: dict[str, list[Series]] = {"train": [], "valid": [], "test": []}
    for corpus, known, later in zip(CORPORA, parts[::2], parts[1::2], strict=True):
        horizon, seasons, scaling = CORPORA[corpus]
        train, test = known["train"], later["test"]
        if [*train] != [*test] or any(len(values) != horizon for values in test.values()):
            raise DataError(f"{corpus}: the test part has other series than the training part, or other lengths")
        for name, values in train.items():
            every = np.r_[values, test[name]]
            whole = Series(name, every, horizon=horizon, seasons=seasons, scaling=scaling, corpus=corpus)
            splits["test"].append(whole)
            splits["valid"].append(whole.until(len(values), horizon))
            splits["train"].append(whole.until(len(values) - horizon, horizon))
    return {**splits, "train": splits["train"] * ORIGINS}
