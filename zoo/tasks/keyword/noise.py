"""What is heard behind words in training: recorded noise, and noise of several colors."""

from collections.abc import Sequence

import numpy as np

from zoo.core.mel import RATE_HZ
from zoo.tasks.keyword.clips import SILENCE, Clip

COLORS = (-0.3, 0.0, 0.6, 0.9, 0.98)  # how much of a sample the next one keeps: from bluish over white to brown
COLOR_S, MOST_S = 20, 1200  # seconds of each color; of recorded noise
RECORDED = 0.65  # share of noise that is recorded, where there is some


class Noise:
    """Stretches of noise, of any length.

    Args:
        pieces: Clips; those that are silent are the recorded noise.
    """

    def __init__(self, pieces: Sequence[Clip]) -> None:
        from scipy.signal import lfilter

        rng = np.random.default_rng(0)
        white = rng.standard_normal((len(COLORS), COLOR_S * RATE_HZ), np.float32)
        self.colors = [
            lfilter([1.0], [1.0, -keep], row).astype(np.float32) for keep, row in zip(COLORS, white, strict=True)
        ]
        silent = [piece.wave for piece in pieces if piece.word == SILENCE][:MOST_S]
        self.recorded = np.concatenate(silent) if silent else np.zeros(0, np.float32)

    def __call__(self, rng: np.random.Generator, samples: int) -> np.ndarray:
        """Return a stretch of noise, `(samples,)` float32, of a mean square of 1."""
        line = self.colors[int(rng.integers(len(self.colors)))]
        if len(self.recorded) and rng.random() < RECORDED:
            line = self.recorded
        first = int(rng.integers(0, max(1, len(line) - samples)))
        found = line[first : first + samples]
        if len(found) < samples:
            found = np.resize(found, samples)
        found_level: np.ndarray = found / max(level(found), 1e-6)
        return found_level


def level(wave: np.ndarray) -> float:
    """Return the root of the mean square of samples."""
    return float(np.sqrt(np.dot(wave, wave) / max(1, len(wave))))
