"""Public data for benchmarks; no model is trained on it unless a benchmark says so.

Read a set by `zoo.core.datasets.load`, such as `load(ETTH1)["all"]`.
"""

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.core.datasets import Dataset, Source
from zoo.tasks.forecast.reading import read
from zoo.tasks.forecast.series import Series
from zoo.tasks.forecast.times import DTYPE

RAW = "https://raw.githubusercontent.com/"
ETTH1_SPLITS = {"train": (0, 8640), "valid": (8640, 11520), "test": (11520, 14400)}
"""Split → first row, and the one after the last: 12, 4 and 4 months of 30 days, as published models use them."""
ENGINE, CYCLE, SENSORS = 0, 1, slice(2, 26)
"""Columns of C-MAPSS: number of the engine, of the flight, then 3 operating settings and 21 sensors."""


class Labeled(NamedTuple):
    """A series of the Numenta Anomaly Benchmark.

    Attributes:
        name: Folder and file.
        times: `(time,)` datetime64[us]; the steps are not all regular.
        values: `(time,)` float64.
        windows: First and last time of each anomaly, `(anomalies, 2)` datetime64[us].
    """

    name: str
    times: np.ndarray
    values: np.ndarray
    windows: np.ndarray


def _series(path: Path) -> dict[str, list[Series]]:
    return {"all": read(path)}


def _engines(path: Path) -> dict[str, Any]:
    """Read engines: `train` and `test`, lists of `(flights, 26)`; `rul`, flights left after each of test, `(100,)`."""

    def table(name: str) -> np.ndarray:
        return np.loadtxt(io.BytesIO(gzip.decompress((path.parent / name).read_bytes())), ndmin=2)

    def engines(rows: np.ndarray) -> list[np.ndarray]:
        return np.split(rows, np.flatnonzero(np.diff(rows[:, ENGINE])) + 1)

    train, test, rul = (table(f"cmapss_{part}_FD001.txt.gz") for part in ("train", "test", "RUL"))
    return {"train": engines(train), "test": engines(test), "rul": rul[:, 0]}


def _labeled(path: Path) -> dict[str, list[Labeled]]:
    with tarfile.open(path) as archive:
        files = {
            member.name.partition("/")[2]: stream.read()
            for member in archive
            if member.isfile() and (stream := archive.extractfile(member))
        }
    found = []
    for key, windows in json.loads(files["labels/combined_windows.json"]).items():
        lines = files[f"data/{key}"].decode("ascii").split()[1:]  # "date time,value" is two words
        cells = [line.split(",") for line in map(" ".join, zip(lines[::2], lines[1::2], strict=True))]
        times, values = np.array([c[0] for c in cells], DTYPE), np.array([c[1] for c in cells], float)
        found.append(Labeled(key, times, values, np.array(windows, DTYPE).reshape(-1, 2)))
    return {"all": found}


ETTH1 = Dataset(
    "ETTh1",
    (
        Source(
            "timeseries/ETTh1.csv", "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066", _series,
            f"{RAW}zhouhaoyi/ETDataset/main/ETT-small/ETTh1.csv",
        ),
    ),
    "CC BY-ND 4.0",
    "Zhou et al., Informer: Beyond Efficient Transformer for Long Sequence Time-Series Forecasting, AAAI 2021",
)  # fmt: skip
EXCHANGE_RATE = Dataset(
    "Exchange rates",
    (
        Source(
            "timeseries/exchange_rate.txt.gz", "934e8b7899169426f6b2f8052f8cc7d61e9c91fef75176b684fde03560ed0540",
            _series, f"{RAW}laiguokun/multivariate-time-series-data/master/exchange_rate/exchange_rate.txt.gz",
        ),
    ),
    "none stated (github.com/laiguokun/multivariate-time-series-data)",
    "Lai et al., Modeling Long- and Short-Term Temporal Patterns with Deep Neural Networks, SIGIR 2018",
)  # fmt: skip
FD001 = Dataset(
    "C-MAPSS FD001",
    (
        Source(
            "timeseries/cmapss_train_FD001.txt.gz", "c911ac76a7d33e776bdc34ad2f1dbe85ec48d16f44d0d65965b63279b84573c9",
            _engines, beside={
                "cmapss_test_FD001.txt.gz": "5388fbf775798352d0a936b06edacbf95c78abd907ab1242ee6076f520bfeb7d",
                "cmapss_RUL_FD001.txt.gz": "e0ac4e4c659fafb32d2766e1d08f36f1fcbd7c73a65b8591f8ed2e4614bd3784",
            }, home="https://github.com/umbertogriffo/Predictive-Maintenance-using-LSTM",
        ),
    ),
    "US government work",
    "Saxena et al., Damage Propagation Modeling for Aircraft Engine Run-to-Failure Simulation, PHM 2008",
)  # fmt: skip
NAB = Dataset(
    "Numenta Anomaly Benchmark",
    (
        Source(
            "timeseries/nab.tar.gz", "8f746266c3b93c2172e8544c74ae0fd47881dca0bb32cc6052cdc897f8fb3371", _labeled,
            home="https://github.com/numenta/NAB",
        ),
    ),
    "MIT",
    "Lavin & Ahmad, Evaluating Real-time Anomaly Detection Algorithms, ICMLA 2015",
)  # fmt: skip
