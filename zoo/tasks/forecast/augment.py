"""Training pieces: a series as it was known at a random time, some with a short history, with noise, or coarser."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from zoo.core.recipe import Recipe
from zoo.tasks.forecast.series import Series

SHORT, LEAST = 0.15, 8
"""Fraction of the pieces with a short history, and the fewest values of one."""
NOISY, NOISE = 0.08, (-1.5, 0.5)
"""Fraction of the pieces with noise, and how strong it is: the decimal logarithm, beside their mean distance."""
COARSE, STEPS = 0.1, (2, 3, 4, 6, 12)
"""Fraction of the pieces whose values are means of several, and of how many."""


def augment(pieces: Sequence[Series], recipe: Recipe) -> Callable[[int, np.random.Generator], Series]:  # noqa: ARG001
    """Return a function that ends a series at a random time, at which two long seasons, or half of one, are known.

    Of some of them only the last values are left, any number of them: of new series little is known. Those of the
    task's own data sets are not all as they are, so that networks learn series of other kinds: some have noise, others
    steps of several hours or weeks.
    """

    def changed(index: int, rng: np.random.Generator) -> Series:
        piece = pieces[index]
        if piece.corpus and rng.random() < COARSE:
            piece = coarser(piece, rng)
        piece = ended(piece, rng)
        if piece.corpus and rng.random() < NOISY:
            strength = np.abs(piece.values - piece.values.mean()).mean() * 10 ** rng.uniform(*NOISE)
            piece = replace(piece, values=piece.values + strength * rng.standard_normal(len(piece)))
        return piece

    return changed


def coarser(piece: Series, rng: np.random.Generator) -> Series:
    """Downsample a series without times by averaging, by a factor that divides its seasons."""
    short, long = piece.season
    fitting = [size for size in STEPS if long % size == 0 and (short % size == 0) and long > size]
    if not fitting or piece.index is not None:
        return piece
    size = int(rng.choice(fitting))
    last = len(piece) // size * size
    values = piece.values[len(piece) - last :].reshape(-1, size).mean(1)
    seasons, horizon = (short // size, long // size), max(1, piece.horizon // size)
    return replace(
        piece, values=values, filled=None, seasons=seasons, horizon=horizon, scaling=max(1, piece.scaling // size)
    )


def ended(piece: Series, rng: np.random.Generator) -> Series:
    """Return a series as it was known at a random time, or the end of that."""
    short, long = piece.season
    first = min((2 * long if short < long else long // 2) + piece.horizon, len(piece))
    piece = piece.until(int(rng.integers(first, len(piece) + 1)), piece.horizon)
    most = len(piece.history)
    if most <= LEAST or rng.random() >= SHORT:
        return piece
    return piece.since(most - int(np.exp(rng.uniform(np.log(LEAST), np.log(most)))))
