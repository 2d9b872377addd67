"""Media files of any kind: which are opened, what is missing or damaged in them. Decoded by PyAV (FFmpeg)."""

import contextlib
import functools
import math
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from zoo.errors import ArgumentError, CodecError
from zoo.media import headers, parts
from zoo.media.source import Input, reason, regular, told

LONGEST_S = 12 * 3600.0  # of a recording or a film
MOST_PIXELS = 1 << 26  # of a picture; a film may have fewer
MOST_SAMPLES = 1 << 24  # of all channels, in a frame as it is stored
PROBED_HEAD, PROBED = 4096, 5 << 20  # bytes that are read to find out what a file has

DEMUXERS = (
    "aac", "ac3", "aiff", "amr", "ape", "apng", "asf", "au", "avi", "avr", "bmp_pipe", "caf", "dv", "eac3", "epaf",
    "flac", "flv", "gif", "h264", "hevc", "iff", "ircam", "ivf", "jpeg_pipe", "m4v", "matroska", "mov", "mp3", "mpeg",
    "mpegts", "mpegvideo", "nistsphere", "obu", "ogg", "png_pipe", "pvf", "tiff_pipe", "tta", "voc", "w64", "wav",
    "webp_pipe", "wv",
)  # fmt: skip
"""Kinds of files that are opened, whatever their names: none that fetches or reads other files, as playlists do."""
TIMED = ("aiff", "asf", "au", "avi", "flac", "flv", "ivf", "matroska", "mov", "nistsphere", "tta", "wv")
"""Those of them whose header tells their length; that of others is a guess of FFmpeg's."""
STRICT = ("mjpeg",)
"""Kinds of pictures whose decoder tells of damage only if it may leave out what is damaged."""
LEAST_SHARE, LEAST_S = 0.01, 0.1  # of a file's length: less than both is not worth a warning


class MediaFile:
    """A media file, opened by its content; a context manager.

    Args:
        source: Its path, or an open binary file.
        kind: What it should be, with an article, such as `a sound file`.
        advice: What to give instead of a file that cannot be read.

    Attributes:
        container: The container of PyAV.
        size: Bytes; infinite where a stream has no end that is known.

    Raises:
        CodecError: It is missing, no regular file, empty, or of no kind that is read.
        ArgumentError: `source` is no path and no open file.
    """

    def __init__(self, source: Any, kind: str, advice: str) -> None:
        import av

        self.source, self.kind, self.closing = source, kind, contextlib.ExitStack()
        if isinstance(source, (str, os.PathLike)):
            self.stream = Input(self.closing.enter_context(regular(source, kind)))
        elif hasattr(source, "read"):
            self.stream = Input(source)
        else:
            raise ArgumentError(f"{source!r:.80}: give {kind}, by its path or open")
        options = {
            "format_whitelist": ",".join(DEMUXERS), "protocol_whitelist": "file", "probesize": str(PROBED),
            "max_pixels": str(MOST_PIXELS), "max_samples": str(MOST_SAMPLES),
        }  # fmt: skip
        try:
            self.size = self.stream.size()
            self.container: Any = self.closing.enter_context(av.open(self.stream, options=options))
        except Exception as error:
            why = reason(self.stream.error or error)
            if begins := self._begins():
                why = f"it begins as {begins} does, and is damaged or cut off: {why}"
            self.closing.close()
            raise CodecError(f"{told(source)} cannot be read as {kind} ({why}): give {advice}") from error

    def __enter__(self) -> "MediaFile":
        return self

    def __exit__(self, *_error: Any) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, unless it was given open."""
        self.closing.close()

    @property
    def format(self) -> str:
        """Return the name of the container's kind."""
        return str(self.container.format.name).split(",")[0]

    def _begins(self) -> str:
        """Return the kind of file that it begins as, of one that goes back to its start."""
        return headers.recognized(self.stream.read(PROBED_HEAD)) if self.stream.seek(0) == 0 else ""

    def refuse(self, what: str) -> CodecError:
        """Return an error about this file."""
        return CodecError(f"{told(self.source)} {what}")

    def missing(self, stream: Any, found_s: float) -> str:
        """Return a message about what the file lacks of what it announces; "" if it is whole, or announces nothing.

        Args:
            stream: One of its streams.
            found_s: How much of it was found, in seconds.
        """
        if self.size == math.inf:
            return ""
        share, claimed_s = headers.held(self.stream, self.format), self._header_s(stream)
        if self.format == "ogg" or (self.format == "mp3" and headers.counts_frames(self.stream)):
            claimed_s = self._length_s(stream)
        if share:
            claimed_s = max(claimed_s, found_s / share)
        lacking, fault = claimed_s - found_s, parts.fault(self.stream, self.format)
        if lacking > max(LEAST_S, LEAST_SHARE * claimed_s):
            has = f"it says that it has {claimed_s:.1f} s, and has {found_s:.1f} s"
            return f"{fault or 'is cut off'}: {has}: {lacking:.1f} s are missing"
        return fault and f"{fault}; {found_s:.1f} s of it are read"

    def check_length(self, stream: Any, most_s: float) -> None:
        """Refuse a stream that is announced as too long, before it is read.

        Raises:
            CodecError: It is.
        """
        if (claimed_s := self._header_s(stream)) > most_s:
            raise self.refuse(
                f"says that it lasts {claimed_s:,.0f} s; at most {most_s:,.0f} s are read: cut it into parts"
            )

    def _header_s(self, stream: Any) -> float:
        """Return how long the file says that a stream is, in seconds; 0 if it does not say."""
        return self._length_s(stream) if self.format in TIMED and self.size < math.inf else 0.0

    def _length_s(self, stream: Any) -> float:
        """Return how long FFmpeg takes a stream to be, in seconds; 0 if it does not know."""
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        return (self.container.duration or 0) / 1e6 if len(self.container.streams) == 1 else 0.0


def strict(stream: Any) -> Any:
    """Return a second decoder, which raises an error where a picture is damaged; None where the first one tells."""
    import av

    context = getattr(stream, "codec_context", None)
    if context is None or context.name not in STRICT:
        return None
    checking = av.CodecContext.create(context.name, "r")
    checking.extradata, checking.options = context.extradata, {"err_detect": "crccheck+bitstream+buffer+explode"}
    return checking


class Decoder:
    """Decodes a stream of a file, goes on behind what is damaged, and counts it.

    Attributes:
        damaged: Packets that cannot be decoded, and frames that the decoder had to make up in part.
        packets: Packets.
    """

    def __init__(self, file: MediaFile, stream: Any) -> None:
        self.file, self.stream, self.damaged, self.packets, self.frames = file, stream, 0, 0, 0
        self.error: BaseException | None = None
        self.strict = strict(stream)

    def __iter__(self) -> Iterator[Any]:
        tagged = False
        for packet in self._packets():
            self.packets += packet is not None and packet.size > 0
            damaged = self.damaged
            frames = self._tried(functools.partial(self.stream.decode, packet)) or ()
            if self.damaged and not self.frames:
                tagged = tagged or (self.packets == 1 and bytes(packet or b"")[:3] == b"ID3")
                if tagged:  # before the sound, as in MP3 in WAV
                    self.packets, self.damaged, self.error = 0, 0, None
            for frame in frames:
                self.damaged += bool(frame.is_corrupt)
                self.frames += 1
                yield frame
            if self.strict and packet is not None and self.damaged == damaged:
                self._tried(functools.partial(self.strict.decode, packet))

    def _packets(self) -> Iterator[Any]:
        """Read packets up to what cannot be read; None at last empties the decoder."""
        packets = self.file.container.demux(self.stream)
        damaged = self.damaged
        while (packet := self._tried(lambda: next(packets, None))) is not None:
            yield packet
            damaged = self.damaged
        if self.damaged > damaged:  # FFmpeg has not reached the end, at which it empties the decoder
            yield None
        if self.file.stream.error:
            self.damaged, self.error = self.damaged + 1, self.file.stream.error

    def _tried(self, action: Callable[[], Any]) -> Any:
        """Call a decoder of foreign bytes, which may raise anything; count what it cannot read."""
        try:
            return action()
        except Exception as error:  # noqa: BLE001
            self.damaged, self.error = self.damaged + 1, self.error or error
        return None

    def told(self) -> str:
        """Return a message about what is damaged; "" if nothing is."""
        if not self.damaged:
            return ""
        why = f" ({reason(self.error)})" if self.error else ""
        return f"is damaged{why}: {self.damaged} of {max(self.packets, self.damaged)} parts; the rest counts"


def warn(source: Any, *messages: str) -> None:
    """Warn of what is wrong with a source; empty messages are left out."""
    for message in filter(None, messages):
        warnings.warn(f"{told(source)} {message}", stacklevel=3)
