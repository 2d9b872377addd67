"""The limits in the documents are those in the code."""

import importlib
import re

import numpy as np
import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(("page", "count"), [("media", 15), ("security", 18)])
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
