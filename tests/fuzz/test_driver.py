"""The driver sees what it is for: exceptions, crashes, hangs and memory, each at its seed, and goes on behind them."""

import json
import math
import os
import time

import pytest

from tests.fuzz import __main__, driver
from tests.fuzz.targets import READ, REFUSED


class Faulty:
    """Does what must not happen for some seeds."""

    def __init__(self, folder):
        self.file = folder / "input"

    def attempt(self, seed):
        self.file.write_text(f"{seed}")
        if seed == 3:
            raise ValueError("three")
        if seed == 5:
            os.abort()
        if seed == 8:
            return READ if b"x" * (80 << 20) else REFUSED
        if seed == 9:
            time.sleep(100)
        while seed == 10:
            pass
        return READ if seed % 2 else REFUSED


class Unready:
    def __init__(self, folder):
        raise OSError("no inputs")


@pytest.fixture(autouse=True)
def kept_here(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


def test_every_kind_is_found(monkeypatch):
    for name, limit in {"LIMIT_S": 5, "LIMIT_CPU_S": 2, "MOST_BYTES": 40 << 20}.items():
        monkeypatch.setattr(driver, name, limit)
    found = driver.fuzz("tests.fuzz.test_driver:Faulty", 0, count=12)
    assert [(finding.kind, finding.seed) for finding in found.findings] == [
        ("exception", 3), ("crash", 5), ("memory", 8), ("hang", 9), ("hang", 10),
    ]  # fmt: skip
    assert "ValueError: three" in found.findings[0].said
    assert "-6" in found.findings[1].said
    assert (found.read, found.refused, found.inputs) == (4, 4, 12)
    for finding in found.findings:
        if finding.files:
            with open(f"{finding.files}/files/input") as stream:
                assert stream.read() == str(finding.seed)


def test_target_that_cannot_begin():
    found = driver.fuzz("tests.fuzz.test_driver:Unready", 0, count=2)
    assert [finding.kind for finding in found.findings] == ["crash"]
    assert "no inputs" in found.findings[0].said


@pytest.mark.parametrize("bad", [True, False])
def test_report(monkeypatch, tmp_path, capsys, bad):
    def fuzz(name, first, seconds, count):
        assert (name, first, seconds, count) == ("midi", 7, 30, math.inf)
        findings = [driver.Finding("hang", 9, "exit code -27", "/kept")] * bad
        return driver.Figures(name, read=3, refused=2, findings=findings)

    monkeypatch.setattr(__main__, "fuzz", fuzz)
    out = tmp_path / "figures.json"
    assert __main__.main(["--minutes", "0.5", "--seed", "7", "--only", "midi", "--out", str(out)]) == bad
    assert ("python -m tests.fuzz --only midi --seed 9 --count 1" in capsys.readouterr().out) == bad
    row = json.loads(out.read_text())["targets"][0]
    assert (row["target"], row["inputs"], row["hangs"]) == ("midi", 5 + bad, bad)
