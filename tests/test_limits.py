"""The limits in the documents are those in the code."""

import importlib
import json
import re

import numpy as np
import pytest
import tabulate

from tests.conftest import ROOT


@pytest.mark.parametrize(("page", "count"), [("media", 19), ("security", 20), ("tasks/forecast", 7)])
def test_limits_are_documented(page, count):
    """Each row of the table names its constants, and their values."""
    text = (ROOT / f"docs/{page}.md").read_text()
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \| ([^|]+) in `([^`]+)` \|$", text, re.MULTILINE)
    named = {(module, name): value for value, names, module in rows for name in re.findall(r"`(\w+)`", names)}
    assert len(named) == count
    for (path, name), told in named.items():
        module = importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        numbers = {float(found.replace(",", "")) for found in re.findall(r"\d[\d,.]*", told)}
        values = np.ravel(getattr(module, name)) / (3600 if told.endswith("hours") else 1)
        assert set(values) <= numbers, (name, values, told)


def test_the_figures_of_fuzzing_are_those_of_the_last_run():
    found = json.loads((ROOT / "docs/fuzz.json").read_text())
    rows = [{name: value for name, value in row.items() if name != "findings"} for row in found["targets"]]
    assert (
        tabulate.tabulate(rows, headers="keys", intfmt=",", tablefmt="github")
        in (ROOT / "docs/security.md").read_text()
    )
    assert f"{found['minutes']:g} minutes" in (ROOT / "docs/security.md").read_text()
