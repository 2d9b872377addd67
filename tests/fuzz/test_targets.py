"""Some inputs of every target: they are read or refused, and nothing else comes of them."""

import collections
import warnings

import pytest

from tests.fuzz import documents
from tests.fuzz.targets import READ, REFUSED, TARGETS, target

INPUTS = 30


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_are_read_or_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(documents.AllPresets, "use", False)  # builds no network
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        subject = target(name)(tmp_path)
        found = collections.Counter(subject.attempt(seed) for seed in range(INPUTS))
    assert set(found) == {READ, REFUSED}
    assert found[REFUSED] >= 5
