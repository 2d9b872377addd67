"""Log-mel features of samples at 16 kHz, in steps of 40 ms: four frames each, of windows of 25 ms every 10 ms."""

import functools

import numpy as np

RATE_HZ = 16_000
WINDOW, HOP = 400, 160  # samples: 25 and 10 ms
STEP = 640  # samples of a step, 40 ms: what a network returns one row of logits for
FRAMES, OVERLAP = STEP // HOP, WINDOW - HOP
BINS = WINDOW // 2 + 1
FLOOR = 1e-8  # of the power in a band
BENT = 0.8  # of the highest frequency: from where on stretched ones come back to it


@functools.cache
def hann() -> np.ndarray:
    """Return the periodic Hann window, `(WINDOW,)` float32."""
    window: np.ndarray = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    return window


@functools.cache
def filters(bands: int, stretch: float = 1.0) -> np.ndarray:
    """Return the mel filters, `(bins, bands)` float32: triangles of area 1, as in librosa (Slaney, 1998).

    The mel scale is linear up to 1 kHz, or 15 mel, and logarithmic above: 27 mel for a factor of 6.4.

    Args:
        bands: How many.
        stretch: Factor of the frequency of every bin, up to most of the highest, which stays where it is: above 1, a
            voice seems higher (Lee & Rose, A Frequency Warping Approach to Speaker Normalization, IEEE Transactions on
            Speech and Audio Processing 6, 1998).

    Reference: Slaney, Auditory Toolbox, Interval Research Corporation, Technical Report 1998-010.
    """
    linear, least, step = 200.0 / 3, 15.0, np.log(6.4) / 27
    mels = np.linspace(0, least + np.log(RATE_HZ / 2 / 1000) / step, bands + 2)
    edges = np.where(mels < least, linear * mels, 1000 * np.exp(step * (mels - least)))  # Hz
    top = RATE_HZ / 2
    knee = BENT * top / max(1.0, stretch)
    found_hz = np.fft.rfftfreq(WINDOW, 1 / RATE_HZ)
    bins = found_hz if stretch == 1 else np.interp(found_hz, (0, knee, top), (0, stretch * knee, top))
    ramps = edges[:, None] - bins
    widths = np.diff(edges)[:, None]
    found = np.maximum(0, np.minimum(-ramps[:-2] / widths[:-1], ramps[2:] / widths[1:])).astype(np.float32)
    found *= (2 / (edges[2:] - edges[:-2]))[:, None]
    return np.ascontiguousarray(found.T)


def power(windows: np.ndarray) -> np.ndarray:
    """Return the power of each bin, `(…, BINS)`, of windows of samples, `(…, WINDOW)`."""
    spectrum = np.fft.rfft(windows * hann())
    found: np.ndarray = spectrum.real**2 + spectrum.imag**2
    return found


def log_mel(line: np.ndarray, bands: int) -> np.ndarray:
    """Return log-mel features `(steps, FRAMES, bands)` of samples.

    Args:
        line: `(OVERLAP + steps * STEP,)`: the samples of the steps, and before them those that windows reach back to.
        bands: How many.
    """
    windows = np.lib.stride_tricks.sliding_window_view(line, WINDOW)[::HOP]
    return np.log(np.maximum(power(windows) @ filters(bands), FLOOR)).reshape(-1, FRAMES, bands)
