"""Log-mel features, held to the formulas of the mel scale and to plain sums."""

import numpy as np
import pytest

from zoo.media.audio import RATE_HZ
from zoo.tasks.speech import features
from zoo.tasks.speech.features import BANDS, FLOOR, FRAMES, HOP, WINDOW
from zoo.tasks.speech.recordings import HEAD, STEP, TAIL, Recording


def slaney_hz(mel):
    """Frequency of a mel value: linear up to 1 kHz, which is 15, then 27 mel for a factor of 6.4."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def centres_hz():
    """The bands are as far apart from each other as from 0 Hz and half the sample rate."""
    top = 15 + 27 * np.log(RATE_HZ / 2 / 1000) / np.log(6.4)
    return slaney_hz(np.linspace(0, top, BANDS + 2))


def test_filters_are_triangles_between_their_neighbours():
    """Of height 2 / width in Hz, so that each has the area 1."""
    edges, bins = centres_hz(), np.arange(WINDOW // 2 + 1) * RATE_HZ / WINDOW
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    up, down = (bins[:, None] - low) / (middle - low), (high - bins[:, None]) / (high - middle)
    expected = np.maximum(0, np.minimum(up, down)) * 2 / (high - low)
    np.testing.assert_allclose(features.filters(), expected, atol=1e-6)
    assert features.filters().dtype == np.float32


def test_features_are_those_of_librosa():
    """The filters to the bit, since artifacts have them; the logarithms to rounding, of loud and of quiet sound."""
    import librosa

    theirs = librosa.filters.mel(sr=RATE_HZ, n_fft=WINDOW, n_mels=BANDS, dtype=np.float32).T
    np.testing.assert_array_equal(features.filters(), theirs)
    wave = np.random.default_rng(0).normal(0, 0.1, 40 * STEP).astype(np.float32)
    wave *= np.repeat(np.array([1, 0.001, 0, 0.1], np.float32), 10 * STEP)
    found = features.log_mel(wave).reshape(-1, BANDS)
    whole = np.pad(wave, (WINDOW - HOP + HEAD * STEP, TAIL * STEP))
    power = np.abs(librosa.stft(whole, n_fft=WINDOW, hop_length=HOP, center=False)) ** 2
    np.testing.assert_allclose(found, np.log(np.maximum(power.T @ theirs, FLOOR)), atol=1e-5)


def test_silence_is_the_floor():
    found = features.log_mel(np.zeros(STEP + 1, np.float32))
    assert found.shape == (HEAD + 2 + TAIL, FRAMES, BANDS)
    np.testing.assert_allclose(found, np.log(FLOOR), rtol=1e-6)
    assert features.log_mel(np.zeros(0, np.float32)).shape == (HEAD + TAIL, FRAMES, BANDS)


@pytest.mark.parametrize("band", [10, 31, 55])
def test_a_tone_is_loudest_in_its_band(band):
    """And four times the power, twice the amplitude, is log 4 more."""
    wave = 0.1 * np.sin(2 * np.pi * centres_hz()[band + 1] * np.arange(10 * STEP) / RATE_HZ).astype(np.float32)
    found = features.log_mel(wave)
    assert (found[HEAD + 1 : -TAIL - 1].argmax(-1) == band).all()
    louder = features.log_mel(2 * wave)
    np.testing.assert_allclose((louder - found)[HEAD + 1 : -TAIL - 1, :, band], np.log(4), atol=1e-3)


def test_sound_is_where_it_is_said_to_be():
    """A click is in the frames whose window has it; those before the recording's first sample end with it."""
    wave = np.zeros(4 * STEP, np.float32)
    wave[2 * STEP + 5] = 1
    frames = features.log_mel(wave).reshape(-1, BANDS)
    heard = np.flatnonzero((frames > np.log(FLOOR) + 1).any(-1))
    at = HEAD * STEP + 2 * STEP + 5  # in samples of the padded recording; a frame ends HOP after the one before
    expected = [i for i in range(len(frames)) if i * HOP < at + (WINDOW - HOP) < i * HOP + WINDOW]
    assert heard.tolist() == expected


def test_mean_and_deviation_leave_out_the_silence_around(monkeypatch):
    rng = np.random.default_rng(0)
    pieces = [Recording(rng.normal(0, 0.1, 3 * STEP).astype(np.float32)) for _ in range(7)]
    whole = [features.log_mel(piece.wave) for piece in pieces]
    rows = np.concatenate([w[HEAD:-TAIL].reshape(-1, BANDS) for w in whole]).astype(float)
    mean, deviation = features.measured(pieces)
    np.testing.assert_allclose(mean, rows.mean(0), rtol=1e-4)
    np.testing.assert_allclose(deviation, rows.std(0), rtol=1e-3)
    monkeypatch.setattr(features, "MEASURED", 2)
    rows = np.concatenate([whole[i][HEAD:-TAIL].reshape(-1, BANDS) for i in (0, 3, 6)])
    np.testing.assert_allclose(features.measured(pieces)[0], rows.mean(0), rtol=1e-4)
    assert (features.measured([Recording(np.zeros(STEP, np.float32))])[1] == np.float32(1e-2)).all()  # never zero
