"""Starts and ends, paired."""

import numpy as np
import pytest

from zoo.errors import CodecError
from zoo.tasks.music import notes
from zoo.tasks.music.notes import parts
from zoo.tasks.music.smf import Track


def on(tick, pitch=60, channel=0):
    return tick, 0x90 | channel, pitch, 80


def off(tick, pitch=60, channel=0):
    return tick, 0x80 | channel, pitch, 0


def pedal(tick, value, channel=0):
    return tick, 0xB0 | channel, 64, value


def found(*events, end=100):
    """Give the notes of one track `(start, end, pitch)`, and what was said."""
    said = []
    read, _ = parts([Track("x", list(events), end=end)], 1, said)
    columns = [np.stack([part.start, part.end, part.pitch], 1).tolist() for part in read]
    return [tuple(note) for rows in columns for note in rows], said


UNENDED, EMPTY = "that the file does not end", "of no length"


@pytest.mark.parametrize(
    ("events", "expected", "said"),
    [
        ([on(0), off(10)], [(0, 10)], []),
        ([on(0), (10, 0x90, 60, 0)], [(0, 10)], []),  # a start without velocity is an end
        ([on(0), off(10), off(20)], [(0, 10)], []),
        ([off(5), on(10), off(20)], [(10, 20)], []),
        ([on(0), on(10), off(10), off(20)], [(0, 10), (10, 20)], []),  # start and end of a repeated note change places
        ([on(0), on(4), off(6), off(8)], [(0, 4), (4, 8)], []),  # two voices of one channel on one pitch
        ([on(0), on(0), off(10), off(12)], [(0, 12)], []),
        ([on(0)], [(0, 100)], [(1, UNENDED)]),
        ([on(0), on(10), off(20)], [(0, 10), (10, 20)], [(1, UNENDED)]),
        ([on(0), on(10), on(20)], [(0, 10), (10, 20), (20, 100)], [(3, UNENDED)]),
        ([on(100)], [(100, 100)], [(1, UNENDED)]),  # one step of the grid, later
        ([on(5), off(5)], [(5, 100)], [(1, EMPTY)]),
        ([on(5), off(5), on(9), off(12)], [(5, 9), (9, 12)], [(1, EMPTY)]),
        ([on(5), off(5), on(9), off(9), on(20)], [(5, 9), (9, 20), (20, 100)], [(1, UNENDED), (2, EMPTY)]),
    ],
)
def test_every_start_gets_an_end(events, expected, said):
    read, sentences = found(*events)
    assert [note[:2] for note in read] == expected
    until = "at the next of that pitch or where the track ends"
    assert sentences == [f"ended {notes.counted(count)} {reason} {until}" for count, reason in said]


@pytest.mark.parametrize(
    ("events", "keys"),
    [
        ([on(0), off(10), on(20), off(30)], [10, 30]),
        ([on(0), on(4), off(6), off(8)], [4, 8]),
        ([on(0), on(4), on(8)], [0, 4, 8]),  # none is known to be down
        ([on(0), on(4), off(6)], [0, 6]),
        ([on(0), on(4), off(6), off(8), on(20), on(30), off(40)], [4, 8, 20, 40]),
        ([on(5), off(5), on(9), off(12)], [5, 12]),
        ([pedal(0, 127), on(1), off(3), pedal(50, 0)], [3]),
    ],
)
def test_a_made_up_end_holds_no_key(events, keys):
    """What is known to sound goes before what is not."""
    [part], _ = parts([Track("", events, end=100)], 1, [])
    assert part.key.tolist() == keys


def test_pitches_and_channels_do_not_mix():
    read, said = found(on(0), on(0, 64), off(5, 64), on(5, 60, 1), off(8, 60, 1), off(9))
    assert read == [(0, 5, 64), (0, 9, 60), (5, 8, 60)]
    assert not said


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(2, 127), (40, 0)], [40, 22]),  # the second is struck with the pedal down, and ends with its key
        ([(2, 127), (15, 0), (15, 127), (60, 0)], [15, 60]),
        ([(2, 127)], [100, 100]),  # never let go
        ([(2, 63), (40, 0)], [10, 22]),
        ([(10, 127), (21, 10)], [21, 22]),
        ([(11, 127), (40, 0)], [10, 40]),
    ],
)
def test_the_pedal_prolongs(changes, expected):
    events = sorted([on(0), off(10), on(20, 72), off(22, 72), *(pedal(*change) for change in changes)])
    if changes == [(2, 127), (40, 0)]:
        expected = [40, 40]
    assert [end for _, end, _ in found(*events)[0]] == expected


def test_a_note_under_the_pedal_ends_where_it_is_struck_again():
    read, _ = found(pedal(0, 127), on(0), off(10), on(30), off(35), pedal(50, 0))
    assert read == [(0, 30, 60), (30, 50, 60)]
    other, _ = found(pedal(0, 127, 1), on(0), off(10), pedal(50, 0, 1))
    assert other == [(0, 10, 60)]


def test_lines_that_change_their_track_are_joined():
    tracks = [Track("a", [on(0), off(10)]), Track("b", [on(5), off(9)]), Track("a", [on(10, 62, 3), off(20, 62, 3)])]
    read, drums = parts([*tracks, Track("kit", [on(0, 38, 9), off(1, 38, 9)])], 1, [])
    assert [(part.name, part.start.tolist()) for part in read] == [("a", [0, 10]), ("b", [5])]
    assert drums == 1


@pytest.mark.parametrize("controller", [120, 123, 124, 127])
@pytest.mark.parametrize("other_track", [False, True])
def test_all_notes_end_at_once(controller, other_track):
    off_at = [(20, 0xB0, controller, 0), (60, 0xB0, controller, 0), (30, 0xB1, controller, 0)]
    mine = [on(0), on(5, 64), on(20, 67), off(40, 67), off(50, 64), on(55), on(57), off(70), on(80), off(90)]
    tracks = [Track("a", mine, end=100), Track("b", off_at if other_track else [], end=100)]
    tracks[0].events = sorted([*mine, *([] if other_track else off_at)], key=lambda event: event[0])
    said = []
    [part], _ = parts(tracks, 24, said)
    notes_ = list(zip(part.start.tolist(), part.end.tolist(), part.pitch.tolist(), part.key.tolist(), strict=True))
    assert notes_ == [
        (0, 20, 60, 20), (5, 20, 64, 20), (20, 40, 67, 40), (55, 57, 60, 57), (57, 60, 60, 60), (80, 90, 60, 90),
    ]  # fmt: skip
    assert said == []


@pytest.mark.parametrize(("controller", "end"), [(120, 30), (121, 30), (123, 50)])
def test_the_pedal_is_lifted_with_all_sound_and_with_a_reset(controller, end):
    read, said = found(pedal(0, 127), on(0), off(10), (30, 0xB0, controller, 0), pedal(50, 0))
    assert (read, said) == ([(0, end, 60)], [])


def test_the_pedal_is_that_of_the_channel_in_whatever_track():
    tracks = [
        Track("a", [on(0), off(10)]),
        Track("", [pedal(5, 127), pedal(50, 0)]),
        Track("b", [on(0, 48, 1), off(9, 48, 1)]),
    ]
    read, _ = parts(tracks, 24, [])
    assert [part.end.tolist() for part in read] == [[50], [9]]


def test_a_pedal_that_is_never_lifted_is_said():
    read, said = found(pedal(0, 127), on(0), off(10), on(20, 64), off(25, 64), on(30), off(35))
    assert read == [(0, 30, 60), (20, 100, 64), (30, 100, 60)]
    assert said == [
        "ended 3 notes under a pedal that is never lifted at the next of that pitch or where the track ends"
    ]


def test_notes_are_limited(monkeypatch):
    monkeypatch.setattr(notes, "MAX_NOTES", 2)
    with pytest.raises(CodecError, match="has more than 2 notes, which is the most that is read: cut it first"):
        found(on(0), on(1), on(2))
