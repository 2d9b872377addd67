import io
import struct

import numpy as np
import pytest

from tests.media.sounds import encoded, sound, written
from zoo.media import headers
from zoo.media.headers import recognized

KINDS = {
    "a.mp3": "MP3", "a.flac": "FLAC", "a.ogg": "Ogg", "a.aiff": "AIFF", "a.au": "AU", "a.caf": "CAF", "a.w64": "W64", "a.wav": "RIFF",
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_sound_files_are_recognized(tmp_path, name):
    assert recognized(written(tmp_path / name, sound()).read_bytes()[:6400]) == KINDS[name]


@pytest.mark.parametrize(("name", "codec", "kind"), [
    ("a.m4a", "aac", "MP4"), ("a.aac", "aac", "AAC"), ("a.wma", "wmav2", "WMA"), ("a.webm", "libopus", "WebM or Matroska"),
    ("a.amr", "libopencore_amrnb", "AMR"), ("a.mp3", "libmp3lame", "MP3"),
])  # fmt: skip
def test_compressed_files_are_recognized(tmp_path, name, codec, kind):
    assert recognized(encoded(tmp_path / name, codec, 1.0).read_bytes()[:6400]) == kind


@pytest.mark.parametrize("level", [0, 1, 3, 100, 3000, 32767])
def test_bare_samples_are_no_file(level):
    rng = np.random.default_rng(level)
    for _ in range(20):
        assert recognized(np.clip(rng.normal(0, level, 3200), -32768, 32767).astype("<i2").tobytes()) == ""


def held(data, kind):
    return headers.held(io.BytesIO(data), kind)


def test_share_of_what_is_announced():
    def riff(size, data, before=b""):
        return b"RIFF\0\0\0\0WAVE" + before + b"data" + struct.pack("<I", size) + data

    assert held(riff(100, bytes(100)), "wav") == 1
    assert held(riff(100, bytes(25)), "wav") == 0.25
    assert held(riff(100, bytes(50), b"LIST" + struct.pack("<I", 3) + b"abc\0"), "wav") == 0.5  # chunks are even
    assert held(riff(100, b""), "wav") == 0
    for size in headers.UNKNOWN[2:]:
        assert held(riff(size, bytes(100)), "wav") is None
    assert held(riff(100, bytes(10)), "flac") is None
    assert held(b"RIFF", "wav") is None
    assert held(b"RIFF\0\0\0\0WAVE" + 3000 * (b"junk" + bytes(4)), "wav") is None
    large = b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<Iqqq", 24, 0, 40, 20) + b"data\xff\xff\xff\xff" + bytes(10)
    assert held(large, "wav") == 0.25
    assert held(b"RIFF" + struct.pack("<I", 80) + bytes(40), "avi") == 0.5
    assert held(b"\x1aE\xdf\xa3\x81\0" + b"\x18S\x80g\x94" + bytes(15), "matroska") == 0.75
    assert held(b"\x1aE\xdf\xa3\x81\0" + b"\x18S\x80g\xff" + bytes(15), "matroska") is None
    assert held(b"\x1aE\xdf\xa3", "matroska") is None


def test_mp3_that_counts_its_frames(tmp_path):
    data = encoded(tmp_path / "a.mp3", "libmp3lame").read_bytes()
    assert headers.counts_frames(io.BytesIO(data))
    begin = data.index(b"\xff\xfb", data.index(b"Info") if b"Info" in data else data.index(b"Xing"))
    assert not headers.counts_frames(io.BytesIO(data[begin:]))
