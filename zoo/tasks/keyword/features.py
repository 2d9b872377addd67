"""Log-mel features of clips."""

from collections.abc import Sequence

import numpy as np

from zoo.core import mel
from zoo.core.mel import OVERLAP, STEP
from zoo.tasks.keyword.clips import Clip

BANDS = 40
MEASURED = 600  # clips from which mean and deviation are taken, or somewhat more


def in_steps(wave: np.ndarray) -> np.ndarray:
    """Cut samples into steps, `(steps, STEP)`, the last one filled up with silence."""
    return np.pad(wave, (0, -len(wave) % STEP)).reshape(-1, STEP)


def log_mel(wave: np.ndarray) -> np.ndarray:
    """Return log-mel features `(steps, FRAMES, BANDS)` of samples, with silence before the first."""
    return mel.log_mel(np.pad(wave, (OVERLAP, -len(wave) % STEP)), BANDS)


def measured(pieces: Sequence[Clip]) -> tuple[np.ndarray, np.ndarray]:
    """Take the mean and the deviation of each band, `(BANDS,)` each, from some clips, evenly chosen."""
    some = pieces[:: max(1, len(pieces) // MEASURED)]
    features = np.concatenate([log_mel(piece.wave).reshape(-1, BANDS) for piece in some])
    return features.mean(0), np.maximum(features.std(0), 1e-2)
