from dataclasses import replace

import numpy as np

from tests.tasks.translation.translators import RECIPE, codec
from zoo.tasks.translation.augment import augment
from zoo.tasks.translation.pairs import Pair

PAIRS = [Pair(f"the cat at the {word}", "the cat the cat") for word in ("mat", "house", "tree", "cat")]


def test_pairs_differ_from_epoch_to_epoch_and_follow_from_the_seed():
    change = augment(PAIRS, replace(RECIPE, settings=replace(RECIPE.settings, subword_dropout=0.3)))

    def epoch(seed):
        rng = np.random.default_rng(seed)
        return codec().encode([change(i, rng) for i in range(len(PAIRS))])[0].tolist()

    assert epoch(1) == epoch(1) != epoch(2)
    plain = augment(PAIRS, replace(RECIPE, settings=replace(RECIPE.settings, subword_dropout=0.0)))
    x = codec().encode([plain(i, np.random.default_rng(0)) for i in range(len(PAIRS))])[0]
    assert x.tolist() == codec().encode(PAIRS)[0].tolist()
