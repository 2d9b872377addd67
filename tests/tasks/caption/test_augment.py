from dataclasses import replace

import numpy as np

from tests.tasks.caption.captioners import RECIPE, piece
from zoo.tasks.caption.augment import augment


def test_frames_change_and_captions_are_drawn():
    one = piece(20, ("a", "b", "c"))
    change = augment([one], RECIPE)
    found = [change(0, np.random.default_rng(seed)) for seed in range(12)]
    assert {piece.caption for piece in found} == {"a", "b", "c"}
    assert all(not np.array_equal(piece.clip.frames, one.clip.frames) for piece in found)
    calm = augment([one], replace(RECIPE, settings=replace(RECIPE.settings, augment=0.0)))
    assert calm(0, np.random.default_rng(0)).clip is one.clip
