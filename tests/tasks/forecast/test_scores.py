import numpy as np

from zoo.tasks.forecast.scores import Scores
from zoo.tasks.forecast.series import Series

SCORES = Scores(
    (Series("a", [1, 2, 3]), Series("b", [4, 5])),
    (np.array([np.nan, 9.0, 1.0]), np.array([20.0, 15.0])),
    (np.array([np.nan, 0.0005, 0.7]), np.array([0.0, 0.0])),
)


def test_anomalies_are_sorted_the_least_likely_first():
    found = SCORES.anomalies()
    assert (len(SCORES), len(found), len(SCORES.anomalies(0.9)), len(SCORES.anomalies(1e-9))) == (2, 3, 4, 2)
    columns = found.columns()
    assert [*columns] == ["unique_id", "ds", "y", "nll", "tail"]
    assert [*zip(columns["unique_id"], columns["ds"], strict=True)] == [("b", 0), ("b", 1), ("a", 1)]
    assert SCORES.columns()["y"].tolist() == [1, 2, 3, 4, 5]
