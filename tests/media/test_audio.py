import struct
import warnings

import numpy as np
import pytest
import soundfile

from tests.media import films
from tests.media.sounds import encoded, sound, written
from zoo.errors import CodecError
from zoo.media import RATE_HZ, audio


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


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.m4a", "aac"), ("a.m4a", "alac"), ("a.aac", "aac"), ("a.wma", "wmav2"), ("a.mp4", "aac"), ("a.mov", "pcm_s16le"),
        ("a.webm", "libopus"), ("a.mkv", "flac"), ("a.avi", "libmp3lame"), ("a.wav", "libmp3lame"), ("a.ts", "aac"),
        ("a.amr", "libopencore_amrnb"), ("mp3.wav", "libmp3lame"), ("m4a.txt", "aac"),
    ],
)  # fmt: skip
def test_compressed_sound_has_its_pitch_and_length(tmp_path, name, codec):
    """A tone of 440 Hz for two seconds, whatever the name says; of MP3 in WAV nothing is cut off."""
    form = {"mp3.wav": "mp3", "m4a.txt": "ipod"}.get(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = np.concatenate(list(audio.blocks(encoded(tmp_path / name, codec, form=form))))
    assert len(found) == pytest.approx(2 * RATE_HZ, abs=0.12 * RATE_HZ)
    spectrum = np.abs(np.fft.rfft(found[RATE_HZ // 2 : 3 * RATE_HZ // 2]))
    assert spectrum.argmax() == 440
    assert np.abs(found[RATE_HZ // 2 : RATE_HZ]).max() == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize(("suffix", "subtype", "error"), [
    (".wav", "PCM_16", 0), (".wav", "PCM_24", 0), (".wav", "PCM_U8", 0), (".wav", "ULAW", 0), (".flac", "PCM_16", 0),
    (".aiff", "PCM_16", 0), (".ogg", "VORBIS", 1e-6), (".mp3", "MPEG_LAYER_III", 1e-5),
])  # fmt: skip
def test_samples_are_those_of_libsndfile(tmp_path, suffix, subtype, error):
    path = written(tmp_path / f"take{suffix}", sound(1.7), subtype=subtype)
    np.testing.assert_allclose(
        np.concatenate(list(audio.blocks(path))), soundfile.read(path, dtype="float32")[0], rtol=0, atol=error
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("take.wav", {}), ("float.wav", {"subtype": "FLOAT"}), ("rf64.wav", {"format": "RF64"}), ("take.w64", {}), ("take.caf", {}),
        ("take.aiff", {}), ("take.au", {}), ("take.flac", {}), ("take.mp3", {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_half_a_file_is_told_with_the_seconds_that_are_missing(tmp_path, name, options, share):
    path = written(tmp_path / name, sound(4.0), **options)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.warns(UserWarning, match="is cut off") as told:
        found = sum(map(len, audio.blocks(path))) / RATE_HZ
    assert found == pytest.approx(4 * share, abs=0.3)
    [text] = [str(one.message) for one in told if "cut off" in str(one.message)]
    assert f"{name} is cut off: it says that it has 4.0 s, and has {found:.1f} s: {4 - found:.1f} s are missing" in text


def test_what_was_written_to_a_pipe_is_whole(tmp_path):
    """Its header does not know the length."""
    path = written(tmp_path / "take.wav", sound())
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = b"\xff" * 4
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sum(map(len, audio.blocks(path))) == RATE_HZ


def test_ogg_without_an_end_is_told(tmp_path):
    path = written(tmp_path / "take.ogg", sound(4.0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match="take.ogg has no end: it may be cut off; .* s of it are read"):
        list(audio.blocks(path))


def test_ogg_that_lacks_its_middle_is_told(tmp_path):
    path = encoded(tmp_path / "take.opus", "libopus", 4.0)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3] + data[len(data) // 2 :])
    with pytest.warns(UserWarning, match=r"is damaged in 1 place: it says that it has 4.0 s, and has .* s are missing"):
        assert sum(map(len, audio.blocks(path))) < 3.5 * RATE_HZ


def test_a_tag_before_the_sound_is_no_damage(tmp_path):
    """MP3 in WAV, with the tag of an MP3 file."""
    data = encoded(tmp_path / "take.mp3", "libmp3lame").read_bytes()
    assert data.startswith(b"ID3")
    form = struct.pack("<IHHIIHH", 16, 0x55, 1, RATE_HZ, 8000, 1, 0)
    path = tmp_path / "take.wav"
    path.write_bytes(
        b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + form + b"data" + struct.pack("<I", len(data)) + data
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sum(map(len, audio.blocks(path))) / RATE_HZ == pytest.approx(2, abs=0.15)


def riff(channels, rate_hz, size=4000):
    return b"".join([
        b"RIFF", struct.pack("<I", 36 + size), b"WAVEfmt ",
        struct.pack("<IHHIIHH", 16, 1, channels, rate_hz, rate_hz * channels * 2 % 2**32, channels * 2 % 2**16, 16),
        b"data", struct.pack("<I", size), bytes(size),
    ])  # fmt: skip


def aiff(rate):
    """A file whose rate is these ten bytes, a number of 80 bits."""
    common = struct.pack(">hIh", 1, 100, 16) + rate
    return b"FORM" + struct.pack(">I", 256) + b"AIFFCOMM" + struct.pack(">I", 18) + common + b"SSND" + struct.pack(
        ">III", 208, 0, 0) + bytes(200)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.wav", riff(1024, 16_000), "has too many channels: give 1 to 64"),
        ("a.wav", riff(65, 16_000), "has 65 channels: give 1 to 64"),
        ("a.wav", riff(1, 1), "sample_rate_hz=1: give a number of at least 1000, at most 768000"),
        ("a.wav", riff(1, 2**31 - 1), "at most 768000"),
        ("a.wav", riff(1, 0), "begins as RIFF does, and is damaged or cut off"),
        ("a.aiff", aiff(b"\x7f\xff" + b"\xff" * 8), "begins as AIFF does"),
        ("a.aiff", aiff(bytes(10)), "begins as AIFF does"),
        ("a.mp3", b"", "a.mp3 is empty"),
        ("a.wav", riff(1, 16_000, 0), "has no samples"),
        ("a.wav", b"no sound at all" * 99, "cannot be read as a sound file"),
        ("a.m3u8", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "cannot be read as a sound file"),
    ],
)
def test_what_is_no_sound_is_refused_by_name(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CodecError, match=message) as told:
        list(audio.blocks(tmp_path / name))
    assert name in str(told.value)


def test_a_film_without_sound_is_told(tmp_path):
    with pytest.raises(CodecError, match=r"has no sound \(video alone\): give wav"):
        list(audio.blocks(films.written(tmp_path / "film.mp4", films.film(4))))


def test_twelve_hours_are_the_most(tmp_path, monkeypatch):
    """A header that tells so is believed; of others so much is read."""
    told, untold = written(tmp_path / "take.flac", sound(3.0)), encoded(tmp_path / "take.aac", "aac", 3.0)
    monkeypatch.setattr(audio, "LONGEST_S", 2.0)
    with pytest.raises(CodecError, match="take.flac says that it lasts 3 s; at most 2 s are read"):
        next(audio.blocks(told))
    with pytest.raises(CodecError, match="take.aac lasts more than 2 s"):
        list(audio.blocks(untold))


def test_what_is_before_the_cut_is_as_it_was(tmp_path):
    path = written(tmp_path / "take.mp3", sound(4.0))
    whole = np.concatenate(list(audio.blocks(path)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match="is cut off"):
        found = np.concatenate(list(audio.blocks(path)))
    assert len(found) < 2.2 * RATE_HZ
    np.testing.assert_allclose(found[: int(1.5 * RATE_HZ)], whole[: int(1.5 * RATE_HZ)], atol=1e-3)
