"""What a network sees of each step is relative to the series, and the same for every batch."""

import numpy as np

from zoo.tasks.forecast.steps import FEATURES, describe_histories

WAVE = 20 + 5 * np.sin(np.arange(500) * np.pi / 12) + np.random.default_rng(0).standard_normal(500)


def test_scale_does_not_matter():
    x = [
        describe_histories([scale * WAVE + level], [(24, 168)], 176, 24)[0][0]
        for scale, level in ((1, 0), (1e6, -3e6), (1e-9, 0))
    ]
    ratio = FEATURES - 3  # the column that says how large the spread is beside the level
    for other in x[1:]:
        assert np.allclose(np.delete(x[0], ratio, 1), np.delete(other, ratio, 1), atol=1e-3)


def test_series_of_several_seasons_in_one_batch():
    rows, seasons = [WAVE, WAVE[:80], WAVE[:300] ** 2], [(24, 168), (52, 52), (24, 168)]
    together = describe_histories(rows, seasons, 30, 12)
    for i, row in enumerate(zip(rows, seasons, strict=True)):
        alone = describe_histories(*([part] for part in row), 30, 12)
        assert np.array_equal(together[0][i], alone[0][0])
        assert np.array_equal(together[1][i], alone[1][0])
        assert (together[2].center[i], together[2].spread[i]) == (alone[2].center[0], alone[2].spread[0])


def test_scale_is_that_of_the_last_long_season():
    _, _, scale = describe_histories([WAVE], [(24, 168)], 30, 12)
    assert np.isclose(scale.center[0, 0], WAVE[-168:].mean())
    assert np.isclose(scale.spread[0, 0], np.abs(WAVE[-168:] - WAVE[-168:].mean()).mean())
