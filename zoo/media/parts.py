"""Files that are made of parts, each with its size, number or checksum: whether a part is missing or changed."""

import os
import zlib
from collections.abc import Iterator

from zoo.media.headers import Seekable, segment, size_of

BLOCK = 1 << 16  # bytes that are read at a time; a page of Ogg has at most as many
CLUSTER = 0x1F43B675
LEVEL_1 = (CLUSTER, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367, 0xEC, 0xBF)
"""Elements of the segment of a Matroska file."""
LEVEL_2 = (0xE7, 0xA3, 0xA0, 0xA7, 0xAB, 0x5854, 0xAF, 0xEC, 0xBF)
"""Elements of a cluster."""
CHECKSUM = b"\xbf\x84"  # first bytes of an element of Matroska that begins with its checksum
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
NO_END = "has no end: it may be cut off"


def fault(stream: Seekable, kind: str) -> str:
    """Tell what the parts of a file show: `is damaged in 1 place`, NO_END, or "" for nothing.

    Args:
        stream: The file.
        kind: FFmpeg's name of its kind; others than gif, ogg and matroska have no such parts.
    """
    walk = {"gif": _gif, "ogg": _ogg, "matroska": _matroska}.get(kind)
    places, ended = walk(stream) if walk else (0, True)
    if places:
        return f"is damaged in {places} place{'s' * (places > 1)}"
    return "" if ended else NO_END


def _gif(stream: Seekable) -> tuple[int, bool]:
    """Count damaged places of a GIF, at most one, and tell whether it has its end mark."""
    at = 0

    def read(size: int) -> bytes:
        nonlocal at
        stream.seek(at)
        at += size
        return stream.read(size)

    def palette(flags: int) -> int:
        return (2 << (flags & 7)) * 3 if flags & 128 else 0

    head = read(13)
    at += palette(head[10]) if len(head) == 13 else 0
    while found := read(1):
        if found == b";":
            return int(bool(read(BLOCK).strip(b"\0;"))), True
        if found == b",":
            descriptor = read(9)
            at += 1 + palette(descriptor[8] if len(descriptor) == 9 else 0)
        elif found == b"!":
            at += 1
        elif found != b"\0" or read(BLOCK).strip(b"\0"):  # zeros up to the end are no damage but a missing end
            return 1, False
        sizes = []
        while (size := read(1)) > b"\0":
            at += size[0]
            sizes.append(size[0])
        if found == b"," and sizes and (max(sizes) > sizes[0] or min(sizes[:-1], default=sizes[0]) < sizes[0]):
            return 1, True  # encoders make all blocks of an image as long, but the last one
    return 0, False


def _ogg(stream: Seekable) -> tuple[int, bool]:
    """Count gaps in the numbers of the whole pages of an Ogg file, and tell whether the last one is marked as such."""
    expected, gaps, last = dict[bytes, int](), 0, 0
    for page in _pages(stream):
        serial, number, last = page[14:18], int.from_bytes(page[18:22], "little"), page[5]
        gaps += not last & 2 and number != expected.get(serial, number)
        expected[serial] = (number + 1) % (1 << 32)
    return gaps, bool(last & 4)


def _pages(stream: Seekable) -> Iterator[bytes]:
    """Yield the pages of an Ogg file whose checksums are right."""
    at, end = 0, stream.seek(0, os.SEEK_END)
    while at < end:
        stream.seek(at)
        found = stream.read(BLOCK)
        size = 27 + found[26] + sum(found[27 : 27 + found[26]]) if found[:4] == b"OggS" and len(found) > 26 else 0
        if 0 < size <= len(found) and _right(found[:size]):
            yield found[:size]
            at += size
        else:
            next_page = found.find(b"OggS", 1)
            at += next_page if next_page > 0 else max(1, len(found) - 3)


def _right(page: bytes) -> bool:
    """Tell whether a page of Ogg has its checksum: that of zlib of reversed bits, without its inversions."""
    bare = page[:22] + bytes(4) + page[26:]
    value = zlib.crc32(bare.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return value.to_bytes(4, "big").translate(REVERSED) == page[22:26]


def _matroska(stream: Seekable) -> tuple[int, bool]:
    """Count damaged clusters of a Matroska file; where an unknown element begins, the rest is one place."""
    places = 0
    for name, at, size in _elements(stream, *segment(stream), LEVEL_1):
        damaged = name == CLUSTER and not (
            _summed(stream, at, size) and all(inside for inside, *_ in _elements(stream, at, size, LEVEL_2))
        )
        places += damaged or not name
    return places, True


def _elements(stream: Seekable, at: int, size: int, names: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """Yield name, place and size of the elements in one of Matroska, up to where the file is cut off or was not closed.

    The name of one that may not be there is 0; it is the last.
    """
    end, last = at + size, stream.seek(0, os.SEEK_END)
    while at < min(end, last):
        stream.seek(at)
        found = stream.read(4)
        width = 9 - found[0].bit_length()
        name = int.from_bytes(found[:width], "big")
        inside, size = size_of(stream, at + width)
        at = inside + size
        known = name in names and at <= end
        if known and (at > last or (name == CLUSTER and not size)):
            return
        yield name * known, inside, size
        if not known:
            return


def _summed(stream: Seekable, at: int, size: int) -> bool:
    """Tell whether an element of Matroska has the checksum with which it begins, if it has one."""
    stream.seek(at)
    head, left, value = stream.read(6), size - 6, 0
    if head[:2] != CHECKSUM:
        return True
    while left > 0 and (data := stream.read(min(left, BLOCK))):
        value, left = zlib.crc32(data, value), left - len(data)
    return value == int.from_bytes(head[2:], "little")
