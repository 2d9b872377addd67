"""Samples of 16 bits, as sound is kept on disk, and from -1 to 1, as it is computed with."""

from typing import Any

import numpy as np

from zoo.media import FULL_SCALE


def rounded(wave: np.ndarray) -> np.ndarray:
    """Round samples from -1 to 1 to int16."""
    return np.clip(np.round(wave * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def scaled(samples: Any) -> np.ndarray:
    """Read samples, int16 or float from -1 to 1, as float32 from -1 to 1."""
    found = np.asarray(samples)
    return found.astype(np.float32) / FULL_SCALE if found.dtype == np.int16 else found.astype(np.float32)
