"""MIDI files, byte by byte: what no writer would write, too."""

import struct


def quantity(value: int) -> bytes:
    """Write a number of variable length."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | value & 0x7F)
    return bytes(reversed(digits))


def event(delta: int, *data: int) -> bytes:
    return quantity(delta) + bytes(data)


def meta(kind: int, data: bytes = b"", delta: int = 0) -> bytes:
    return quantity(delta) + bytes([0xFF, kind]) + quantity(len(data)) + data


END = meta(0x2F)


def tempo(bpm: float, delta: int = 0) -> bytes:
    return meta(0x51, round(60e6 / bpm).to_bytes(3, "big"), delta)


def meter(over: int, power: int, delta: int = 0) -> bytes:
    """Write a time signature over/2**power."""
    return meta(0x58, bytes([over, power, 24, 8]), delta)


def note(pitch: int, length: int, delta: int = 0, channel: int = 0) -> bytes:
    """Write a note that starts after `delta` ticks, and its end."""
    return event(delta, 0x90 | channel, pitch, 80) + event(length, 0x80 | channel, pitch, 0)


def chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack(">I", len(data)) + data


def track(*events: bytes, end: bytes = END) -> bytes:
    return chunk(b"MTrk", b"".join(events) + end)


def file(*chunks: bytes, form: int = 1, count: int | None = None, division: int = 96) -> bytes:
    """Join a header and chunks; `division` is of ticks in a quarter note, or the two bytes of SMPTE time."""
    tracks = sum(part[:4] == b"MTrk" for part in chunks) if count is None else count
    return chunk(b"MThd", struct.pack(">HHH", form, tracks, division)) + b"".join(chunks)


def riff(data: bytes) -> bytes:
    """Put a file into a RIFF file, as `.rmi` files are, behind a chunk of odd length."""
    inside = b"RMID" + b"DISP" + struct.pack("<I", 3) + b"abc\0" + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(inside)) + inside
