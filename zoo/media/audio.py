"""Sound files and chunks of sound → 16 kHz, mono, block by block, so that a file of any length takes little memory."""

import os
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.validation import number
from zoo.errors import ArgumentError, CodecError

RATE_HZ = 16_000
FULL_SCALE = 32768

BLOCK_S = 10.0
RATES_HZ = (1_000, 768_000)
CHANNELS = 64  # at most
WHOLE = 0.99  # share of the frames that a header tells of which a file has that is not cut off
LOUDEST = 10.0  # samples beyond that are not from -1 to 1
CLIPPED, MUCH = 0.999, 0.01  # samples as loud as that are cut off; share of a file that is worth a warning


def blocks(path: str | os.PathLike[str]) -> Iterator[np.ndarray]:
    """Read a sound file, any that libsndfile or audioread opens, of any rate and number of channels.

    Yields:
        `(samples,)` float32 from -1 to 1 at 16 kHz: about ten seconds each; channels are averaged.

    Raises:
        CodecError: It is missing, no sound file, empty or damaged, or holds values that are no numbers.
    """
    path = Path(path)
    if not path.is_file():
        raise CodecError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}: give a sound file")
    rate_hz, raw = _opened(path)
    found, clipped = 0, 0
    try:
        for block in resampled(raw, rate_hz, f"{path}"):
            found += len(block)
            clipped += int((np.abs(block) >= CLIPPED).sum())
            yield block
    except ArgumentError as error:
        raise CodecError(str(error)) from error
    if not found:
        raise CodecError(f"{path} has no samples: give a recording that is not empty")
    if clipped > MUCH * found:
        warnings.warn(f"{path}: {clipped / found:.0%} of it is clipped; record it less loudly", stacklevel=2)


def resampled(chunks: Iterable[Any], rate_hz: int, what: str = "the sound") -> Iterator[np.ndarray]:
    """Bring chunks of sound to 16 kHz, mono.

    Args:
        chunks: Arrays `(samples,)` or `(samples, channels)`: float from -1 to 1, or int16.
        rate_hz: Their rate.
        what: Their name in messages.

    Raises:
        ArgumentError: The rate is out of range, or a chunk is no such array.
        CodecError: A value is no number.
    """
    number(f"{what}: sample_rate_hz", rate_hz, *RATES_HZ)
    lines = (mono(chunk, what) for chunk in chunks)
    if rate_hz == RATE_HZ:
        yield from lines
        return
    import soxr

    stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32", quality="HQ")
    for line in lines:
        yield stream.resample_chunk(line)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def mono(chunk: Any, what: str = "the sound") -> np.ndarray:
    """Average the channels of a chunk of sound: `(samples,)` float32.

    Raises:
        ArgumentError: It is no array of samples.
        CodecError: A value is no number.
    """
    try:
        array = np.asarray(chunk)
    except ValueError as error:
        raise ArgumentError(f"{what}: no array of samples ({error})") from error
    if array.dtype.kind not in "if" or array.ndim not in (1, 2) or (array.dtype.kind == "i" and array.itemsize != 2):
        raise ArgumentError(
            f"{what}: {array.dtype}{list(array.shape)} given; give (samples,) or (samples, channels), float or int16"
        )
    if array.ndim == 2 and not 1 <= array.shape[1] <= CHANNELS:
        raise ArgumentError(f"{what}: {array.shape[1]} channels; give (samples, channels), of 1 to {CHANNELS}")
    line = array.astype(np.float32) / (FULL_SCALE if array.dtype.kind == "i" else 1)
    if not np.isfinite(line).all():
        raise CodecError(
            f"{what} has {int((~np.isfinite(line)).sum())} values that are no numbers: record or convert it again"
        )
    if np.abs(line).max(initial=0) > LOUDEST:
        raise ArgumentError(f"{what} has values up to {np.abs(line).max():g}: give float from -1 to 1, or int16")
    return line if line.ndim == 1 else line.mean(axis=1)


def _opened(path: Path) -> tuple[int, Iterator[np.ndarray]]:
    """Open a file by libsndfile, or else by what audioread finds: rate, chunks `(samples, channels)`."""
    import soundfile

    try:
        stream = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError, TypeError) as error:  # TypeError: raw samples, of no known form
        return _by_audioread(path, error)
    return stream.samplerate, _by_soundfile(path, stream)


def _by_soundfile(path: Path, stream: Any) -> Iterator[np.ndarray]:
    import soundfile

    found = 0
    with stream:
        try:
            while len(block := stream.read(int(BLOCK_S * stream.samplerate), dtype="float32", always_2d=True)):
                found += len(block)
                yield block
        except soundfile.LibsndfileError as error:
            raise CodecError(f"{path} is damaged: {error}") from error
        if found < WHOLE * stream.frames:
            told, had = stream.frames / stream.samplerate, found / stream.samplerate
            warnings.warn(f"{path} is cut off: it says that it has {told:.1f} s, and has {had:.1f} s", stacklevel=2)


def _by_audioread(path: Path, error: Exception) -> tuple[int, Iterator[np.ndarray]]:
    import audioread

    try:
        stream = audioread.audio_open(os.fspath(path))
    except (audioread.DecodeError, EOFError, OSError) as again:
        raise CodecError(f"{path} is no sound file that can be read ({error}); give wav, flac, ogg or mp3") from again

    def chunks() -> Iterator[np.ndarray]:
        rest, frame = b"", 2 * stream.channels  # bytes
        with stream:
            try:
                for data in stream:
                    rest += data
                    size = len(rest) // frame * frame
                    yield np.frombuffer(rest[:size], "<i2").astype(np.int16).reshape(-1, stream.channels)
                    rest = rest[size:]
            except (audioread.DecodeError, EOFError, OSError) as again:
                raise CodecError(f"{path} is damaged: {again!r}") from again

    return stream.samplerate, chunks()
