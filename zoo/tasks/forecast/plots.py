"""Plots of forecasts and of anomalies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.plots import COLOURS, figure, plain, save
from zoo.errors import ArgumentError
from zoo.tasks.forecast.series import Series

MOST_PANELS = 24
SHOWN = 4  # horizons of the past, at least
HISTORY, MEDIAN, MARK = COLOURS[7], COLOURS[3], COLOURS[0]


def _panels(series: Sequence[Series]) -> tuple[Any, list[Any]]:
    """Make a figure with a panel per series, one below the other."""
    if len(series) > MOST_PANELS:
        raise ArgumentError(f"a plot shows at most {MOST_PANELS} series, not {len(series)}: take some, such as [:8]")
    drawn = figure(figsize=(10, 1 + 2.6 * len(series)), layout="constrained")
    panels = drawn.subplots(len(series), 1, squeeze=False)[:, 0]
    for panel, one in zip(panels, series, strict=True):
        panel.set_title(plain(one.name), loc="left", fontsize=10)
        panel.grid(color="#eeeeee", linewidth=0.6)
        panel.margins(x=0.01)
    return drawn, list(panels)


def fans(series: Sequence[Series], levels: Sequence[float], values: np.ndarray, median: np.ndarray, path: Path) -> Path:
    """Draw the end of each series and its forecast: the median, and the intervals between quantiles.

    Args:
        series: The series.
        levels: Levels of the quantiles, ascending.
        values: Quantiles, `(series, horizon, levels)`.
        median: `(series, horizon)`.
        path: Picture to write.

    Raises:
        ArgumentError: There are too many series, or the suffix is none of a picture.
    """
    drawn, panels = _panels(series)
    horizon = median.shape[1]
    pairs = [(i, len(levels) - 1 - i) for i in range(len(levels) // 2)]
    for panel, one, quantiles, middle in zip(panels, series, values, median, strict=True):
        shown = min(len(one), max(SHOWN * horizon, 2 * one.season[0], 16))
        first, last = len(one) - shown, one.values[-1]
        times = one.times(shown + horizon, first)
        panel.plot(times[:shown], one.values[first:], color=HISTORY, linewidth=1.1, label="past")
        for low, high in pairs:
            name = f"{100 * (levels[high] - levels[low]):.3g} %"
            edges = [np.r_[last, quantiles[:, i]] for i in (low, high)]
            panel.fill_between(times[shown - 1 :], *edges, color=MEDIAN, alpha=0.22, linewidth=0, label=name)
        panel.plot(times[shown - 1 :], np.r_[last, middle], color=MEDIAN, linewidth=1.6, label="median")
    panels[0].legend(loc="upper left", frameon=False, ncols=6, fontsize=8)
    return save(drawn, path)


def anomalies(series: Sequence[Series], tails: Sequence[np.ndarray], limit: float, path: Path) -> Path:
    """Draw series and mark their values whose tail probability is below a limit.

    Args:
        series: The series.
        tails: Tail probabilities of each, `(time,)`.
        limit: Those below it are marked.
        path: Picture to write.

    Raises:
        ArgumentError: There are too many series, or the suffix is none of a picture.
    """
    drawn, panels = _panels(series)
    for panel, one, tail in zip(panels, series, tails, strict=True):
        times, marked = one.times(), np.flatnonzero(np.nan_to_num(tail, nan=1) < limit)
        panel.plot(times, one.values, color=HISTORY, linewidth=0.9)
        panel.plot(times[marked], one.values[marked], "o", color=MARK, markersize=4, label=f"p < {limit:g}")
    panels[0].legend(loc="upper left", frameon=False, fontsize=8)
    return save(drawn, path)
