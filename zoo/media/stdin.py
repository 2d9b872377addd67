"""Audio from the standard input: 16-bit samples, 16 kHz, mono, bare or as a WAV file."""

import io
import math
import string
import sys
import warnings
import wave
from collections.abc import Iterator

import numpy as np

from zoo.errors import CodecError
from zoo.media import RATE_HZ
from zoo.media.headers import UNKNOWN, recognized

CHUNK_S = 0.2
LEAST_TEXT, TEXT = 64, frozenset(string.printable.encode())  # bytes: samples are never all of these
EXPECTED = f"16-bit samples, {RATE_HZ} Hz, mono"


def small(chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Cut chunks of samples into short ones."""
    size = int(CHUNK_S * RATE_HZ)
    for chunk in chunks:
        yield from (chunk[i : i + size] for i in range(0, len(chunk), size))


def chunks() -> Iterator[np.ndarray]:
    """Yield samples `(samples,)` int16 as they arrive; warn if a WAV file ends before it says.

    Raises:
        CodecError: The input is a WAV file that is damaged or has other samples, or a file of another kind.
    """
    size = int(2 * CHUNK_S * RATE_HZ)
    data, pending = b"", b""
    while len(data) < size and (more := sys.stdin.buffer.read(size - len(data))):  # enough to know a file by
        data += more
    start, left = _header(data)
    data = data[start:]
    while data and left > 0:
        data = data[: int(min(left, len(data)))]
        left -= len(data)
        data = pending + data
        even = len(data) // 2 * 2
        pending = data[even:]
        yield np.frombuffer(data[:even], "<i2").astype(np.int16)
        data = sys.stdin.buffer.read(size)
    if 0 < left < math.inf:
        warnings.warn(
            f"the input is cut off: {left / (2 * RATE_HZ):.1f} s that its header tells of are missing", stacklevel=2
        )


def _header(data: bytes) -> tuple[int, float]:
    """Return the bytes before the samples of a WAV file, and those of the samples; 0 and infinity for bare samples.

    Raises:
        CodecError: It is damaged, its samples are of another kind, or it is no WAV file but one of another kind.
    """
    if not data.startswith(b"RIFF"):
        if foreign := _foreign(data):
            raise CodecError(f"the input is {foreign}, no bare samples: write {EXPECTED}, or give the file by its name")
        return 0, math.inf
    try:
        with io.BytesIO(data) as stream, wave.open(stream) as sound:
            kind, start = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()), stream.tell()
            size = 2 * sound.getnframes()
    except (wave.Error, EOFError) as error:
        raise CodecError(f"the input is no plain wav file ({error}): write {EXPECTED}") from error
    if kind != (RATE_HZ, 1, 2):
        rate_hz, channels, width = kind
        found = f"{rate_hz} Hz, channels: {channels}, {8 * width} bits"
        raise CodecError(f"the input is a wav file ({found}): write {EXPECTED}")
    return start, size if size and all(abs(size - other) > 1 for other in UNKNOWN) else math.inf


def _foreign(data: bytes) -> str:
    """Name what bytes are that are no samples; "" for samples."""
    if name := recognized(data):
        return f"a file ({name})"
    return "text" if len(data) >= LEAST_TEXT and all(byte in TEXT for byte in data) else ""
