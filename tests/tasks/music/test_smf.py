"""The bytes of MIDI files."""

import pytest

from tests.tasks.music.midi_bytes import END, chunk, event, file, meta, meter, note, riff, tempo, track
from zoo.errors import CodecError
from zoo.tasks.music import smf
from zoo.tasks.music.smf import parse

ONE = track(note(60, 96))
EVENTS = [(0, 0x90, 60, 80), (96, 0x80, 60, 0)]


@pytest.mark.parametrize(
    ("case", "data"),
    [
        ("unknown chunks", file(chunk(b"XFIH", b"abc"), ONE, chunk(b"????", b""))),
        ("unknown chunk cut off", file(ONE) + b"JUNK\0\0\0\x09ab"),
        ("bytes behind the last chunk", file(ONE) + b"\0\0\0"),
        ("RIFF", riff(file(ONE))),
        ("RIFF of no size", riff(file(ONE)).replace(b"data" + (len(file(ONE))).to_bytes(4, "little"), b"data\0\0\0\0")),
        ("a MacBinary header", bytes(128) + file(ONE)),
        ("an unknown chunk first", chunk(b"XFIH", b"abc") + file(ONE)),
        ("a longer header", chunk(b"MThd", bytes([0, 1, 0, 1, 0, 96, 7, 7])) + ONE),
        ("no end of track", file(track(note(60, 96), end=b""))),
        ("something behind the end of track", file(track(note(60, 96), END, b"\xff\xff"))),
        ("a track that says it is longer than the file", file(ONE.replace(b"MTrk\0\0\0\x0d", b"MTrk\0\0\1\0"))),
        ("an odd key signature", file(track(meta(0x59, b"\x63\x05"), note(60, 96)))),
        ("a short key signature", file(track(meta(0x59, b""), note(60, 96)))),
        ("text in no encoding", file(track(meta(1, b"\xff\xfe\0\x80"), note(60, 96)))),
        ("other meta events", file(track(meta(0x7F, bytes(200)), meta(0x00), note(60, 96)))),
        ("a sysex event", file(track(b"\0\xf0\x03\x43\x12\xf7", b"\0\xf7\x02\xff\x01", note(60, 96)))),
        ("a running status over meta and sysex", file(track(
            event(0, 0xB0, 7, 100), meta(1, b"x"), b"\0\xf0\x01\xf7", event(0, 7, 99), note(60, 96)))),
        ("a running status", file(track(b"\0\x90", event(0)[1:], b"\x3c\x50", event(96, 0x80, 60, 0)))),
        ("system events, which do not belong here", file(track(
            event(0, 0xF8), event(0, 0xF2, 1, 2), event(0, 0xF3, 1), event(0, 0xF6), note(60, 96)))),
        ("other controllers, programs, pressure", file(track(
            event(0, 0xC0, 5), event(0, 0xD0, 5), event(0, 0xE0, 0, 64), event(0, 0xA0, 60, 1), note(60, 96)))),
    ],
)  # fmt: skip
def test_what_others_write_is_read(case, data):
    assert [track.events for track in parse(data).tracks] == [EVENTS], case


def test_what_a_track_says():
    first = track(meta(3, b"Fl\xf6te"), tempo(100), meter(6, 3, 48), meta(1, b"end", 300), event(0, 0xB3, 64, 127))
    found = parse(file(first, track(meta(0x51, b"\1"), meta(0x58, b"\4")), form=2, count=7, division=480))
    assert (found.form, found.promised, found.ticks, found.in_seconds) == (2, 7, 480, False)
    assert found.tracks[0] == smf.Track(
        "Flöte", [(348, 0xB3, 64, 127)], [(0, 600_000)], [(48, (6, 8))], marks=[348], end=348
    )
    assert found.tracks[1] == smf.Track()


@pytest.mark.parametrize(("division", "ticks"), [(0xE728, 1000), (0xE250, 2400), (0xE304, 30_000 / 1_001 * 4)])
def test_time_in_frames(division, ticks):
    found = parse(file(ONE, division=division))
    assert (found.ticks, found.in_seconds) == (ticks, True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"RIFF....WAVEfmt ", "does not begin with MThd"),
        (b"RIFF....RMIDLIST\0\0\0\0", "does not begin with MThd"),
        (bytes(512) + file(ONE), "does not begin with MThd"),
        (file()[:12], "header is cut off"),
        (file(), "has no tracks"),
        (file(ONE, form=3), "of format 3"),
        (file(ONE, division=0), "a quarter note has 0 ticks"),
        (file(ONE, division=0xE700), "a second has 25 frames of 0 ticks"),
        (file(ONE, division=0x9001), "a second has 112 frames of 1 ticks"),
        (file(ONE)[:-6], "is cut off, or damaged: track 1 ends in the middle"),
        (file(ONE, track(note(60, 96), end=b"\0\x90\x3c")), "track 2 ends in the middle"),
        (file(track(b"\0\xff\x01\x7fabc", end=b"")), "track 1 ends in the middle"),
        (file(track(b"\0\x3c\x50")), "byte 3 of track 1 is none of an event"),
        (file(track(event(0, 0x90, 60, 200))), "byte 4 of track 1 is none of an event"),
        (file(track(b"\x81\x81\x81\x81\x01\x90\x3c\x50")), "a length of more than four bytes"),
        (file(*[track()] * 1_025), "more than 1,024 tracks"),
    ],
)
def test_the_cause_is_named(data, reason):
    with pytest.raises(CodecError, match=reason):
        parse(data)


def test_events_are_limited(monkeypatch):
    monkeypatch.setattr(smf, "MAX_EVENTS", 6)
    assert len(parse(file(ONE, ONE)).tracks) == 2
    with pytest.raises(CodecError, match="more than 6 events"):
        parse(file(ONE, ONE, ONE))
