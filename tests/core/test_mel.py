"""Log-mel features, held to the formulas of the mel scale, to plain sums and to librosa."""

import numpy as np
import pytest

from zoo.core import mel
from zoo.core.mel import FLOOR, FRAMES, HOP, OVERLAP, STEP, WINDOW
from zoo.media import RATE_HZ

BANDS = (40, 64)


def slaney_hz(mels):
    """Frequency of a mel value: linear up to 1 kHz, which is 15, then 27 mel for a factor of 6.4."""
    return np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))


def centres_hz(bands):
    """The bands are as far apart from each other as from 0 Hz and half the sample rate."""
    top = 15 + 27 * np.log(RATE_HZ / 2 / 1000) / np.log(6.4)
    return slaney_hz(np.linspace(0, top, bands + 2))


@pytest.mark.parametrize("bands", BANDS)
@pytest.mark.parametrize("stretch", [1.0, 0.9, 1.13])
def test_filters_are_triangles_between_their_neighbours(bands, stretch):
    """Of height 2 / width in Hz, so that each has the area 1."""
    edges, bins = centres_hz(bands), np.arange(WINDOW // 2 + 1) * RATE_HZ / WINDOW
    knee = 0.8 * 8000 / max(1, stretch)
    bins = np.where(bins < knee, stretch * bins, 8000 - (8000 - bins) * (8000 - stretch * knee) / (8000 - knee))
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    up, down = (bins[:, None] - low) / (middle - low), (high - bins[:, None]) / (high - middle)
    expected = np.maximum(0, np.minimum(up, down)) * 2 / (high - low)
    np.testing.assert_allclose(mel.filters(bands, stretch), expected, atol=1e-6)
    assert mel.filters(bands, stretch).dtype == np.float32
    assert (mel.filters(bands, stretch).sum(0) > 0).all()


@pytest.mark.parametrize("bands", BANDS)
def test_features_are_those_of_librosa(bands):
    """The filters to the bit, since artifacts have them; the logarithms to rounding, of loud and of quiet sound."""
    import librosa

    theirs = librosa.filters.mel(sr=RATE_HZ, n_fft=WINDOW, n_mels=bands, dtype=np.float32).T
    np.testing.assert_array_equal(mel.filters(bands), theirs)
    wave = np.random.default_rng(0).normal(0, 0.1, OVERLAP + 40 * STEP).astype(np.float32)
    wave *= np.repeat(np.array([1, 0.001, 0, 0.1], np.float32), 10 * STEP + OVERLAP // 4)
    found = mel.log_mel(wave, bands)
    assert found.shape == (40, FRAMES, bands)
    power = np.abs(librosa.stft(wave, n_fft=WINDOW, hop_length=HOP, center=False)) ** 2
    np.testing.assert_allclose(found.reshape(-1, bands), np.log(np.maximum(power.T @ theirs, FLOOR)), atol=1e-5)


@pytest.mark.parametrize(("bands", "band"), [(64, 10), (64, 31), (64, 55), (40, 20)])
def test_a_tone_is_loudest_in_its_band(bands, band):
    """And four times the power, twice the amplitude, is log 4 more."""
    wave = 0.1 * np.sin(2 * np.pi * centres_hz(bands)[band + 1] * np.arange(OVERLAP + 10 * STEP) / RATE_HZ)
    found = mel.log_mel(wave.astype(np.float32), bands)
    assert (found.argmax(-1) == band).all()
    louder = mel.log_mel(2 * wave.astype(np.float32), bands)
    np.testing.assert_allclose((louder - found)[..., band], np.log(4), atol=1e-3)
