import io
import struct

import numpy as np
import pytest

from tests.media import films
from tests.media.sounds import encoded, sound, written
from zoo.media import parts

END = "has no end: it may be cut off"


def fault(data, kind):
    return parts.fault(io.BytesIO(bytes(data)), kind)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts")
    return {
        "gif": films.written(path / "a.gif", films.film(12), codec="gif").read_bytes(),
        "ogg": encoded(path / "a.ogg", "libopus", 4.0).read_bytes(),
        "matroska": films.written(path / "a.mkv", films.film(12, (48, 64)), codec="h264").read_bytes(),
    }


@pytest.mark.parametrize("kind", ["gif", "ogg", "matroska"])
def test_whole_files_are_whole(files, kind):
    data = files[kind]
    assert fault(data, kind) == ""
    assert fault(data[: len(data) // 2], kind) == (END if kind != "matroska" else "")
    assert fault(data[: len(data) // 2], "flac") == ""
    assert fault(b"", kind) in ("", END)
    for size in range(0, 200, 7):
        fault(data[:size], kind)


@pytest.mark.parametrize("kind", ["gif", "ogg"])
def test_what_is_left_out_in_the_middle_is_noticed(files, kind):
    data = files[kind]
    assert fault(data[: len(data) // 3] + data[len(data) // 2 :], kind) == "is damaged in 1 place"


@pytest.mark.parametrize("kind", ["ogg", "matroska"])
def test_a_changed_byte_is_noticed_by_checksums(files, kind):
    data = bytearray(files[kind])
    for share in (0.3, 0.6):
        at = int(len(data) * share)
        data[at] ^= 1
        assert fault(data, kind) == "is damaged in 1 place"
        data[at] ^= 1


def test_each_gap_of_an_ogg_file_counts(tmp_path):
    data = written(tmp_path / "a.ogg", sound(8.0)).read_bytes()
    pages = list(parts._pages(io.BytesIO(data)))
    assert b"".join(pages) == data
    assert len(pages) > 7
    assert fault(b"".join(pages[:3] + pages[4:5] + pages[6:]), "ogg") == "is damaged in 2 places"
    assert fault(data + data, "ogg") == ""  # one behind the other
    assert fault(data[:-1], "ogg") == END
    assert fault(b"junk" + data, "ogg") == ""


def test_elements_of_matroska():
    def element(name, data):
        return name + bytes([0x80 | len(data)]) + data

    def film(*elements):
        inside = b"".join(elements)
        return element(b"\x1aE\xdf\xa3", b"") + b"\x18S\x80g" + struct.pack(">Q", 1 << 56 | len(inside)) + inside

    block = element(b"\xa3", b"\x81abc")
    cluster = element(b"\x1fC\xb6u", block)
    assert fault(film(cluster, cluster), "matroska") == ""
    assert fault(film(cluster, b"\0\0\0\0", cluster), "matroska") == "is damaged in 1 place"
    assert fault(film(element(b"\x1fC\xb6u", block + b"\x01")), "matroska") == "is damaged in 1 place"
    assert fault(film(element(b"\x1fC\xb6u", b"\xa3\x8fabc"), cluster), "matroska") == "is damaged in 1 place"
    assert fault(film(cluster, b"\x1fC\xb6u\xff" + block), "matroska") == ""  # a live recording
    assert fault(film(cluster, cluster)[:-3], "matroska") == ""  # which its size tells


def test_blocks_of_gif():
    one = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0x80) + bytes(6) + b"\x02\x02\x44\x01\x00"
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x81, 0, 0) + bytes(12)
    assert fault(head + 3 * one + b";", "gif") == ""
    assert fault(head + one + b"\x21\xfe\x02hi\0" + one + b";\0\0", "gif") == ""
    assert fault(head + one + b"\x55" + one + b";", "gif") == "is damaged in 1 place"
    assert fault(head + one + b";" + one + b";", "gif") == "is damaged in 1 place"
    assert fault(head + one + bytes(9), "gif") == END
    assert fault(head + one[:-1], "gif") == END
    noise = np.random.default_rng(0).bytes(1000)
    assert fault(noise, "gif") == "is damaged in 1 place"
