import numpy as np
import pytest

from tests.tasks.keyword.spotters import clips
from zoo.tasks.keyword.noise import Noise, level


@pytest.mark.parametrize("words", [("yes",), ("yes", "_silence_")])
def test_noise_has_a_level_of_one(words):
    noise, rng = Noise(clips(4, words)), np.random.default_rng(0)
    assert bool(len(noise.recorded)) == ("_silence_" in words)
    for samples in (100, 20_000, 400_000):
        found = noise(rng, samples)
        assert (len(found), found.dtype) == (samples, np.float32)
        assert level(found) == pytest.approx(1, rel=1e-3)
    assert level(np.zeros(0, np.float32)) == 0
