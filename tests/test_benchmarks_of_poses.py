"""The benchmark of poses: its protocol, on skeletons made here and on the real ones, and what its results must hold."""

import importlib
import json
import os
import statistics
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import ROOT
from zoo.core import datasets

poses = importlib.import_module("bench_poses")
RESULTS = ROOT / "benchmarks/poses.json"


def rows(actions=(1, 2), subjects=(1, 2, 3)):
    """Sequences of bodies that raise their left or their right hand."""
    rng, found = np.random.default_rng(0), []
    for number, (action, subject, _) in enumerate((a, s, i) for a in actions for s in subjects for i in range(4)):
        joints = np.repeat(rng.normal(size=(1, 20, 3)), 12, 0)
        joints[:, 10 + action, 1] += np.linspace(0, 3, 12)
        joints[3] = 0 if number == 5 else joints[3]
        found.append((joints.astype(np.float32), action, subject, f"{number:03}"))
    return found


@pytest.mark.slow
def test_subjects_held_out_are_not_trained_on(monkeypatch, tmp_path, quick):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path))
    seen = []
    trained = poses.trained
    monkeypatch.setattr(
        poses, "trained", lambda name, recipe, pieces: seen.append(pieces) or trained(name, recipe, pieces)
    )
    recipe = replace(poses.RECIPE, units=6, embedding=6, layers=1, epochs=1, batch=4)
    right, parameters = poses.accuracy("gru", recipe, rows(), [2])
    assert 0 <= right <= 100
    assert 0 < parameters < poses.MOST
    assert len(seen[0]) == 16
    assert {clip.label for clip in seen[0]} == {"01", "02"}
    assert {clip.landmarks.origin for clip in seen[0]} == {("left_hip", "right_hip", "hip_center")}


@pytest.mark.skipif("ZOO_DATA" not in os.environ, reason="needs MSR Action3D")
def test_sets_are_those_of_the_protocol():
    data = datasets.load(poses.MSR_ACTION3D)
    odd, even = range(1, 11, 2), range(2, 11, 2)
    sizes = [[len(poses.of_set(data, name, half)) for half in (odd, even)] for name in poses.SETS]
    assert sizes == [[114, 105], [116, 112], [111, 111]]
    assert len(data["all"]) == 557
    mean = np.concatenate([row[0] for row in data["all"]]).mean(0)
    heights = {name: mean[i, 1] for i, name in enumerate(poses.JOINTS)}
    assert max(heights, key=heights.get) == "head"
    assert {min(heights, key=heights.get)} <= {"left_foot", "right_foot"}


def test_results_are_documented():
    results = json.loads(RESULTS.read_text())
    means = {
        name: statistics.mean(statistics.mean(seed.values()) for seed in about["seeds"].values())
        for name, about in results.items()
    }
    assert max(means.values()) >= 91.5
    for name, about in results.items():
        assert about["parameters"] <= poses.MOST
        assert about["recipe"] == poses.RECIPES[name].to_dict()
        assert len(about["seeds"]) >= 3
