"""Plots of forecasts and of anomalies."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.core.plots import COLOURS, figure, plain, save
from zoo.errors import ArgumentError
from zoo.tasks.forecast.series import Series

if TYPE_CHECKING:
    from zoo.tasks.forecast.result import Forecast

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


def fans(forecast: "Forecast", path: Path) -> Path:
    """Draw the end of each series and its forecast: the median, and the intervals between quantiles.

    Raises:
        ArgumentError: There are too many series, or the suffix is none of a picture.
    """
    drawn, panels = _panels(forecast.series)
    pairs = [*zip(range(len(forecast.levels)), range(len(forecast.levels) - 1, -1, -1), strict=True)]
    for panel, one in zip(panels, forecast, strict=True):
        series, values = one.series[0], one.values[0]
        shown = min(len(series), max(SHOWN * one.horizon, 2 * series.season[0], 16))
        first = len(series) - shown
        times = series.times(shown + one.horizon, first)
        panel.plot(times[:shown], series.values[first:], color=HISTORY, linewidth=1.1, label="past")
        last = series.values[-1]
        for low, high in (pair for pair in pairs if pair[0] < pair[1]):
            name = f"{100 * (forecast.levels[high] - forecast.levels[low]):.3g} %"
            edges = [np.r_[last, values[:, i]] for i in (low, high)]
            panel.fill_between(times[shown - 1 :], *edges, color=MEDIAN, alpha=0.22, linewidth=0, label=name)
        panel.plot(times[shown - 1 :], np.r_[last, one.median[0]], color=MEDIAN, linewidth=1.6, label="median")
    panels[0].legend(loc="upper left", frameon=False, ncols=4, fontsize=8)
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
