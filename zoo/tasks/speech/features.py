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
    """Return the mel filters, `(bins, bands)` float32: triangles of area 1, as in librosa (Slaney, 1998).

    The mel scale is linear up to 1 kHz, or 15 mel, and logarithmic above: 27 mel for a factor of 6.4.

    Reference: Slaney, Auditory Toolbox, Interval Research Corporation, Technical Report 1998-010.
    """
    linear, least, step = 200.0 / 3, 15.0, np.log(6.4) / 27
    mels = np.linspace(0, least + np.log(RATE_HZ / 2 / 1000) / step, BANDS + 2)
    edges = np.where(mels < least, linear * mels, 1000 * np.exp(step * (mels - least)))  # Hz
    ramps, widths = edges[:, None] - np.fft.rfftfreq(WINDOW, 1 / RATE_HZ), np.diff(edges)[:, None]
    found = np.maximum(0, np.minimum(-ramps[:-2] / widths[:-1], ramps[2:] / widths[1:])).astype(np.float32)
    found *= (2 / (edges[2:] - edges[:-2]))[:, None]
    return np.ascontiguousarray(found.T)


def log_mel(wave: np.ndarray) -> np.ndarray:
    """Return log-mel features `(steps, FRAMES, BANDS)` of samples, as librosa does, with silence before and after."""
    steps = steps_of(len(wave))
    wave = np.pad(wave, (OVERLAP + HEAD * STEP, (steps - HEAD) * STEP - len(wave)))
    windows = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    spectrum = np.fft.rfft(windows * hann.astype(np.float32))
    power = spectrum.real**2 + spectrum.imag**2
    return np.log(np.maximum(power @ filters(), FLOOR)).reshape(steps, FRAMES, BANDS)


def measured(pieces: Sequence[Recording]) -> tuple[np.ndarray, np.ndarray]:
    """Take the mean and the deviation of each band, `(BANDS,)` each, from some recordings, evenly chosen."""
    some = pieces[:: max(1, len(pieces) // MEASURED)]
    features = np.concatenate([log_mel(piece.wave)[HEAD:-TAIL].reshape(-1, BANDS) for piece in some])
    return features.mean(0), np.maximum(features.std(0), 1e-2)
