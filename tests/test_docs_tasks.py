"""The pages of tasks are true: their blocks run one after the other, and their commands."""

import shlex

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.test_docs import LONG, blocks


def table(path, **columns):
    """Write a CSV file of 40 days, an hour a row."""
    times = np.datetime64("2026-01-01T00") + np.arange(960)
    rows = [
        ",".join(["time", *columns]),
        *(",".join(map(str, row)) for row in zip(times, *columns.values(), strict=True)),
    ]
    path.write_text("\n".join(rows) + "\n")


def forecast(folder):
    """Make the files that the page of forecasts reads; return what its blocks take for given."""
    hours = np.arange(960)
    rng = np.random.default_rng(0)
    day = 50 + 9 * np.sin(hours * np.pi / 12) + rng.standard_normal(960)
    for name, column in (("load", "load"), ("sales", "sales"), ("sensor", "temperature")):
        table(folder / f"{name}.csv", **{column: day.round(3)})
    return {}


def keyword(folder):
    """Make the files that the page of keywords reads; return what its blocks take for given."""
    import soundfile

    import zoo

    rng, model = np.random.default_rng(0), zoo.load("gru_keyword")
    (folder / "recordings").mkdir()
    for name, seconds in (("take.wav", 3), ("clip.wav", 1), ("recordings/one.wav", 2)):
        soundfile.write(folder / name, 0.01 * rng.standard_normal(16_000 * seconds), 16_000)
    zoo.export.save(model, folder / "gru_keyword.onnx")
    return {"chunks": np.split(0.01 * rng.standard_normal(48_000).astype(np.float32), 10)}


@pytest.mark.slow
@pytest.mark.parametrize("files", [forecast, keyword], ids=lambda files: files.__name__)
def test_page(files, tmp_path, monkeypatch, quick):
    from click.testing import CliRunner

    from zoo.cli.main import main

    monkeypatch.chdir(tmp_path)
    text = (ROOT / f"docs/tasks/{files.__name__}.md").read_text()
    space = files(tmp_path)
    for block in blocks("python", text):
        exec(compile(block, f"{files.__name__}.md", "exec"), space)
    lines = [line.removeprefix("$ ").split("#")[0].strip() for line in "".join(blocks("console", text)).splitlines()]
    commands = [line for line in lines if line.startswith("zoo ") and not line.startswith(LONG)]
    assert len(commands) >= 2
    for line in commands:
        result = CliRunner().invoke(main, shlex.split(line)[1:])
        assert result.exit_code == 0, f"{line}: {result.output}"
