from dataclasses import replace

import numpy as np
import pytest

from tests.media.sounds import sound
from tests.tasks.keyword.spotters import RECIPE, clips
from zoo.core.mel import FRAMES
from zoo.tasks.keyword import augment
from zoo.tasks.keyword.augment import Changes, Timing, cut, put, reverberated
from zoo.tasks.keyword.clips import SILENCE, STEPS
from zoo.tasks.keyword.features import BANDS, log_mel


@pytest.fixture(scope="module")
def pieces():
    return clips(12)


def test_nothing_changes_at_strength_zero(pieces):
    """The features are those of the clip, wherever it begins."""
    found = Changes(pieces, 0.0, 0.0, 10)(1, np.random.default_rng(1))
    assert found.before
    counted = found.features[found.before : found.before + STEPS]
    np.testing.assert_allclose(counted[1:], log_mel(pieces[1].wave)[1:], atol=1e-4)


def test_changes_differ_and_can_be_repeated(pieces):
    change = augment.augment(pieces, replace(RECIPE, settings=replace(RECIPE.settings, mix=2.0, context=7)))
    found = [change(1, np.random.default_rng(seed)) for seed in range(30)]
    assert {piece.features.shape for piece in found} == {(STEPS + 7, FRAMES, BANDS)}
    assert {piece.word for piece in found} == {"yes"}
    assert {piece.before for piece in found} > {0, 7}
    assert {bool(piece.mixed[1]) for piece in found} == {True, False}
    assert all(piece.mixed[0] != SILENCE for piece in found)
    shares = [np.isnan(piece.features).mean() for piece in found]
    assert 0 < np.mean(shares) < 0.4
    np.testing.assert_array_equal(change(1, np.random.default_rng(3)).features, found[3].features)
    means = [np.nanmean(piece.features) for piece in found]
    assert np.std(means) > 0.5


def test_silence_stays_silent_and_is_made_where_there_is_none(pieces):
    change = Changes(pieces)
    quiet, loud = ([change(i, np.random.default_rng(seed)) for seed in range(10)] for i in (2, 1))
    assert all(piece.word == SILENCE and not piece.mixed[1] for piece in quiet)
    assert np.mean([np.nanmean(p.features) for p in quiet]) < np.mean([np.nanmean(p.features) for p in loud]) - 1
    change = Changes(clips(4, ("no", "yes")))
    words = [change(0, np.random.default_rng(seed)).word for seed in range(40)]
    assert 3 < words.count(SILENCE) < 25
    assert set(words) == {"no", SILENCE}


def test_windows_are_stretched_in_time():
    timing = Timing(hop=200.0, before=2, steps=30)
    assert np.diff(timing.starts).tolist() == [200] * (30 * FRAMES - 1)
    assert timing.sample(1) - timing.sample(0) == 200 * FRAMES
    assert timing.samples == timing.starts[-1] + 400


def test_waves_are_put_where_they_belong():
    line = np.zeros(5, np.float32)
    for first in (-2, 3, 9, -9):
        put(line, np.float32([1, 2, 3]), first)
    assert line.tolist() == [3, 0, 0, 1, 2]


def test_ends_are_cut_and_rooms_answer():
    wave = sound(1.0)
    ends = [cut(wave, np.random.default_rng(seed)) for seed in range(60)]
    zeros = [(end[:300] == 0).all() + 2 * (end[-300:] == 0).all() for end in ends]
    assert {0, 1, 2} == set(zeros)
    bands = np.zeros((20, BANDS), np.float32)
    bands[3] = 1
    found = reverberated(bands, np.random.default_rng(0))[:, 0]
    assert (found[:3] == 0).all()
    assert found[3] == 1
    assert (np.diff(found[4:]) < 0).all()
    assert found[-1] > 0
