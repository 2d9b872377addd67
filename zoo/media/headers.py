"""What the bytes of media files say without a decoder: their kind, and whether all that they announce is there."""

import io
import os
import struct
from typing import NamedTuple, Protocol

MAGIC = (
    (0, b"fLaC", "FLAC"), (0, b"OggS", "Ogg"), (0, b"ID3", "MP3"), (4, b"ftyp", "MP4"), (4, b"moov", "MOV"),
    (4, b"mdat", "MOV"), (4, b"wide", "MOV"), (0, b"\x1aE\xdf\xa3", "WebM or Matroska"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "WMA"), (0, b"FORM", "AIFF"), (0, b".snd", "AU"), (0, b"caff", "CAF"),
    (0, b"RIFF", "RIFF"), (0, b"RIFX", "RIFX"), (0, b"RF64", "RF64"), (0, b"riff.\x91\xcf\x11", "W64"),
    (0, b"#!AMR", "AMR"), (0, b"wvpk", "WavPack"), (0, b"MAC ", "APE"), (0, b"TTA1", "TTA"), (0, b"FLV\1", "FLV"),
    (0, b"Creative Voice File", "VOC"), (0, b"NIST_1A", "NIST"), (0, b"MThd", "MIDI"), (0, b"GIF8", "GIF"),
    (0, b"\x89PNG", "PNG"), (0, b"\xff\xd8\xff", "JPEG"), (0, b"PK\3\4", "zip"), (0, b"%PDF", "PDF"),
    (0, b"\x1f\x8b\x08", "gzip"), (0, b"\x93NUMPY", "NumPy"),
)  # fmt: skip
"""Where in a file which bytes stand, and what kind of file begins so."""
BARE = {"mp3": "MP3", "aac": "AAC"}
"""Kinds that begin with no such bytes, and are known by several frames one after the other: FFmpeg's name, ours."""


def recognized(data: bytes) -> str:
    """Return the kind of file that begins with these bytes; "" for any others, such as those of bare samples."""
    for at, mark, name in MAGIC:
        if data[at : at + len(mark)] == mark:
            return name
    import av

    try:
        with av.open(io.BytesIO(data), options={"format_whitelist": ",".join(BARE)}) as container:
            return BARE[container.format.name]
    except Exception:  # noqa: BLE001 - it is neither
        return ""


class Seekable(Protocol):
    """A file that is read from any place."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place; return it."""

    def read(self, size: int = -1, /) -> bytes:
        """Read so many bytes at most."""


class Chunks(NamedTuple):
    """How a kind of file stores chunks, each with its size before it.

    Attributes:
        kind: FFmpeg's name of the kind.
        mark: First bytes of the file.
        start: Bytes before the first chunk.
        name: Bytes of a chunk's name.
        size: Form of the size that follows, for `struct`.
        inside: The size counts name and size, too.
        whole: Chunks begin at multiples of so many bytes.
    """

    kind: str
    mark: bytes
    start: int
    name: int
    size: str
    inside: bool
    whole: int


CHUNKED = (
    Chunks("wav", b"RIFF", 12, 4, "<I", False, 2),
    Chunks("wav", b"RIFX", 12, 4, ">I", False, 2),
    Chunks("wav", b"RF64", 12, 4, "<I", False, 2),
    Chunks("w64", b"riff", 40, 16, "<q", True, 8),
    Chunks("caf", b"caff", 8, 4, ">q", False, 1),
)
"""Kinds of files of which FFmpeg takes what is there for the whole."""
UNKNOWN = (0, -1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000)  # sizes in files that were written to a pipe
MOST = 1000  # chunks before the samples


def held(stream: Seekable, kind: str) -> float | None:
    """Return the share of what it announces that a file holds, from 0 to 1.

    Args:
        stream: The file.
        kind: FFmpeg's name of its kind.

    Returns:
        None if it announces nothing, or is of a kind that FFmpeg knows the length of, or that has none.
    """
    end = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    mark = stream.read(4)
    row = next((row for row in CHUNKED if (row.kind, row.mark) == (kind, mark)), None)
    at, size = 0, 0
    if row:
        at, size = _data(stream, row, end)
    elif kind == "avi" and mark == b"RIFF":
        at, size = 8, int.from_bytes(stream.read(4), "little")
    elif kind == "matroska":
        at, size = segment(stream)
    return None if size in UNKNOWN or size < 0 else min(1.0, max(0, end - at) / size)


def _data(stream: Seekable, row: Chunks, end: int) -> tuple[int, int]:
    """Find the chunk with the samples: where they begin, and their bytes; 0, 0 if there is none."""
    at, head, large = row.start, row.name + struct.calcsize(row.size), 0
    for _ in range(MOST):
        stream.seek(at)
        found = stream.read(head + 16)
        if len(found) < head:
            break
        size = struct.unpack_from(row.size, found, row.name)[0] - head * row.inside
        if found.startswith(b"ds64") and len(found) == head + 16:  # sizes too large for 32 bits
            large = struct.unpack_from("<q", found, head + 8)[0]
        if found.startswith(b"data"):
            return at + head, large if size == UNKNOWN[2] else size
        at += -(-(head + size) // row.whole) * row.whole
        if size < 0 or at >= end:
            break
    return 0, 0


def segment(stream: Seekable) -> tuple[int, int]:
    """Find the segment of a Matroska file: where it begins, and its bytes; 0 of a live recording."""
    at, size = size_of(stream, 4)
    return size_of(stream, at + size + 4)


def size_of(stream: Seekable, at: int) -> tuple[int, int]:
    """Read the size of an element of Matroska: where it ends, and its value; 0 if it is unknown."""
    stream.seek(at)
    found = stream.read(8)
    length = 9 - found[0].bit_length() if found and found[0] else 8
    value = int.from_bytes(found[:length], "big") & ((1 << 7 * length) - 1)
    return at + length, 0 if value == (1 << 7 * length) - 1 else value


def counts_frames(stream: Seekable) -> bool:
    """Tell whether an MP3 begins with a frame that counts the others; that of others is a guess."""
    stream.seek(0)
    head = stream.read(10)
    tags = 10 + sum((byte & 127) << (7 * i) for i, byte in enumerate(head[:5:-1])) if head[:3] == b"ID3" else 0
    stream.seek(tags)
    head = stream.read(256)
    return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))
