"""Small runs, and what they leave."""

import csv
import sys

import pytest

FEW_STEPS = pytest.mark.filterwarnings("ignore:only .* optimizer steps")
SMALL = {"units": 8, "embedding": 2, "batch": 8, "window": 8, "learning_rate": 0.01,
         "dropout_recurrent": 0, "variational": False, "carry": False, "ema": 0}  # fmt: skip


def log(out):
    """The log, without the column that tells how fast the machine was."""
    with (out / "log.csv").open(newline="") as stream:
        return [{k: v for k, v in row.items() if k != "tokens_per_second"} for row in csv.DictReader(stream)]


def column(out, name):
    return [float(row[name]) for row in log(out)]


def words(out, folder, *more):
    """The command line."""
    settings = [word for key, value in ({"epochs": 4} | SMALL).items() for word in ("--set", f"{key}={value}")]
    return ["train", "lstm_music", "--out", str(out), "--data", str(folder), *settings, *more]


def command(out, folder, *more, missing=()):
    """The command line, as on a machine where some packages are missing."""
    code = f"import sys; sys.modules |= dict.fromkeys({list(missing)}); from zoo.cli.main import main; main()"
    return [sys.executable, "-c", code, *words(out, folder, *more)]
