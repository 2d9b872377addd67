"""Missing values: filled where there are few of them."""

import numpy as np

from zoo.errors import CodecError

MOST_MISSING = 0.2
"""Largest fraction of the values of a series that is filled."""
SHORT = 0.25  # of a season: longer gaps are filled from other seasons


def check(known: int, total: int) -> None:
    """Refuse values of which too many are missing.

    Raises:
        CodecError: More than `MOST_MISSING` of them are.
    """
    if known < (1 - MOST_MISSING) * total:
        raise CodecError(
            f"{100 * (1 - known / total):.0f} % of {total:,} values are missing: at most {100 * MOST_MISSING:.0f} % "
            "are filled; give values at longer steps, or a part with fewer gaps"
        )


def filled(values: np.ndarray, season: int = 1) -> np.ndarray:
    """Fill missing values: short gaps by the straight line between their neighbors, long ones from other seasons.

    A value of a gap longer than a quarter of a season lies between those at the same place of the seasons before and
    after it.

    Args:
        values: `(time,)`, NaN where one is missing; at the ends the nearest value is taken.
        season: Steps of a season; 1: there is none.

    Raises:
        CodecError: More than `MOST_MISSING` of the values are missing.
    """
    known = np.isfinite(values)
    check(int(known.sum()), len(values))
    at = np.arange(len(values))
    found = np.where(known, values, np.interp(at, at[known], values[known]))
    if season > 1:
        for start, end in _long_gaps(known, SHORT * season):
            found[start:end] = [_seasonal(values, known, t, season, found[t]) for t in range(start, end)]
    return found


def _long_gaps(known: np.ndarray, longest: float) -> list[tuple[int, int]]:
    """List the gaps of more than `longest` values: first one, and the one after the last."""
    edges = np.diff(np.r_[True, known, True].astype(int))
    pairs = zip(np.flatnonzero(edges < 0), np.flatnonzero(edges > 0), strict=True)
    return [(int(start), int(end)) for start, end in pairs if end - start > longest]


def _seasonal(values: np.ndarray, known: np.ndarray, t: int, season: int, otherwise: float) -> float:
    """Return what lies between the known values nearest to `t` by whole seasons."""
    same = np.arange(t % season, len(values), season)
    same = same[known[same]]
    return float(np.interp(t, same, values[same])) if len(same) else float(otherwise)
