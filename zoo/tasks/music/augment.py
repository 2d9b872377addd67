"""Augmentation of scores: transposition."""

from collections.abc import Callable, Sequence

import numpy as np

from zoo.core.recipe import Recipe
from zoo.tasks.music.score import Score


def transposed(pieces: Sequence[Score], _recipe: Recipe | None = None) -> Callable[[int, np.random.Generator], Score]:
    """Augment by transposition: every key in which each voice stays within the range it has in the pieces.

    Returns:
        Function of a piece's index and a random generator, which gives that piece in a random such key.
    """
    lowest = np.array([[_pitches(column).min(initial=127) for column in piece.grid.T] for piece in pieces])
    highest = np.array([[_pitches(column).max(initial=0) for column in piece.grid.T] for piece in pieces])
    sings = lowest <= highest  # a silent voice is no limit
    down = (lowest.min(0) - lowest).max(1, where=sings, initial=-6)
    up = (highest.max(0) - highest).min(1, where=sings, initial=6)

    def one(index: int, rng: np.random.Generator) -> Score:
        return pieces[index].transpose(int(rng.integers(down[index], up[index] + 1)))

    return one


def _pitches(column: np.ndarray) -> np.ndarray:
    return column[column >= 0].astype(int)
