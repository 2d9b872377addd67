"""Alarms: values that are far more surprising than what was usual in their series, few of them, each as it arrives.

A noisy series is often unlikely to a model that does not know it, and one surprise brings others: so a value is judged
beside the values before it, and is silent where one shortly before was as unusual.
"""

import math
from collections import deque
from collections.abc import Iterator

import numpy as np

USUAL, FEWEST = 2500, 50
"""Values before one that say what is usual, at most and at least."""
FLOOR = 0.3
"""Added to the deviation of what is usual, in nats: a series that was forecast perfectly has none."""
BEYOND, RECORD = 0.004, 1000.0
"""How far beyond all values before it one must be to be a record, in their range; what a record counts more."""
AGAIN, SHARE, LEAST = 1000, 0.4, 3.0
"""Steps in which a series may have surprised as much, the power of that which a value is divided by, and its least."""
PAUSE = 100
"""Steps for which an alarm silences those that are not more unusual."""
ALARM = 3.0
"""How unusual a value must be for an alarm, unless told otherwise: about the best on the Numenta Anomaly Benchmark."""


def unusual(values: np.ndarray, nll: np.ndarray) -> np.ndarray:
    """Return how unusual each value is: deviations of its surprise from what was usual, and more for a record.

    It is less where the series has surprised as much shortly before.

    Args:
        values: Of a series, `(time,)`.
        nll: Negative log-density of each, `(time,)`; NaN where there is none.

    Returns:
        `(time,)`; 0 or less for the first ones, and where one of the `PAUSE` steps before is as unusual. Each depends
        on the values up to its own alone.
    """
    deviations = _deviations(np.nan_to_num(nll))
    most = np.maximum(LEAST, [before for before, _ in _beside(deviations, AGAIN)])
    found = np.where(deviations > 0, deviations / most**SHARE, deviations)
    found += RECORD * (_records(values) & (deviations > 0))
    found[:FEWEST] = found[np.isnan(nll)] = 0
    return np.array([min(0.0, value) if value <= before else value for before, value in _beside(found, PAUSE)])


def _deviations(nll: np.ndarray) -> np.ndarray:
    """Return by how many standard deviations each value is above the mean of those before it."""
    sums, squares = (np.r_[0, np.cumsum(power)] for power in (nll, nll**2))
    end = np.arange(len(nll))
    start = np.maximum(0, end - USUAL)
    count = np.maximum(end - start, 1)
    mean = (sums[end] - sums[start]) / count
    variance = np.maximum((squares[end] - squares[start]) / count - mean**2, 0)
    found: np.ndarray = (nll - mean) / np.sqrt(variance + FLOOR**2)
    return found


def _records(values: np.ndarray) -> np.ndarray:
    """Return where a value is far above, or below, all before it."""
    highest, lowest = (kind.accumulate(values)[:-1] for kind in (np.maximum, np.minimum))
    room = BEYOND * (highest - lowest)
    beyond = (values[1:] > highest + room) | (values[1:] < lowest - room)
    return np.r_[False, beyond & (room > 0)]


def _beside(values: np.ndarray, steps: int) -> Iterator[tuple[float, float]]:
    """Yield the largest of some steps before each value, -inf before the first, and the value."""
    largest = deque[int]()  # places of values with none larger after them
    for at, value in enumerate(values.tolist()):
        while largest and largest[0] < at - steps:
            largest.popleft()
        yield (values[largest[0]] if largest else -math.inf), value
        while largest and values[largest[-1]] <= value:
            largest.pop()
        largest.append(at)
