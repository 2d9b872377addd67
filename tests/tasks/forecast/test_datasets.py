import numpy as np
import pytest

from zoo.core.datasets import load
from zoo.errors import DataError
from zoo.tasks.forecast import baselines, metrics
from zoo.tasks.forecast.datasets import CORPORA, NAIVE2, ORIGINS, datasets, prepare

FIGURES = {
    ("m4_hourly", "naive"): (43.003, 11.608),
    ("m4_hourly", "seasonal_naive"): (13.912, 1.193),
    ("m4_hourly", "naive2"): NAIVE2["m4_hourly"],
    ("m4_weekly", "naive"): (9.161, 2.777),
    ("m4_weekly", "naive2"): NAIVE2["m4_weekly"],
}
"""Official sMAPE and MASE of the benchmarks of the M4 competition."""


@pytest.fixture(scope="module")
def splits():
    import os

    if "ZOO_DATA" not in os.environ:
        pytest.skip("ZOO_DATA is not set")
    return prepare(*map(load, datasets()))


@pytest.mark.parametrize(("corpus", "name"), FIGURES)
def test_figures_of_baselines_are_the_official_ones(splits, corpus, name):
    pieces = [piece for piece in splits["test"] if piece.corpus == corpus]
    found = [getattr(baselines, name)(piece.history, piece.horizon, piece.scaling) for piece in pieces]
    pairs = [*zip(pieces, found, strict=True)]
    smape = np.mean([metrics.smape(piece.target, one) for piece, one in pairs])
    mase = np.mean([metrics.mase(piece.target, one, piece.history, piece.scaling) for piece, one in pairs])
    assert (round(smape, 3), round(mase, 3)) == FIGURES[corpus, name]


def test_splits_follow_one_another(splits):
    sizes = {corpus: sum(piece.corpus == corpus for piece in splits["test"]) for corpus in CORPORA}
    assert sizes == {"m4_hourly": 414, "m4_weekly": 359}
    known = [*{piece.name: piece for piece in splits["train"]}.values()]
    for train, valid, test in zip(known, splits["valid"], splits["test"], strict=True):
        assert train.name == valid.name == test.name
        assert np.array_equal(valid.history, train.values)
        assert np.array_equal(test.history, valid.values)
        assert test.horizon == len(test.target) == CORPORA[test.corpus][0]


def rows(split, lengths):
    return {split: {f"H{i}": np.arange(1.0, length + 1) for i, length in enumerate(lengths)}}


def test_parts_must_fit_one_another():
    good = [rows("train", [99, 70]), rows("test", [48, 48]), rows("train", [80]), rows("test", [13])]
    assert {split: [len(piece) for piece in pieces] for split, pieces in prepare(*good).items()} == {
        "train": [51, 22, 67] * ORIGINS, "valid": [99, 70, 80], "test": [147, 118, 93],
    }  # fmt: skip
    for bad in (rows("test", [48]), rows("test", [48, 47])):
        with pytest.raises(DataError, match="m4_hourly"):
            prepare(good[0], bad, *good[2:])
