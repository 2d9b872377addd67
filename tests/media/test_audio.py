import wave as wavefile

import numpy as np
import pytest
import soundfile

from tests.media.sounds import sound, written
from zoo.media import audio
from zoo.media.audio import RATE_HZ
from zoo.tasks.speech import recordings


@pytest.mark.parametrize(("suffix", "subtype"), [
    (".wav", "PCM_U8"), (".wav", "PCM_16"), (".wav", "PCM_24"), (".wav", "PCM_32"), (".wav", "FLOAT"), (".flac", "PCM_16"),
    (".ogg", "VORBIS"), (".mp3", "MPEG_LAYER_III"), (".aiff", "PCM_16"),
])  # fmt: skip
@pytest.mark.parametrize(("rate_hz", "channels"), [(16000, 1), (44100, 2), (8000, 3)])
def test_sound_files_of_any_kind(tmp_path, suffix, subtype, rate_hz, channels):
    if suffix == ".mp3" and channels > 2:
        channels = 1
    path = tmp_path / f"take{suffix}"
    line = sound(1.0, rate_hz=rate_hz)
    soundfile.write(path, np.tile(line[:, None], (1, channels)), rate_hz, subtype=subtype)
    found = np.concatenate(list(audio.blocks(path)))
    expected = np.concatenate(list(audio.resampled([line], rate_hz)))
    assert found.dtype == np.float32
    assert abs(len(found) - RATE_HZ) < (2500 if suffix == ".mp3" else 20)  # mp3 has whole frames
    lags = np.correlate(np.pad(found, 4000), expected, "valid")
    moved = np.pad(found, 4000)[lags.argmax() :][: len(expected)]  # mp3 begins with some silence
    error = np.abs(moved - expected[: len(moved)]).mean() / np.abs(expected).mean()
    assert error < (0.4 if suffix == ".mp3" or subtype in ("PCM_U8", "VORBIS") else 0.002)


def test_channels_are_averaged(tmp_path):
    left, right = sound(seed=1), sound(seed=2)
    np.testing.assert_allclose(audio.mono(np.stack([left, right], 1)), (left + right) / 2, atol=1e-7)
    assert audio.mono(np.array([-32768, 16384], np.int16)).tolist() == [-1.0, 0.5]


def test_audioread_is_asked_for_what_libsndfile_does_not_read(tmp_path, monkeypatch):
    path = tmp_path / "take.m4a"
    with wavefile.open(str(path), "wb") as stream:  # a file that only audioread is let read here
        stream.setparams((2, 2, 22050, 0, "NONE", ""))
        stream.writeframes(recordings.rounded(np.repeat(sound(0.5, rate_hz=22050), 2)).tobytes())

    def refuse(*_args, **_options):
        raise soundfile.LibsndfileError(1)

    monkeypatch.setattr(soundfile, "SoundFile", refuse)
    import audioread.rawread

    monkeypatch.setattr(audioread, "audio_open", audioread.rawread.RawAudioFile)
    found = np.concatenate(list(audio.blocks(path)))
    assert abs(len(found) - RATE_HZ // 2) < 20
    assert np.abs(found).max() > 0.01


def test_a_file_that_is_cut_off_is_told(tmp_path):
    path = written(tmp_path / "take.mp3", np.tile(sound(2.0), 10))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match="is cut off: it says that it has 20"):
        found = np.concatenate(list(audio.blocks(path)))
    assert len(found) < 12 * RATE_HZ
    whole = np.concatenate(list(audio.blocks(written(tmp_path / "whole.mp3", np.tile(sound(2.0), 10)))))
    np.testing.assert_allclose(found[: 8 * RATE_HZ], whole[: 8 * RATE_HZ], atol=1e-3)
