"""Log-mel features of recordings: silence around them, and what is measured."""

import numpy as np

from zoo.core.mel import FLOOR, FRAMES, HOP, STEP, WINDOW
from zoo.tasks.speech import features
from zoo.tasks.speech.features import BANDS
from zoo.tasks.speech.recordings import HEAD, TAIL, Recording


def test_silence_is_the_floor():
    found = features.log_mel(np.zeros(STEP + 1, np.float32))
    assert found.shape == (HEAD + 2 + TAIL, FRAMES, BANDS)
    np.testing.assert_allclose(found, np.log(FLOOR), rtol=1e-6)
    assert features.log_mel(np.zeros(0, np.float32)).shape == (HEAD + TAIL, FRAMES, BANDS)


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
