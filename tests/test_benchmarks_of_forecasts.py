"""The benchmarks of forecasts: how alarms are scored, and what the recorded results must hold."""

import importlib
import json

import numpy as np
import pytest

from tests.conftest import ROOT
from zoo.tasks.forecast.evaluation_data import Labeled
from zoo.tasks.forecast.times import DTYPE

anomalies = importlib.import_module("bench_anomalies")


def labeled(*windows):
    times = (np.datetime64("2026-01-01") + np.arange(1000) * np.timedelta64(5, "m")).astype(DTYPE)
    return Labeled(
        "a", times, np.zeros(1000), np.array([(times[a], times[b]) for a, b in windows], DTYPE).reshape(-1, 2)
    )


def scores(*places):
    found = np.zeros(1000)
    found[list(places)] = 1
    return found


CORPUS = [labeled((300, 399), (600, 699)), labeled()]


@pytest.mark.parametrize(
    ("places", "score"),
    [
        ([300, 600], 100),
        ([300, 310, 399, 600], 100),  # more of a window is worth no more
        ([300], 50),
        ([], 0),
        ([10, 300, 600], 100),  # not counted: it is in the first 150
        ([200, 300, 600], 100 - 100 * 0.11 / 4),
        ([200, 800], 0),
    ],
)
def test_score(places, score):
    found, threshold = anomalies.nab(CORPUS, [scores(*places), scores()])
    assert found == pytest.approx(score, abs=0.1)
    assert threshold == (1 if score else np.inf)


def test_late_detections_are_worth_less():
    found = [anomalies.nab(CORPUS, [scores(place, 600), scores()])[0] for place in (300, 340, 380, 399, 402, 450)]
    assert sorted(found, reverse=True) == found
    assert found[0] == pytest.approx(100, abs=0.1)
    assert found[3] == pytest.approx(75, abs=1.5)  # worth nothing, where a miss costs 1
    assert 50 - 3 < found[5] < found[4] <= 50


def test_the_best_threshold_is_found_for_all_series_together():
    first, second = scores(300, 600), scores(500)
    second[700] = 0.5
    best, threshold = anomalies.nab(CORPUS, [2 * first, second])
    assert (round(best), threshold) == (100, 2)


def test_recorded_alarms():
    found = json.loads((ROOT / "benchmarks/anomalies.json").read_text())
    assert found["score"] >= 60
    card = json.loads((ROOT / "zoo/weights/gru_forecast/card.json").read_text())
    assert found["weights_sha256"] == card["weights_sha256"]


def test_recorded_hours_of_a_transformer():
    ett = importlib.import_module("bench_ett")
    found = json.loads(ett.RESULTS.read_text())
    assert len(found["seeds"]) == 3
    assert np.mean([row["test"]["mse"] for row in found["seeds"].values()]) <= 0.365
