"""Files of weights that are none, or claim what they do not have."""

import json
import os

import numpy as np
import pytest
import safetensors.numpy

from zoo.core.files import sha256
from zoo.errors import DataError
from zoo.presets.weights_file import MOST_HEAD, read, shapes

GOOD = {"a/kernel": np.ones((2, 3), np.float16), "b": np.zeros(4, np.float32)}


def file(tmp_path, data):
    (tmp_path / "w.safetensors").write_bytes(data)
    return tmp_path / "w.safetensors"


def raw(head: object, data: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + data


def row(shape, start, end, kind="F16"):
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def test_shapes_and_arrays_are_those_that_were_written(tmp_path):
    path = file(tmp_path, safetensors.numpy.save(GOOD))
    assert shapes(path) == {"a/kernel": (2, 3), "b": (4,)}
    found = read(path, sha256(path)).arrays
    assert {name: array.tolist() for name, array in found.items()} == {n: a.tolist() for n, a in GOOD.items()}


BAD = {
    "empty": b"",
    "no head": b"\x10",
    "a huge head": (1 << 60).to_bytes(8, "little") + b"{}",
    "a head just too long": (MOST_HEAD + 1).to_bytes(8, "little") + b" " * (MOST_HEAD + 1),
    "no json": raw("x"),
    "no utf-8": (2).to_bytes(8, "little") + b"\xff\xff",
    "deep json": (1000).to_bytes(8, "little") + b"[" * 1000,
    "a huge shape": raw({"a": row([10**9, 10**9], 0, 8)}, bytes(8)),
    "a shape whose product wraps": raw({"a": row([2**32, 2**32], 0, 0)}),
    "a negative size": raw({"a": row([-1], 0, 2)}, bytes(2)),
    "no such type": raw({"a": row([1], 0, 2, "F17")}, bytes(2)),
    "overlapping": raw({"a": row([2], 0, 4), "b": row([2], 2, 6)}, bytes(6)),
    "a gap": raw({"a": row([1], 0, 2), "b": row([1], 4, 6)}, bytes(6)),
    "past the end": raw({"a": row([4], 0, 8)}, bytes(4)),
    "more than it says": raw({"a": row([1], 0, 2)}, bytes(100)),
    "other type": safetensors.numpy.save({"a": np.zeros(2, np.int64)}),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_file_of_weights_is_refused(tmp_path, case):
    with pytest.raises(DataError, match="w.safetensors"):
        shapes(file(tmp_path, BAD[case]))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(tmp_path, number):
    path = file(tmp_path, safetensors.numpy.save({"a": np.array([1, number], np.float32)}))
    with pytest.raises(DataError, match="a has numbers that are NaN or infinite"):
        read(path, sha256(path))


def test_another_file_is_refused(tmp_path):
    path = file(tmp_path, safetensors.numpy.save(GOOD))
    with pytest.raises(DataError, match="has sha256 .*, the card says 00"):
        read(path, "00")


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "none", "/dev/zero"):
        with pytest.raises(DataError):
            shapes(path)
