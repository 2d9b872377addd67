"""Distributions: quantile functions and their inverses, in NumPy and in a graph."""

import statistics

import keras
import numpy as np
import pytest

from zoo.tasks.forecast import head

rng = np.random.default_rng(0)
OUTPUTS = rng.standard_normal((2, 3, head.OUTPUTS))
CANDIDATES = rng.standard_normal((2, 3, head.CANDIDATES))


def test_the_same_in_a_graph():
    for mine, theirs in zip(
        vars(head.shape(np, OUTPUTS, CANDIDATES)).values(),
        vars(head.shape(keras.ops, OUTPUTS.astype("f"), CANDIDATES.astype("f"))).values(),
        strict=True,
    ):
        assert np.allclose(mine, theirs, atol=1e-5)


def test_a_candidate_can_be_chosen():
    outputs = np.zeros_like(OUTPUTS)
    outputs[..., 4] = 50
    found = head.shape(np, outputs, CANDIDATES)
    assert np.allclose(found.location, CANDIDATES[..., 4])
    assert np.allclose(head.place(np, found, 0.0), found.location)


@pytest.mark.parametrize("logit", [-9.0, -1.0, 0.3, 5.0])
def test_inverse(logit):
    found = head.shape(np, OUTPUTS, CANDIDATES)
    assert np.allclose(head.logit_of(np, found, head.place(np, found, logit)), logit)
    assert np.allclose(head.logit_of_normal(head.normal_score(np, logit)), logit)


def test_normal_distribution():
    scores = np.linspace(-4, 4, 81)
    right = np.array([statistics.NormalDist().cdf(score) for score in scores])
    assert np.abs(1 / (1 + np.exp(-head.logit_of_normal(scores))) - right).max() < 2e-4
