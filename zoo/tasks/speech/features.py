"""Log-mel features of recordings."""

import functools
from collections.abc import Sequence

import numpy as np

from zoo.media import RATE_HZ
from zoo.tasks.speech.recordings import HEAD, STEP, TAIL, Recording, steps_of

WINDOW, HOP = 400, 160  # samples: 25 and 10 ms
FRAMES, OVERLAP = STEP // HOP, WINDOW - HOP
BANDS, FLOOR = 64, 1e-8
MEMORY = 64  # steps that a running average reaches over, the present one among them
MEASURED = 300  # recordings from which mean and deviation are taken, or somewhat more


@functools.cache
def filters() -> np.ndarray:
    """Give the mel filters, `(bins, bands)` float32: those of librosa (Slaney, Auditory Toolbox, 1998)."""
    import librosa

    found = librosa.filters.mel(sr=RATE_HZ, n_fft=WINDOW, n_mels=BANDS, dtype=np.float32)
    return np.ascontiguousarray(found.T)


def log_mel(wave: np.ndarray) -> np.ndarray:
    """Give log-mel features `(steps, FRAMES, BANDS)` of samples, by librosa, with silence before and behind."""
    import librosa

    steps = steps_of(len(wave))
    wave = np.pad(wave, (OVERLAP + HEAD * STEP, (steps - HEAD) * STEP - len(wave)))
    power = np.abs(librosa.stft(wave, n_fft=WINDOW, hop_length=HOP, center=False)) ** 2
    return np.log(np.maximum(power.T @ filters(), FLOOR)).reshape(steps, FRAMES, BANDS)


def measured(pieces: Sequence[Recording]) -> tuple[np.ndarray, np.ndarray]:
    """Take the mean and the deviation of each band, `(BANDS,)` each, from some recordings, evenly chosen."""
    some = pieces[:: max(1, len(pieces) // MEASURED)]
    features = np.concatenate([log_mel(piece.wave)[HEAD:-TAIL].reshape(-1, BANDS) for piece in some])
    return features.mean(0), np.maximum(features.std(0), 1e-2)
