"""Alarms of gru_forecast on the Numenta Anomaly Benchmark, scored as that does.

    python benchmarks/bench_anomalies.py             # scores 58 series, writes anomalies.json (20 minutes, one thread)
    python benchmarks/bench_anomalies.py --show      # prints the table of anomalies.json

Standard profile: detecting an anomaly is worth 1 at the start of its window, and less later, down to 0 at its end; a
window without a detection costs 1, a detection outside of windows 0.11, less shortly after one. The first 15 % of a
series (750 values at most) do not count. One threshold holds for all series, the best one, as for all published
detectors. The sum is scaled so that a detector that is silent has 0 and a perfect one 100.

Every value is judged once, from those before it, by a model that has never seen the series or any label. The constants
of `zoo/tasks/forecast/alarms.py` were chosen by this score: the benchmark has no part of its own for that.

Reference: Lavin & Ahmad, Evaluating Real-time Anomaly Detection Algorithms, ICMLA 2015; the published scores are those
of the README of github.com/numenta/NAB.
"""

import json
from pathlib import Path

import click
import numpy as np
from tabulate import tabulate

import zoo
from zoo.core import datasets
from zoo.core.files import write_text
from zoo.core.progress import bar
from zoo.tasks.forecast.alarms import ALARM
from zoo.tasks.forecast.evaluation_data import NAB
from zoo.tasks.forecast.series import Series

RESULTS, MODEL = Path(__file__).with_name("anomalies.json"), "gru_forecast"
DAY, WEEK = 1440, 7  # minutes, days
PUBLISHED = {
    "ARTime": 74.9, "Numenta HTM": 70.5, "KNN CAD": 58.0, "random cut forest": 51.7, "windowed Gaussian": 39.6,
    "random": 11.0, "silent": 0.0,
}  # fmt: skip
FALSE_ALARM, PROBATION, LONGEST_PROBATION = 0.11, 0.15, 750


def discount(place):
    """Return what a detection is worth at a place relative to the end of a window, whose start is at -1."""
    return np.where(place < 3, 2 / (1 + np.exp(5 * np.minimum(place, 3))) - 1, -1.0)


def worth(one):
    """Return of each value what its detection is worth, the number of its window, -1 outside, and whether it counts."""
    at = np.arange(len(one.times))
    value, window = np.full(len(at), -FALSE_ALARM), np.full(len(at), -1)
    for number, edges in enumerate(np.sort(one.windows, axis=0)):
        first, last = (int(np.argmax(one.times == edge)) for edge in edges)
        size, inside, after = last - first + 1, slice(first, last + 1), slice(last + 1, None)
        value[inside], window[inside] = discount((at[inside] - last - 1) / size) / discount(-1), number
        value[after] = FALSE_ALARM * discount((at[after] - last) / (size - 1))
    return value, window, at >= min(int(PROBATION * len(at)), LONGEST_PROBATION)


def nab(corpus, scores):
    """Return the score of a detector, 0 to 100, and the best threshold.

    Args:
        corpus: The labeled series.
        scores: How anomalous each of their values is, `(time,)` each.
    """
    every, gains, windows = [], [], 0
    for one, score in zip(corpus, scores, strict=True):
        value, window, counts = worth(one)
        gain = np.where(window < 0, value, 0.0)
        for number in range(len(one.windows)):
            places = np.flatnonzero((window == number) & counts)
            places = places[np.argsort(-score[places], kind="stable")]
            gain[places] = np.diff(np.maximum.accumulate(np.r_[-1.0, value[places]]))
        every, gains, windows = [*every, score[counts]], [*gains, gain[counts]], windows + len(one.windows)
    levels = np.concatenate(every)
    order = np.argsort(-levels, kind="stable")
    levels, totals = levels[order], np.cumsum(np.concatenate(gains)[order])
    totals[:-1][np.diff(levels) == 0] = -np.inf  # all of those that are alike are detected, or none
    best = int(np.argmax(totals))
    return (100 * totals[best] / (2 * windows), levels[best]) if totals[best] > 0 else (0.0, np.inf)


def measured(name):
    """Return the score of a model, and what it depends on."""
    model, corpus = zoo.load(name), datasets.load(NAB)["all"]
    unusual = []
    for one in bar(corpus, True, len(corpus), "series"):
        step = np.median(np.diff(one.times).astype("timedelta64[s]").astype(int)) / 60
        day = round(DAY / step)
        unusual += model.score(Series(one.name, one.values, seasons=(day, WEEK * day))).unusual
    best, threshold = nab(corpus, unusual)
    usual, _ = nab(corpus, [np.where(score > ALARM, 1.0, 0.0) for score in unusual])
    return {
        "model": name, "weights_sha256": model.card.weights_sha256, "score": round(best, 2),
        "threshold": round(threshold, 2), "score at the usual threshold": round(usual, 2),
        "alarms": int(sum((score > ALARM).sum() for score in unusual)), "values": sum(map(len, unusual)),
    }  # fmt: skip


def table(results):
    """Lay out the score beside the published ones."""
    rows = [*PUBLISHED.items(), (f"**{results['model']}**", results["score"])]
    rows = [(name, f"{score:.1f}") for name, score in sorted(rows, key=lambda row: -row[1])]
    return tabulate(rows, ["detector", "standard profile"], "github", colalign=("left", "right"), disable_numparse=True)


@click.command()
@click.argument("model", default=MODEL)
@click.option("--show", is_flag=True, help="Print the table of anomalies.json.")
def main(model, show):
    """Measure, or show what was measured."""
    if not show:
        results = measured(model)
        if model == MODEL:
            write_text(RESULTS, json.dumps(results, indent=2) + "\n")
        else:
            print(results)
    results = results if not show else json.loads(RESULTS.read_text())
    print(table(results))


if __name__ == "__main__":
    main()
