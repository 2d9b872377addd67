"""Augmentation: subwords that are cut differently in every epoch."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from zoo.core.recipe import Recipe
from zoo.tasks.translation.pairs import Pair


def augment(pieces: Sequence[Pair], recipe: Recipe) -> Callable[[int, np.random.Generator], Pair]:
    """Return a function of an index and a random generator that returns that pair, merges to be left out at random."""
    dropout = recipe.settings.subword_dropout
    return lambda index, rng: replace(pieces[index], dropout=dropout, seed=int(rng.integers(1 << 62)))
