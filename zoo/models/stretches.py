"""The stretches of a long piece that its gaps depend on. NumPy only.

A bidirectional network reads all of a piece in every sweep, but what is far from a gap does not change what fills it.
So of long pieces the stretches around the gaps are read, as wide as they must be: four times as wide must change
nothing.
"""

from collections.abc import Callable, Iterator

import numpy as np

from zoo.models.reading import AGREED, LOGITS, LONGER

MARGIN = 1 << 8
"""Tokens on both sides of a gap that are tried first."""
LONGEST = 1 << 12
"""Longest piece that is read whole, and most tokens of a stretch without its margins."""
ROUND = 1 << 9  # lengths of stretches are multiples of it: a network is compiled for each length

Run = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""`(tokens (batch, time), hidden)` → logits `(batch, time, classes)`."""


def margin(run: Run, rows: np.ndarray, hidden: np.ndarray, places: np.ndarray, most: int = LOGITS) -> int:
    """Return how many tokens on both sides of gaps decide on them; the length of a piece if all do.

    Args:
        run: Runs the network.
        rows: Tokens `(batch, time)`.
        hidden: Which of them are hidden.
        places: Gaps, in ascending order.
        most: Most tokens of a call, but for a single piece.
    """
    length, near = rows.shape[1], MARGIN
    while length > LONGEST and near * LONGER < length:
        found, wider = (logits(run, rows, hidden, places, tokens, most) for tokens in (near, near * LONGER))
        if np.abs(found - wider).max() <= AGREED * max(1.0, np.abs(wider).max()):
            return near
        near *= LONGER
    return length


def logits(
    run: Run, rows: np.ndarray, hidden: np.ndarray, places: np.ndarray, near: int, most: int = LOGITS
) -> np.ndarray:
    """Return the logits of gaps, `(batch, gaps, classes)`, from so many tokens on both sides of each."""
    found = []
    for cut, some in _cut(places, near, rows.shape[1]):
        size = max(1, most // (cut.stop - cut.start))
        parts = (slice(i, i + size) for i in range(0, len(rows), size))
        found.append(np.concatenate([run(rows[i, cut], hidden[i, cut])[:, some - cut.start] for i in parts]))
    return np.concatenate(found, 1)


def _cut(places: np.ndarray, near: int, length: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield stretches, and the gaps that each is for."""
    if near >= length:
        yield slice(0, length), places
        return
    apart = (np.diff(places) > 2 * near) | (np.diff(places // LONGEST) > 0)
    for some in np.split(places, np.flatnonzero(apart) + 1):
        wide = min(length, -(-(int(some[-1] - some[0]) + 1 + 2 * near) // ROUND) * ROUND)
        start = min(max(0, int(some[0]) - near), length - wide)
        yield slice(start, start + wide), some
