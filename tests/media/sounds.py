"""Sound to test with."""

import numpy as np
import soundfile

from zoo.media.audio import RATE_HZ


def sound(seconds=1.0, seed=0, rate_hz=RATE_HZ):
    """Tones that come and go over noise, about as loud as speech."""
    rng, at = np.random.default_rng(seed), np.arange(int(seconds * rate_hz)) / rate_hz
    tones = sum(np.sin(2 * np.pi * hz * at) for hz in rng.uniform(150, 3500, 5))
    loud = np.abs(np.sin(2 * np.pi * rng.uniform(1, 4) * at))
    return (0.03 * loud * tones + 0.001 * rng.standard_normal(len(at))).astype(np.float32)


def written(path, samples, **options):
    soundfile.write(path, samples, RATE_HZ, **options)
    return path
