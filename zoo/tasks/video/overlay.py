"""Films with their labels burnt in."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.escaping import escaped
from zoo.core.files import replacing, suffixed
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.media import video
from zoo.media.container import MediaFile
from zoo.media.scaling import scaled
from zoo.tasks.video.timeline import Timeline

SUFFIXES = (".mp4", ".mkv", ".mov")
LEAST = 240  # pixels of height: smaller films are enlarged, so that a label can be read
LINE = 0.11  # height of a label, of the film's
SHOWN = 40  # characters
UNSURE = " ?"  # behind labels of a film that is rejected


def check(out: Path | None, read: Sequence[Path]) -> None:
    """Refuse a film that could not be written, or that is read, before anything is seen.

    Raises:
        ArgumentError: Its suffix is of no film, it is read itself, or several films are given.
    """
    if out is None:
        return
    suffixed(out, SUFFIXES)
    if len(read) > 1:
        raise ArgumentError(f"--overlay writes one film, {len(read)} are given")
    if read[0].is_dir() or read[0].suffix.lower() == ".npy":
        raise ArgumentError(f"--overlay: {read[0]} is no film to write again")
    if out.exists() and any(path.exists() and path.samefile(out) for path in read):
        raise ArgumentError(f"{out} is read: write to another file with --overlay")


def write(source: Path, out: Path, timeline: Timeline) -> Path:
    """Write a film again, in H.264, its labels and their probabilities burnt in; sound is copied where it can be.

    Args:
        source: A video file.
        out: A .mp4, .mkv or .mov; one of that name is replaced.
        timeline: What was seen in it.

    Raises:
        ArgumentError: `out` has another suffix.
        CodecError: The source cannot be read.
        DataError: The film cannot be written.
    """
    import av

    with replacing(suffixed(out, SUFFIXES)) as scratch:
        for with_sound in (True, False):
            try:
                with MediaFile(source, video.KIND, video.ADVICE) as file, av.open(str(scratch), "w") as made:
                    _copy(file.container, made, video.pictures(file.container, source), timeline, with_sound)
                break
            except (av.FFmpegError, ValueError) as error:  # the form may have no place for that kind of sound
                if not with_sound:
                    raise DataError(f"{out} cannot be written: {getattr(error, 'strerror', error)}") from error
    return out


def _copy(given: Any, made: Any, pictures: Any, timeline: Timeline, with_sound: bool) -> None:
    """Copy pictures with labels, and the first sound beside them."""
    import av
    from av.video.reformatter import VideoReformatter

    rate = pictures.average_rate or Fraction(timeline.rate_hz).limit_denominator(1001)
    stream, first = made.add_stream("h264", rate), None
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = stream.time_base = pictures.time_base
    sound = next(iter(given.streams.audio), None) if with_sound else None
    beside = sound and made.add_stream_from_template(sound)
    waiting: (
        list[Any] | None
    ) = []  # sound before the first picture, whose size must be known before anything is written
    converter = VideoReformatter()
    for packet in _packets(given, [one for one in (pictures, sound) if one]):
        if packet.stream is sound:
            if packet.dts is not None:
                packet.stream = beside
                (made.mux if waiting is None else waiting.append)(packet)
            continue
        try:
            frames = packet.decode()
        except av.FFmpegError:  # damaged: the rest counts, as for the labels
            continue
        for frame in frames:
            picture = video.picture(frame, True, converter)
            if first is None:
                first, size = frame.time or 0.0, picture.shape[:2]
                stream.height, stream.width = enlarged(*size)
            picture = labelled(scaled(picture, *size), timeline, (frame.time or 0.0) - first)
            new = av.VideoFrame.from_ndarray(picture, "rgb24")
            new.pts, new.time_base = frame.pts, frame.time_base
            made.mux(stream.encode(new))
            made.mux(waiting or [])
            waiting = None
    if first is None:
        raise CodecError("the film has no pictures")
    made.mux(stream.encode())


def _packets(given: Any, streams: list[Any]) -> Iterator[Any]:
    """Read packets; what is damaged ends the film, as it does for the labels."""
    import av

    source = given.demux(streams)
    while True:
        try:
            packet = next(source, None)
        except av.FFmpegError:
            return
        if packet is None:
            return
        yield packet


def enlarged(height: int, width: int) -> tuple[int, int]:
    """Give the size that a film is written in: large enough to read a label, and even, as H.264 has it."""
    times = -(-LEAST // height)
    return height * times // 2 * 2, max(2, width * times // 2 * 2)


def labelled(picture: np.ndarray, timeline: Timeline, seconds: float) -> np.ndarray:
    """Draw the label of a moment, and a bar for its probability, at the foot of a picture `(height, width, 3)`."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = enlarged(*picture.shape[:2])
    image = Image.fromarray(scaled(picture, height, width))
    run = timeline.at(seconds)
    if run and run.label != timeline.rest:
        tall = max(12, round(LINE * height))
        draw = ImageDraw.Draw(image, "RGBA")
        draw.rectangle((0, height - 1.4 * tall, width, height), fill=(0, 0, 0, 150))
        draw.rectangle((0, height - 0.12 * tall, width * run.probability, height), fill=(224, 142, 11, 255))
        place = (width / 2, height - 0.72 * tall)
        text = escaped(run.label)[:SHOWN] + UNSURE * timeline.rejected
        draw.text(place, text, (255, 255, 255, 255), ImageFont.load_default(tall), anchor="mm")
    return np.asarray(image)
