"""Log-mel features of recordings."""

from collections.abc import Sequence

import numpy as np

from zoo.core import mel
from zoo.core.mel import OVERLAP, STEP
from zoo.tasks.speech.recordings import HEAD, TAIL, Recording, steps_of

BANDS = 64
MEMORY = 64  # steps that a running average reaches over, the present one among them
MEASURED = 300  # recordings from which mean and deviation are taken, or somewhat more


def log_mel(wave: np.ndarray) -> np.ndarray:
    """Return log-mel features `(steps, FRAMES, BANDS)` of samples, as librosa does, with silence before and after."""
    steps = steps_of(len(wave))
    return mel.log_mel(np.pad(wave, (OVERLAP + HEAD * STEP, (steps - HEAD) * STEP - len(wave))), BANDS)


def measured(pieces: Sequence[Recording]) -> tuple[np.ndarray, np.ndarray]:
    """Take the mean and the deviation of each band, `(BANDS,)` each, from some recordings, evenly chosen."""
    some = pieces[:: max(1, len(pieces) // MEASURED)]
    features = np.concatenate([log_mel(piece.wave)[HEAD:-TAIL].reshape(-1, BANDS) for piece in some])
    return features.mean(0), np.maximum(features.std(0), 1e-2)
