"""Requests of training runs that cannot be, and run folders with files that are none."""

import json
import os

import pytest

import zoo
from tests.fuzz.documents import Runs
from zoo.errors import TrainingError


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recipe": {"units": 10**9, "embedding": 2}}, "units=1000000000: .* at most 16384"),
        ({"recipe": []}, "recipe=a list of 0"),
        ({"recipe": {"units": 2}}, "missing settings: embedding"),
        ({"freeze": "embedding"}, "freeze='embedding': give a list"),
        ({"devices": [3]}, r"devices\[0\]=3: give a text"),
        ({"data": None}, "data=None: give a text"),
        ({"command": 1}, "command=1"),
        ({"later": 1}, "unknown fields: later"),
        ({"name": "lstm_text"}, "another name, lstm_text"),
    ],
)
def test_requests_that_cannot_be_are_refused_by_name(tmp_path, changes, reason):
    run = Runs(tmp_path / "run", "gru_text")
    assert run.read(json.dumps(run.content)) == "read"
    with pytest.raises(TrainingError, match=f"run.*{reason}"):
        run.read(json.dumps(run.content | changes))


@pytest.mark.timeout(30)
def test_files_that_are_none_are_no_run(tmp_path):
    run = Runs(tmp_path / "run", "gru_text")
    file = run.folder / "run.json"
    for make, reason in (
        (lambda: os.mkfifo(file), "a pipe or a device"),
        (lambda: file.symlink_to("/dev/zero"), "a pipe or a device"),
        (lambda: file.write_bytes(b"\xff"), "no UTF-8"),
        (lambda: file.write_text("[" * 10**5), "inside of one another"),
        (lambda: None, "No such file"),
    ):
        file.unlink(missing_ok=True)
        make()
        with pytest.raises(TrainingError, match=f"holds no run to resume .*{reason}"):
            zoo.train("gru_text", out=run.folder, resume=True, verbose=False)
