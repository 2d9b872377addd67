import numpy as np

from zoo.tasks.music.augment import transposed
from zoo.tasks.music.codec import make_codec
from zoo.tasks.music.midi import REST
from zoo.tasks.music.score import Score


def test_a_silent_voice_is_no_limit_to_transposition():
    pieces = [Score([[70, REST]]), Score([[66, REST]])]
    one = transposed(pieces)
    rng = np.random.default_rng(0)
    assert {int(one(1, rng).grid[0, 0]) - 66 for _ in range(60)} == set(range(5))


def test_transposition_keeps_each_voice_in_range():
    pieces = [Score([[70, 60, 52]]), Score([[66, 58, 50]])]
    assert (make_codec(pieces).low, make_codec(pieces).high) == (44, 76)
    one = transposed(pieces)
    rng = np.random.default_rng(0)
    shifts = {int(one(1, rng).grid[0, 0]) - 66 for _ in range(50)}
    assert shifts == {0, 1, 2}
    assert {int(one(0, rng).grid[0, 0]) - 70 for _ in range(50)} == {-2, -1, 0}
