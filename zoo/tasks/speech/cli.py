"""The `zoo transcribe` command."""

import io
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import CodecError, DataError
from zoo.media.audio import RATE_HZ
from zoo.models.batch import INPUT

SOUNDS = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".au", ".m4a", ".mp4", ".aac", ".wma", ".caf",
)  # fmt: skip
CHUNK_S = 0.2  # of a stream


def words_in(path: Path) -> list[str]:
    """Read the words of a text file.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read as UTF-8 text ({reason}): give a file of words") from error


def streamed(model: Any, name: str) -> Iterator[str]:
    """Yield what is heard of a file, or of the samples that come through the standard input, while it is read."""
    from zoo.media import audio

    chunks = _input() if name == INPUT else audio.blocks(name)
    for partial in model.stream(_small(chunks)):
        yield partial.new


def _small(chunks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    size = int(CHUNK_S * RATE_HZ)
    for chunk in chunks:
        yield from (chunk[i : i + size] for i in range(0, len(chunk), size))


def _input() -> Iterator[np.ndarray]:
    """Read 16-bit samples, 16 kHz, mono, as they come, bare or as a wav file."""
    rest: bytes | None = None
    while data := sys.stdin.buffer.read(int(2 * CHUNK_S * RATE_HZ)):
        data = data[_header(data) :] if rest is None else rest + data
        even = len(data) // 2 * 2
        rest = data[even:]
        yield np.frombuffer(data[:even], "<i2").astype(np.int16)


def _header(data: bytes) -> int:
    """Give the bytes that come before the samples of a wav file; 0 of bare samples.

    Raises:
        CodecError: It is damaged, or its samples are of another kind.
    """
    if not data.startswith(b"RIFF"):
        return 0
    try:
        with io.BytesIO(data) as stream, wave.open(stream) as sound:
            kind, start = (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()), stream.tell()
    except (wave.Error, EOFError) as error:
        raise CodecError(
            f"the input is no plain wav file ({error}): give 16-bit samples, {RATE_HZ} Hz, mono"
        ) from error
    if kind != (RATE_HZ, 1, 2):
        rate_hz, channels, width = kind
        found = f"{rate_hz} Hz, channels: {channels}, {8 * width} bits"
        raise CodecError(f"the input is a wav file ({found}): give 16-bit samples, {RATE_HZ} Hz, mono")
    return start
