import numpy as np

from tests.media.sounds import sound
from zoo.core.mel import FLOOR, FRAMES, STEP
from zoo.tasks.keyword.clips import Clip
from zoo.tasks.keyword.features import BANDS, in_steps, log_mel, measured


def test_features_are_of_whole_steps():
    wave = sound(0.99)
    assert in_steps(wave).shape == (25, STEP)
    assert log_mel(wave).shape == (25, FRAMES, BANDS)
    np.testing.assert_allclose(log_mel(np.zeros(STEP, np.float32)), np.log(FLOOR), rtol=1e-6)


def test_mean_and_deviation_are_those_of_each_band():
    pieces = [Clip(sound(1.0, seed=i), "yes") for i in range(3)]
    rows = np.concatenate([log_mel(piece.wave).reshape(-1, BANDS) for piece in pieces])
    mean, deviation = measured(pieces)
    np.testing.assert_allclose(mean, rows.mean(0), rtol=1e-4)
    np.testing.assert_allclose(deviation, rows.std(0), rtol=1e-3)
    assert (measured([Clip(np.zeros(STEP, np.float32))])[1] == np.float32(1e-2)).all()  # never zero
