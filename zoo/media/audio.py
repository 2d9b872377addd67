"""Sound files and chunks of sound → 16 kHz, mono, block by block, so that a file of any length takes little memory.

Limits of a file: RATES_HZ, CHANNELS, and LONGEST_S of `zoo.media.container`.
"""

import itertools
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from zoo.core.validation import number
from zoo.errors import ArgumentError, CodecError
from zoo.media import FULL_SCALE, RATE_HZ, container
from zoo.media.container import LONGEST_S, Decoder, MediaFile
from zoo.media.source import named, reason

BLOCK_S, PIECE = 10.0, 1 << 16  # seconds; values of all channels that are averaged at once
RATES_HZ = (1_000, 768_000)
CHANNELS = 64  # at most
LOUDEST = 10.0  # samples beyond that are not from -1 to 1
KIND, ADVICE = "a sound file", "wav, flac, ogg, mp3, m4a or the like"
PADDED, MOST_PADDING = ("ogg", "mov"), 8192  # kinds of files; samples
MISREAD = ("g726", "g726le", "amrnb")  # what WAV files have under these names is often coded in another way
SUFFIXES = (
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".m4a", ".m4b", ".mp4", ".aac",
    ".wma", ".caf", ".w64", ".amr", ".3gp", ".mov", ".webm", ".mkv",
)  # fmt: skip
CLIPPED, MUCH = 0.999, 0.01  # samples as loud as that are cut off; share of a file that is worth a warning


def blocks(path: str | os.PathLike[str]) -> Iterator[np.ndarray]:
    """Read the sound of a file: wav, flac, ogg, mp3, m4a, wma, or that of mp4, mov, webm and others, by its content.

    Yields:
        `(samples,)` float32 from -1 to 1 at 16 kHz: about ten seconds each; channels are averaged.

    Raises:
        CodecError: It is missing, no sound file, empty or damaged, beyond the limits of this module, or holds values
            that are no numbers.
    """
    sound = _Sound(path)
    found, clipped = 0, 0
    try:
        for block in resampled(sound, sound.rate_hz, f"{path}"):
            found += len(block)
            clipped += int((np.abs(block) >= CLIPPED).sum())
            if found > LONGEST_S * RATE_HZ:
                raise CodecError(f"{path} lasts more than {LONGEST_S:,.0f} s, the most that is read: cut it into parts")
            yield block
    except ArgumentError as error:
        raise CodecError(str(error)) from error
    finally:
        sound.close()
    if not found:
        raise CodecError(f"{path} has no samples: give a recording that is not empty")
    loud = f"is clipped: {clipped / found:.0%} of it; record it less loudly" if clipped > MUCH * found else ""
    container.warn(path, *sound.faults, loud)


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


class _Sound:
    """The sound of a file, `(samples,)` float32, about ten seconds each time, at the file's own rate.

    Attributes:
        rate_hz: The rate.
        faults: What is damaged or missing, once it has been read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.faults: tuple[str, ...] = ()
        self.file = MediaFile(path, KIND, ADVICE)
        try:
            with named(path, KIND):
                self.decoder = Decoder(self.file, _stream(self.file))
                self.frames = iter(self.decoder)
                self.first = next(self.frames, None)
        except BaseException:
            self.close()
            raise
        self.rate_hz = self.first.sample_rate if self.first else RATE_HZ

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def __iter__(self) -> Iterator[np.ndarray]:
        found, last = 0, np.zeros(0, np.float32)
        lines = (
            mono(chunk, f"{self.file.source}") for chunk in _joined(self._chunks(), min(PIECE, BLOCK_S * self.rate_hz))
        )
        for line in _joined(lines, BLOCK_S * self.rate_hz):
            found += len(line)
            if len(last):
                yield last
            last = line
        if self.decoder.error and not found:
            raise self.file.refuse(f"is damaged ({reason(self.decoder.error)}): nothing of it can be decoded")
        with named(self.file.source, KIND):
            self.faults = (self.decoder.told(), self.file.missing(self.decoder.stream, found / self.rate_hz))
            padding = self._padding(found)
        yield last[: max(0, len(last) - padding)]

    def _padding(self, found: int) -> int:
        """Count samples with which an encoder has filled its last frame, of files that say so by their length."""
        stream = self.decoder.stream
        if self.file.format not in PADDED or not stream.duration:
            return 0
        more = found - round(float(stream.duration * stream.time_base) * self.rate_hz)
        return more if 0 < more < MOST_PADDING else 0

    def _chunks(self) -> Iterator[np.ndarray]:
        """Decode frame by frame: `(samples, channels)` float32."""
        import av

        setup, converter = None, av.AudioResampler(format="flt")
        for frame in itertools.chain([self.first] if self.first else [], self.frames):
            with named(self.file.source, KIND):
                if frame.sample_rate != self.rate_hz:
                    raise self.file.refuse(
                        f"changes its rate from {self.rate_hz} to {frame.sample_rate} Hz: convert it"
                    )
                if setup != (setup := (frame.format.name, frame.layout.name)):
                    converter = av.AudioResampler(format="flt")
                parts = converter.resample(frame)
                arrays = [part.to_ndarray().reshape(-1, part.layout.nb_channels) for part in parts]
            yield from arrays


def _joined(arrays: Iterable[np.ndarray], size: float) -> Iterator[np.ndarray]:
    """Join arrays of samples, those of equal channels, to such of at least so many values, except where they end."""
    parts, values = list[np.ndarray](), 0
    for array in arrays:
        if parts and array.shape[1:] != parts[0].shape[1:]:
            yield np.concatenate(parts)
            parts, values = [], 0
        parts.append(array)
        values += array.size
        if values >= size:
            yield np.concatenate(parts)
            parts, values = [], 0
    if parts:
        yield np.concatenate(parts)


def _stream(file: MediaFile) -> Any:
    """Return the stream of sound of a file.

    Raises:
        CodecError: There is none, or it is beyond the limits.
    """
    streams = file.container.streams
    if not streams.audio:
        kinds = ", ".join(sorted({stream.type for stream in streams})) or "nothing"
        raise file.refuse(f"has no sound ({kinds} alone): give {ADVICE}")
    stream = next((one for one in streams.audio if one.codec_context), None)
    if stream is None:
        raise file.refuse(f"has sound of a kind that cannot be decoded: convert it to {ADVICE}")
    context = stream.codec_context
    if file.format == "wav" and context.name in MISREAD:
        raise file.refuse(f"has sound coded as {context.name} in WAV, which is not read: convert it")
    if not 1 <= context.channels <= CHANNELS:
        raise file.refuse(f"has {context.channels or 'too many'} channels: give 1 to {CHANNELS}")
    file.check_length(stream, LONGEST_S)
    context.options = {"max_samples": str(container.MOST_SAMPLES), "err_detect": "crccheck"}
    return stream
