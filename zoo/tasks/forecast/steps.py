"""What a network sees of each step of a series, computed with NumPy, or with `keras.ops` inside of a graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.tasks.forecast.candidates import NAMES, Layout, candidates
from zoo.tasks.forecast.elementary import arcsinh

FEATURES = 2 * len(NAMES) + 6
LEAST_WINDOW = 24
"""Fewest values that the scale is taken from."""
FLAT, REST = 1e-6, 1e-3
"""A mean distance below this fraction of the mean is rounding: the scale is `REST` of the mean then."""


@dataclass(frozen=True)
class Scale:
    """What histories are scaled by.

    Attributes:
        center: `(batch, 1)`.
        spread: `(batch, 1)`.
    """

    center: np.ndarray
    spread: np.ndarray


def layout_of(season: tuple[int, int], context: int, horizon: int) -> Layout:
    """Return the layout for a short and a long season; where both are the same, the short one is a step."""
    short, long = season
    return Layout(1 if short == long else short, long, context, horizon)


def describe_histories(
    values: Sequence[np.ndarray], seasons: Sequence[tuple[int, int]], context: int, horizon: int
) -> tuple[np.ndarray, np.ndarray, Scale]:
    """Return what a network sees of histories `(time,)` each; see `steps_of`."""
    x = np.zeros((len(values), context + horizon, FEATURES), np.float32)
    found, scale = np.zeros((len(values), horizon, len(NAMES))), Scale(*np.ones((2, len(values), 1)))
    for season in set(seasons):
        layout, places = layout_of(season, context, horizon), [i for i, own in enumerate(seasons) if own == season]
        history, known = np.zeros((2, len(places), layout.history))
        for row, there, place in zip(history, known, places, strict=True):
            last = values[place][-layout.history :]
            row[len(row) - len(last) :], there[len(row) - len(last) :] = last, 1
        x[places], found[places], own = steps_of(np, history, known, layout)
        scale.center[places], scale.spread[places] = own.center, own.spread
    return x, found, scale


def steps_of(xp: Any, history: Any, known: Any, layout: Layout) -> tuple[Any, Any, Scale]:
    """Return what a network sees of histories, the candidates of the steps to forecast, and the scale.

    Args:
        xp: NumPy, or `keras.ops` in a graph.
        history: `(batch, layout.history)`; 0 where it is not known.
        known: 1 or 0 of each value.
        layout: Where values are.

    Returns:
        `(batch, context + horizon, FEATURES)`; `(batch, horizon, candidates)`, scaled; center and spread.
    """
    scale = scale_of(xp, history, known, layout)
    values = (history - scale.center) / scale.spread * known
    found = candidates(xp, values, known, layout)
    return features(xp, values, known, found, layout, scale), found[:, layout.context :], scale


def scale_of(xp: Any, history: Any, known: Any, layout: Layout) -> Scale:
    """Return the mean, and the mean distance from it, of the last long season; of two where there is no short one."""
    window = min(max(LEAST_WINDOW, layout.long * (1 + (layout.short == 1))), layout.history)
    recent, there = history[:, -window:], known[:, -window:]
    count = xp.maximum(xp.sum(there, axis=1, keepdims=True), 1)
    center = xp.sum(recent * there, axis=1, keepdims=True) / count
    distance = xp.sum(xp.abs(recent - center) * there, axis=1, keepdims=True) / count
    size = xp.abs(center)
    return Scale(
        center, xp.where(distance > FLAT * size, distance, xp.where(size > 0, REST * size, xp.ones_like(size)))
    )


def features(xp: Any, values: Any, known: Any, found: Any, layout: Layout, scale: Any) -> Any:
    """Return what a network sees of each step, `(batch, context + horizon, FEATURES)` float32.

    Args:
        xp: NumPy, or `keras.ops`.
        values: Scaled histories, `(batch, layout.history)`.
        known: 1 or 0 of each.
        found: Candidates.
        layout: Where values are.
        scale: Center and spread of each history.
    """
    context, horizon = layout.context, layout.horizon
    rest = ((0, 0), (0, horizon))
    there = xp.pad(known[:, layout.history - context :], rest)
    value = xp.pad(values[:, layout.history - context :], rest) * there + xp.mean(found, axis=-1) * (1 - there)
    steps = np.maximum(layout.steps, 0)
    ahead = xp.log(scale.spread / (xp.abs(scale.center) + 1e-9 * scale.spread) + 1e-4)
    whole = [
        np.log1p(steps) / 4, np.sign(steps), ahead, np.log(layout.short) / 3, np.log(layout.long / layout.short) / 3
    ]  # fmt: skip
    flat = xp.ones_like(value)
    rows = [flat * row for row in whole]
    columns = [
        arcsinh(xp, found),
        arcsinh(xp, value[..., None] - found),
        xp.stack([arcsinh(xp, value), *rows], axis=-1),
    ]
    joined = xp.concatenate(columns, axis=-1)
    return joined.astype(np.float32) if xp is np else joined
