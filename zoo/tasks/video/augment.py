"""Augmentation of clips, of which those with rare labels are drawn more often."""

from collections.abc import Callable, Sequence

import numpy as np

from zoo.core.recipe import Recipe
from zoo.media.augment import changed as changed_clip
from zoo.media.clips import Clip, counted
from zoo.tasks.video import pose_augment

UNEVEN = 2.0  # root of how much rarer a label is, from which on clips are drawn unevenly


def augment(pieces: Sequence[Clip], recipe: Recipe) -> Callable[[int, np.random.Generator], Clip]:
    """Augment as strongly as a recipe says; see `changed`."""
    return changed(pieces, recipe.settings.augment)


def changed(pieces: Sequence[Clip], strength: float = 1.0) -> Callable[[int, np.random.Generator], Clip]:
    """Augment; see `zoo.media.augment.changed`, and `zoo.tasks.video.pose_augment` for landmarks.

    Where some labels are rarer than others, clips that have them are drawn more often, by the root of how rare they are
    (Gupta, Dollár & Girshick, LVIS, CVPR 2019).

    Args:
        pieces: Of the training part.
        strength: 1 is usual, 0 nothing.

    Returns:
        Function of a piece's index and a random generator, which returns that piece changed.
    """
    drawn = shares(pieces)

    def one(index: int, rng: np.random.Generator) -> Clip:
        piece = pieces[index if drawn is None else int(rng.choice(len(pieces), p=drawn))]
        if strength and piece.landmarks:
            return pose_augment.changed(piece, piece.landmarks, rng, strength)
        return changed_clip(piece, rng, strength)

    return one


def shares(pieces: Sequence[Clip]) -> np.ndarray | None:
    """Give how often each clip is to be drawn, `(clips,)`; None where labels are about as frequent as each other."""
    counts = counted(pieces)
    rarity = {label: count**-0.5 for label, count in counts.items() if count}
    found = np.array([max((rarity.get(span.label, 0) for span in piece.spans), default=0) for piece in pieces])
    if not found.all() or found.max() < UNEVEN * found.min():
        return None
    return found / found.sum()
