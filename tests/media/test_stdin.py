"""Samples as they arrive on the standard input, bare or after the header of a WAV file."""

import io
import sys
import warnings
import wave
from types import SimpleNamespace

import numpy as np
import pytest

from tests.media.sounds import encoded, sound, written
from zoo.errors import CodecError
from zoo.media import stdin

SAMPLES = np.random.default_rng(0).integers(-32768, 32768, 10_001).astype("<i2")


class Pipe(io.BytesIO):
    """A pipe that gives at most so many bytes at once."""

    def __init__(self, data, most):
        super().__init__(data)
        self.most = most

    def read(self, size):
        return super().read(min(size, self.most))


@pytest.fixture
def heard(monkeypatch):
    """Give the chunks of a pipe of bytes."""

    def given(data, most=1 << 20):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Pipe(data, most)))
        return list(stdin.chunks())

    return given


def wav(samples, rate_hz=16_000, channels=1, width=2):
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setparams((channels, width, rate_hz, 0, "NONE", ""))
        sound.writeframes(samples.tobytes())
    return stream.getvalue()


@pytest.mark.parametrize("most", [1 << 20, 1001, 64])
@pytest.mark.parametrize("form", [np.ndarray.tobytes, wav])
def test_samples_are_whole_however_the_bytes_come(heard, form, most):
    """An odd number of bytes ends within a sample, which the next ones complete."""
    found = heard(form(SAMPLES), most)
    assert {chunk.dtype for chunk in found} == {np.dtype(np.int16)}
    np.testing.assert_array_equal(np.concatenate(found), SAMPLES)
    assert max(map(len, found)) <= stdin.CHUNK_S * 16_000


def test_half_a_sample_at_the_end_is_left_out(heard):
    assert np.concatenate(heard(SAMPLES[:3].tobytes() + b"x")).tolist() == SAMPLES[:3].tolist()
    assert heard(b"") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (wav(SAMPLES, 44_100, 2), r"44100 Hz, channels: 2, 16 bits\): write 16-bit samples, 16000 Hz, mono"),
        (wav(SAMPLES, width=1), "16000 Hz, channels: 1, 8 bits"),
        (b"RIFF" + b"\0" * 40, "is no plain wav file .*: write 16-bit samples, 16000 Hz, mono"),
        (wav(SAMPLES)[:20], "is no plain wav file"),
    ],
)
def test_other_wav_files_are_refused(heard, data, message):
    with pytest.raises(CodecError, match=message):
        heard(data)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.mp3", "MP3"), ("a.flac", "FLAC"), ("a.ogg", "Ogg"), ("a.aiff", "AIFF"), ("a.w64", "W64"), ("a.au", "AU")],
)
@pytest.mark.parametrize("most", [1 << 20, 64])
def test_other_files_are_refused_by_name(heard, tmp_path, name, kind, most):
    data = written(tmp_path / name, sound()).read_bytes()
    with pytest.raises(
        CodecError, match=rf"is a file \({kind}\), no bare samples: write 16-bit samples, 16000 Hz, mono"
    ):
        heard(data, most)


def test_mp3_without_tags_and_text_are_refused(heard, tmp_path):
    data = encoded(tmp_path / "a.mp3", "libmp3lame", options={"id3v2_version": "0", "write_xing": "0"}).read_bytes()
    assert data.startswith(b"\xff")
    with pytest.raises(CodecError, match=r"is a file \(MP3\)"):
        heard(data)
    with pytest.raises(CodecError, match="is text, no bare samples"):
        heard(b"What is said, in letters and not in sound.\n" * 9)


@pytest.mark.parametrize("samples", [np.zeros(4000), SAMPLES // 9000, np.arange(-4000, 4000), np.full(20, 0x4242)])
def test_silence_and_odd_sound_are_samples(heard, samples):
    found = heard(samples.astype("<i2").tobytes())
    np.testing.assert_array_equal(np.concatenate(found), samples)


@pytest.mark.parametrize("most", [1 << 20, 64])
def test_wav_ends_where_it_says(heard, most):
    """Chunks behind the samples are none; what is missing is told, unless it was written to a pipe."""
    data = wav(SAMPLES)
    np.testing.assert_array_equal(np.concatenate(heard(data + b"LIST\4\0\0\0abcd", most)), SAMPLES)
    with pytest.warns(UserWarning, match="the input is cut off: 0.3 s"):
        np.testing.assert_array_equal(np.concatenate(heard(data[: 44 + 10_000], most)), SAMPLES[:5000])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for size in (b"\xff\xff\xff\xff", bytes(4), b"\xff\xff\xff\x7f"):
            piped = data[:40] + size + data[44:]
            np.testing.assert_array_equal(np.concatenate(heard(piped, most)), SAMPLES)


def test_long_chunks_are_cut():
    size = int(stdin.CHUNK_S * 16_000)
    found = list(stdin.small(iter([SAMPLES[:2], SAMPLES[:0], SAMPLES])))
    assert [len(chunk) for chunk in found] == [2, size, size, size, 10_001 - 3 * size]
    np.testing.assert_array_equal(np.concatenate(found[1:]), SAMPLES)
