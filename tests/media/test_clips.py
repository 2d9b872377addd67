import os
import struct

import numpy as np
import pytest

from tests.media.films import SHAPE, film
from zoo.errors import CodecError
from zoo.media import clips
from zoo.media.clips import Clip, Span


def test_prepared_clips_are_read_from_the_disk(tmp_path):
    clip = Clip(film(6), SHAPE, (Span("up", 0, 2.5), Span("left", 2.5, float("inf"))), "a")
    clips.store([("train", clip), ("valid", clip)], tmp_path)
    found = clips.stored(tmp_path)
    assert set(found) == {"train", "valid"}
    again = found["train"][0]
    assert (again.spans, again.name, len(again), again.shape) == (clip.spans, "a", 6, SHAPE)
    assert np.array_equal(again.pixels, clip.frames)


@pytest.mark.parametrize("frames", [film(6), film(6).astype(np.float32).reshape(6, -1)])
def test_arrays_are_opened_without_reading_them(tmp_path, frames):
    np.save(tmp_path / "frames.npy", frames)
    found = clips.array(tmp_path / "frames.npy")
    assert isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, frames)


def npy(descr, shape, size=4000):
    """A file of that header, whatever it says."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(size)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy("'|O'", (3, 2)), "Python objects"),
        (npy("'|u1'", (10**6, 10**6)), "greater than file size"),
        (npy("'|u1'", (10**30, 10)), "too large"),
        (npy("'|u1'", (-1, 10)), "negative"),
        (npy("'|u1'", "(3, "), "cannot be read as a NumPy array"),
        (npy("'|u1'", "(" * 90), "cannot be read as a NumPy array"),
        (npy("3", (3, 2)), "descr"),
        (npy("[('a', '<f8')]", (3, 2)), r"has \[\('a', '<f8'\)\] of shape"),
        (npy("'<U9'", (3, 2)), "has <U9 of shape"),
        (npy("'<c8'", (3, 2)), "has complex64 of shape"),
        (npy("'|u1'", (3,)), r"of shape \(3,\): give numbers"),
        (npy("'|u1'", (0, 3)), r"of shape \(0, 3\): give numbers"),
        (npy("'|u1'", (1, 2, 3, 4, 5)), "give numbers"),
        (b"PK\x03\x04" + bytes(99), "magic"),
        (b"", "is empty"),
    ],
)  # fmt: skip
def test_arrays_that_are_none_are_told_by_name(tmp_path, data, message):
    (tmp_path / "x.npy").write_bytes(data)
    with pytest.raises(CodecError, match=message) as told:
        clips.array(tmp_path / "x.npy")
    assert "x.npy" in str(told.value)


def test_arrays_have_limits_and_are_regular_files(tmp_path):
    """What a file has on the disk, if it is full of holes, is less than what it says."""
    for shape, message in (
        ((1, 3, 1 << 27), "values in a frame; at most 201,326,592"),
        ((4100, 1024, 1024), "4,294,967,296 are read"),
    ):
        (tmp_path / "x.npy").write_bytes(npy("'|u1'", shape, 0))
        os.truncate(tmp_path / "x.npy", 128 + int(np.prod(shape)))
        with pytest.raises(CodecError, match=message):
            clips.array(tmp_path / "x.npy")
    os.mkfifo(tmp_path / "pipe.npy")
    with pytest.raises(CodecError, match="is a pipe or a device"):
        clips.array(tmp_path / "pipe.npy")
