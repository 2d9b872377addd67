"""Augmentation of clips with captions: the frames change, and each time one of the captions is drawn."""

from collections.abc import Callable, Sequence

import numpy as np

from zoo.core.recipe import Recipe
from zoo.media.augment import changed
from zoo.tasks.caption.pieces import Captioned


def augment(pieces: Sequence[Captioned], recipe: Recipe) -> Callable[[int, np.random.Generator], Captioned]:
    """Return a function of an index and a random generator that returns that piece changed."""

    def one(index: int, rng: np.random.Generator) -> Captioned:
        piece = pieces[index]
        clip = changed(piece.clip, rng, recipe.settings.augment)
        return Captioned(clip, piece.captions, int(rng.integers(len(piece.captions))))

    return one
