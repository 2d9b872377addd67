"""A package of somebody else adds a task and an architecture, without an edit here: `examples/new_task`."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT

EXAMPLE = ROOT / "examples/new_task"
RUN = """
import sys
from pathlib import Path

from click.testing import CliRunner

import export
import zoo
from zoo.cli import main

def call(*words):
    result = CliRunner().invoke(main, list(map(str, words)))
    assert result.exit_code == 0, f"{words}: {result.output} {result.exception}"
    return result.stdout

assert "stacked_gru_series" in call("list", "*_series")
assert "continue-series" in call("--help")
call("train", "stacked_gru_series", "--data", "levels.csv", "--out", "run", "--set", "epochs=1", "--set", "units=8")
preset = Path("run/preset")
model = zoo.load(preset)
expected = call("continue-series", preset, "levels.csv", "--steps", 5)
assert len(expected.split()) == 5
assert set(zoo.info(preset).metrics["valid"]) == {"rmse", "tokens"}
assert "voices" not in zoo.page(preset) and "stacked_gru" in zoo.page(preset)
call("export", preset, "--out", "dist")
for name in ("stacked_gru_series.onnx", "stacked_gru_series.tflite", "stacked_gru_series"):
    assert call("continue-series", Path("dist") / name, "levels.csv", "--steps", 5) == expected, name
print("all done")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install the example into a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*install, folder, EXAMPLE], check=True, capture_output=True)
    return folder


def python(folder, code, cwd):
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_the_example_is_short():
    assert len((EXAMPLE / "zoo_series.py").read_text().splitlines()) <= 150


def test_a_task_of_another_package_trains_exports_and_runs(installed, tmp_path):
    at = np.arange(900)
    levels = 5 + np.sin(at / 5) + 0.3 * np.sin(at / 17)
    np.savetxt(tmp_path / "levels.csv", levels, "%.4f")
    done = python(installed, RUN, tmp_path)
    assert done.stdout.endswith("all done\n"), done.stderr[-3000:]


CALLS = """
import contextlib, io, json
from zoo.cli import main
from zoo.core import plugins, task

told = []
for words in WORDS:
    for value in (*vars(plugins).values(), *vars(task).values()):  # as in a process of its own
        getattr(value, "cache_clear", int)()
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        with contextlib.suppress(SystemExit):
            main(words)
    told.append({"out": out.getvalue(), "err": err.getvalue()})
print(json.dumps(told))
"""
BROKEN = {
    "gone": ("nowhere:TASK", "No module named 'nowhere'"),
    "number": ("math:pi", "has the type float, not Task"),
    "other": ("zoo.tasks.text.task:TASK", "has the name 'text'"),
}


def test_broken_packages_break_nothing_else(tmp_path):
    """One line for each says which package it is; what asks for its task gets the reason."""
    about = tmp_path / "broken-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    rows = "\n".join(f"{name} = {value}" for name, (value, _) in BROKEN.items())
    (about / "entry_points.txt").write_text(
        f"[rnn_zoo.tasks]\n{rows}\n[rnn_zoo.architectures]\ntree = zoo.core.architectures:OWN\n"
    )
    words = [["list", "*_text"], ["--help"], *(["train", f"lstm_{name}"] for name in BROKEN)]
    done = python(tmp_path, CALLS.replace("WORDS", repr(words)), tmp_path)
    assert done.returncode == 0, done.stderr
    listed, helped, *asked = json.loads(done.stdout.splitlines()[-1])
    assert "lstm_text" in listed["out"]
    assert "tree" in listed["err"]
    assert "it is left out" in listed["err"]
    assert "generate" in helped["out"]
    for (name, (_, reason)), one in zip(BROKEN.items(), asked, strict=True):
        assert "of broken" in one["err"], name
        assert reason in one["err"], one["err"]
