"""Samples as they arrive on the standard input, bare or after the header of a WAV file."""

import io
import sys
import wave
from types import SimpleNamespace

import numpy as np
import pytest

from zoo.errors import CodecError
from zoo.tasks.speech import stdin

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


def test_long_chunks_are_cut():
    size = int(stdin.CHUNK_S * 16_000)
    found = list(stdin.small(iter([SAMPLES[:2], SAMPLES[:0], SAMPLES])))
    assert [len(chunk) for chunk in found] == [2, size, size, size, 10_001 - 3 * size]
    np.testing.assert_array_equal(np.concatenate(found[1:]), SAMPLES)
