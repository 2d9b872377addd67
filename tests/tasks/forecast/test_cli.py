import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from tests.tasks.forecast.forecasters import fake, waves
from zoo.cli.loading import CommandSession
from zoo.tasks.forecast import cli

HOURS = np.arange("2024-01-01", "2024-01-11", np.timedelta64(1, "h"), "datetime64[s]")


@pytest.fixture
def load(tmp_path, monkeypatch):
    """A file with two series; models are those of `forecasters`."""
    monkeypatch.setattr(CommandSession, "open", lambda self, name, kind: opened.append(name) or fake())
    monkeypatch.chdir(tmp_path)
    opened.clear()
    rows = [f"{time},{a:.4f},{b:.4f}" for time, a, b in zip(HOURS, *waves(2), strict=True)]
    (tmp_path / "load.csv").write_text("\n".join(["when,load,wind", *rows]))
    return tmp_path / "load.csv"


opened = []


def invoke(*words):
    commands = {command.name: command for command in cli.commands()}
    return CliRunner().invoke(commands[words[0]], list(map(str, words[1:])), obj=CommandSession())


@pytest.mark.parametrize("words", [["load.csv"], ["gru_forecast", "load.csv"], ["./load.csv"]])
def test_the_model_may_be_left_out(load, words):
    found = invoke("forecast", *words, "--column", "load", "--horizon", 3)
    assert found.exit_code == 0, found.output
    assert opened == ["gru_forecast"]
    lines = found.stdout.splitlines()
    assert lines[0].split() == ["unique_id", "ds", "forecast", "q10", "q50", "q90"]
    assert lines[2].split()[:3] == ["load", "2024-01-11", *lines[2].split()[2:3]]
    assert len(lines) == 5


def test_forecasts_are_printed_and_written(load):
    expected = fake().forecast(load, 4, (0.05, 0.95))
    options = ["--horizon", 4, "--quantiles", "0.05,0.95"]
    found = invoke("forecast", "runs/preset", load, *options, "--output-format", "csv")
    assert found.stdout == expected.to_text("csv") + "\n"
    assert [row["unique_id"] for row in csv.DictReader(found.stdout.splitlines())] == ["load"] * 4 + ["wind"] * 4
    assert len(json.loads(invoke("forecast", load, *options, "--output-format", "json").stdout)) == 8
    found = invoke("forecast", load, *options, "--out", "next.csv", "--plot", "next.png")
    assert found.stdout == "next.csv\nnext.png\n"
    assert (load.parent / "next.csv").read_text() == expected.to_text("csv") + "\n"
    assert (load.parent / "next.png").stat().st_size > 10_000


def test_backtests_are_tables(load):
    found = invoke("backtest", "load.csv", "--horizon", 12, "--windows", 2, "--output-format", "csv")
    rows = [*csv.DictReader(found.stdout.splitlines())]
    assert [row["method"] for row in rows] == ["gru_forecast", "naive", "seasonal_naive"] * 3
    assert rows[-1]["unique_id"] == "all"


def test_anomalies_are_listed_and_drawn(load):
    lines = load.read_text().splitlines()
    lines[151] = f"{HOURS[150]},99,0"
    load.write_text("\n".join(lines))
    words = ["anomalies", "load.csv", "--column", "load", "--output-format", "json"]
    found = invoke(*words, "--limit", 1e-9, "--plot", "odd.png")
    table, _, path = found.stdout.rstrip("\n").rpartition("\n")
    assert "2024-01-07 06:00" in [row["ds"] for row in json.loads(table)]
    assert (path, (load.parent / "odd.png").exists()) == ("odd.png", True)
    every = json.loads(invoke(*words, "--limit", 1, "--stride", 8).stdout)
    assert (len(every), every[0]["tail"]) == (240, None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.csv"], "none.csv: No such file"),
        (["load.csv", "--column", "lod"], "did you mean load?"),
        (["load.csv", "--quantiles", "a"], "--quantiles 'a'"),
        (["load.csv", "--horizon", "0"], "horizon=0"),
        (["load.csv", "--out", "x.xlsx"], "x.xlsx"),
        (["load.csv", "--out", "load.csv"], "is an input of this command"),
        (["load.csv", "--out", "x.csv", "--output-format", "csv"], "leave it out"),
        (["lstm_text"], "give a model and a CSV file"),
        (["a", "b", "c"], "give a model and a CSV file"),
    ],
)
def test_what_is_wrong_is_one_line(load, words, message):
    found = invoke("forecast", *words)
    assert found.exit_code in (1, 2)
    assert message in found.output
