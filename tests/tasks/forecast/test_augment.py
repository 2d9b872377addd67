"""Training forecasts a series from random times, some changed, the same for the same seed."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.core.recipe import Recipe
from zoo.tasks.forecast import augment as module
from zoo.tasks.forecast.augment import augment, coarser
from zoo.tasks.forecast.series import Series

HOURLY = Series("h", np.arange(700.0), horizon=48, seasons=(24, 168), scaling=24)
WEEKLY = Series("w", np.arange(80.0), horizon=13, seasons=(52, 52), scaling=1)
SHORT = Series("s", np.arange(30.0), horizon=13, seasons=(52, 52))


def changed(piece, count=400):
    return [augment([piece], Recipe(1, 1))(0, np.random.default_rng(seed)) for seed in range(count)]


@pytest.mark.parametrize(("piece", "least", "most"), [(HOURLY, 384, 700), (WEEKLY, 39, 80), (SHORT, 30, 30)])
def test_random_ends(piece, least, most):
    pieces = changed(piece)
    ends = [int(one.values[-1]) + 1 for one in pieces]
    assert (least, most) == (pytest.approx(min(ends), abs=5), pytest.approx(max(ends), abs=5))
    assert np.array_equal(pieces[7].values, changed(piece, 8)[7].values)
    short = [len(one.history) for one in pieces if one.values[0] > 0]
    assert 0.6 * module.SHORT < len(short) / len(pieces) < 1.4 * module.SHORT
    assert min(short) == 8
    assert {one.horizon for one in pieces} == {piece.horizon}


@pytest.mark.parametrize("piece", [HOURLY, WEEKLY])
def test_own_data_sets_are_changed(piece, monkeypatch):
    monkeypatch.setattr(module, "SHORT", 0)
    pieces = changed(replace(piece, corpus="m4"))
    noisy = [one for one in pieces if len(np.unique(np.diff(one.values).round(6))) > 1]
    coarse = [one for one in pieces if one.horizon != piece.horizon]
    for some, share in ((noisy, module.NOISY), (coarse, module.COARSE)):
        assert 0.6 * share < len(some) / len(pieces) < 1.4 * share
    assert all(one.seasons[1] * len(one) > 0 and one.horizon >= 1 for one in coarse)


def test_coarser():
    found = coarser(HOURLY, np.random.default_rng(0))
    size = 24 // found.seasons[0]
    assert size > 1
    assert found.seasons == (24 // size, 168 // size)
    assert (found.horizon, found.scaling) == (48 // size, 24 // size)
    assert np.allclose(found.values[-1], np.arange(700.0)[-size:].mean())
    assert np.allclose(np.diff(found.values), size)
