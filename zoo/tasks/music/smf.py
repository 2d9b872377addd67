"""Standard MIDI files: from bytes to the events that matter on a grid, in ticks.

`mido`, which writes our files, reads byte by byte, ten times slower, and refuses what the standard tells readers to
skip or what other programs play: unknown chunks, RIFF around the file, odd key signatures, wrong numbers of tracks.

Reference:
    Standard MIDI Files 1.0 (RP-001), MIDI Manufacturers Association, 1996; RIFF MIDI (RP-029) for `.rmi`.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from zoo.errors import CodecError

MAX_TRACKS = 1_024
MAX_EVENTS = 1_000_000  # of all tracks, those that are skipped included
NOTE_OFF, NOTE_ON, CONTROL = 0x8, 0x9, 0xB  # upper half of a status byte; the lower is the channel
SUSTAIN, ALL_SOUND_OFF, RESET, ALL_NOTES_OFF = 64, 120, 121, range(123, 128)  # controllers: the pedal; the end of notes
CONTROLLERS = (SUSTAIN, ALL_SOUND_OFF, RESET, *ALL_NOTES_OFF)
SEARCHED = 256  # first bytes in which a file may begin: behind a MacBinary header, or a chunk of its own
ONE_BYTE = (0xC, 0xD)  # program and channel pressure: one byte follows
SYSTEM = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # bytes that follow; of others, which do not belong into files either, none
TEXT, NAME, END_OF_TRACK, TEMPO, METER = 0x01, 0x03, 0x2F, 0x51, 0x58  # types of meta events
END_MARK = b"end"  # text with which our own files say how long they are


@dataclass
class Track:
    """One track; every event begins with its tick.

    Attributes:
        name: Its name.
        events: Status, first and second data byte of notes, and of controllers that hold or end them.
        tempi: Microseconds in a quarter note.
        meters: Numerator and denominator of time signatures.
        marks: Ticks of the text "end".
        end: Tick of its end.
    """

    name: str = ""
    events: list[tuple[int, int, int, int]] = field(default_factory=list)
    tempi: list[tuple[int, int]] = field(default_factory=list)
    meters: list[tuple[int, tuple[int, int]]] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    end: int = 0


@dataclass
class MidiFile:
    """What a file holds.

    Attributes:
        form: 0: one track; 1: tracks that sound together; 2: tracks one after another.
        promised: Number of tracks that the header names.
        ticks: Ticks in a quarter note, or in a second.
        in_seconds: They are in a second: time is counted in frames of film (SMPTE).
        tracks: The tracks.
    """

    form: int
    promised: int
    ticks: float
    in_seconds: bool
    tracks: list[Track]


def parse(data: bytes) -> MidiFile:
    """Read the bytes of a MIDI file, which may be inside of a RIFF file.

    Raises:
        CodecError: They are none, are damaged or cut off, or hold more tracks or events than are read. The message is
            the second half of a sentence that begins with the file's name.
    """
    wrapped = data[:4] == b"RIFF" and data[8:12] == b"RMID"
    begin = data.find(b"MThd\0\0", 0, len(data) if wrapped else SEARCHED)
    if begin < 0:
        raise CodecError("is not a MIDI file: it does not begin with MThd")
    chunks = _chunks(data, begin)
    _, size, header = next(chunks, (b"", 0, b""))
    if len(header) < 6:
        raise CodecError("is damaged: its header is cut off")
    form, promised, division = struct.unpack(">HHH", header[:6])
    if form > 2:
        raise CodecError(f"is damaged: it says it is of format {form}; there are 0, 1 and 2")
    ticks, in_seconds = _ticks(division)
    found = MidiFile(form, promised, ticks, in_seconds, [])
    left = MAX_EVENTS
    for kind, size, body in chunks:
        if kind != b"MTrk":  # the standard: ignore chunks that you do not know
            continue
        if len(found.tracks) == MAX_TRACKS:
            raise CodecError(f"has more than {MAX_TRACKS:,} tracks, which is the most that is read")
        track, left = _track(body, f"track {len(found.tracks) + 1}", len(body) < size, left)
        found.tracks.append(track)
    if not found.tracks:
        raise CodecError("has no tracks: its header is all there is")
    return found


def _chunks(data: bytes, at: int) -> Iterator[tuple[bytes, int, bytes]]:
    """Give the chunks of a file from a place on: kind, size that it says it has, and the bytes that are there."""
    while at + 8 <= len(data):
        kind, size = struct.unpack_from(">4sI", data, at)
        yield kind, size, data[at + 8 : at + 8 + size]
        at += 8 + size


def _ticks(division: int) -> tuple[float, bool]:
    """Read what a tick is: ticks in a quarter note; or in a second, and that they are."""
    if division < 0x8000:
        if not division:
            raise CodecError("is damaged: its header says that a quarter note has 0 ticks")
        return division, False
    frames, each = 256 - (division >> 8), division & 0xFF
    if frames not in (24, 25, 29, 30) or not each:
        raise CodecError(f"is damaged: its header says that a second has {frames} frames of {each} ticks")
    return (30_000 / 1_001 if frames == 29 else frames) * each, True


def _track(body: bytes, name: str, cut: bool, left: int) -> tuple[Track, int]:
    """Read a track.

    Args:
        body: Its bytes.
        name: What it is called in messages.
        cut: The file ends before the track should.
        left: How many events may be read.

    Returns:
        The track, and how many events may be read after it.
    """
    found = Track()
    add = found.events.append
    at = tick = status = 0
    try:
        while at < len(body):
            if not left:
                raise CodecError(f"has more than {MAX_EVENTS:,} events, which is the most that is read")
            left -= 1
            delta, at = _quantity(body, at)
            tick += delta
            if body[at] >= 0xF0:
                at, ended = _other(body, at, tick, found)
                if ended:
                    cut = False
                    break
                continue
            if body[at] >= 0x80:  # or else the status is that of the last event, whatever stood between
                status, at = body[at], at + 1
            kind = status >> 4
            first, second = body[at], (0 if kind in ONE_BYTE else body[at + 1])
            at += 1 if kind in ONE_BYTE else 2
            if first > 0x7F or second > 0x7F or not status:
                raise CodecError(f"is damaged: byte {at} of {name} is none of an event")
            if kind in (NOTE_ON, NOTE_OFF) or (kind == CONTROL and first in CONTROLLERS):
                add((tick, status, first, second))
    except IndexError:
        cut = True
    if cut:
        raise CodecError(f"is cut off, or damaged: {name} ends in the middle")
    found.end = tick
    return found, left


def _quantity(body: bytes, at: int) -> tuple[int, int]:
    """Read a number of variable length; return it and where it ends."""
    value = body[at]
    if value < 0x80:
        return value, at + 1
    value &= 0x7F
    for place in range(at + 1, at + 4):
        byte = body[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    raise CodecError("is damaged: a time or a length of more than four bytes")


def _other(body: bytes, at: int, tick: int, track: Track) -> tuple[int, bool]:
    """Read an event that is of no channel; return where it ends, and whether the track does."""
    status = body[at]
    if status not in (0xF0, 0xF7, 0xFF):
        return at + 1 + SYSTEM.get(status, 0), False
    kind = body[at + 1] if status == 0xFF else -1
    size, start = _quantity(body, at + (2 if status == 0xFF else 1))
    data = body[start : start + size]
    if len(data) < size:
        raise IndexError
    if kind == NAME and not (track.name and track.events):
        track.name = data.decode("latin-1")
    elif kind == TEXT and data == END_MARK:
        track.marks.append(tick)
    elif kind == TEMPO and size == 3:
        track.tempi.append((tick, int.from_bytes(data, "big")))
    elif kind == METER and size >= 2:
        track.meters.append((tick, (data[0], 1 << data[1])))
    return start + size, kind == END_OF_TRACK
