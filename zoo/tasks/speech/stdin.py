"""Audio from the standard input: 16-bit samples, 16 kHz, mono, bare or as a WAV file."""

import io
import sys
import wave
from collections.abc import Iterator

import numpy as np

from zoo.errors import CodecError
from zoo.media.audio import RATE_HZ

CHUNK_S = 0.2
EXPECTED = f"16-bit samples, {RATE_HZ} Hz, mono"


def small(chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Cut chunks of samples into short ones."""
    size = int(CHUNK_S * RATE_HZ)
    for chunk in chunks:
        yield from (chunk[i : i + size] for i in range(0, len(chunk), size))


def chunks() -> Iterator[np.ndarray]:
    """Yield samples `(samples,)` int16 as they arrive.

    Raises:
        CodecError: The input is a WAV file that is damaged or has other samples.
    """
    pending: bytes | None = None
    while data := sys.stdin.buffer.read(int(2 * CHUNK_S * RATE_HZ)):
        data = data[_header(data) :] if pending is None else pending + data
        even = len(data) // 2 * 2
        pending = data[even:]
        yield np.frombuffer(data[:even], "<i2").astype(np.int16)


def _header(data: bytes) -> int:
    """Return the number of bytes before the samples of a WAV file; 0 for bare samples.

    Raises:
        CodecError: It is damaged, or its samples are of another kind.
    """
    if not data.startswith(b"RIFF"):
        return 0
    try:
        with io.BytesIO(data) as stream, wave.open(stream) as sound:
            kind, start = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()), stream.tell()
    except (wave.Error, EOFError) as error:
        raise CodecError(f"the input is no plain wav file ({error}): write {EXPECTED}") from error
    if kind != (RATE_HZ, 1, 2):
        rate_hz, channels, width = kind
        found = f"{rate_hz} Hz, channels: {channels}, {8 * width} bits"
        raise CodecError(f"the input is a wav file ({found}): write {EXPECTED}")
    return start
