"""Notes that a file puts into no voice."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.tasks.music.notes import counted
from zoo.tasks.music.seats import Note, fitting, outside, seated


def place(*notes, voices=4):
    """Give pitch → voices it was given, in time; and what was said."""
    placed, counts = seated([Note(*note, *([note[1]] if len(note) == 3 else [])) for note in notes], voices)
    return [(note.pitch, note.voice, note.start, note.end) for note in placed], [
        words.format(counted(count)) for words, count in counts.items() if count
    ]


CHORDS = """C4 E4 G4 C5 E5  C4 D4 A4 D5 F5  B3 D4 G4 D5 F5  C4 E4 G4 C5 E5  C4 E4 A4 E5 A5  C4 D4 F4 A4 D5
            G3 B3 D4 G4 B4  F3 G3 D4 F4 B4  E3 G3 C4 G4 C5  D3 F3 A3 C4 F4  G2 D3 G3 B3 F4  C3 E3 G3 C4 E4"""


def prelude(pedal):
    """Break chords as Bach's prelude in C major (BWV 846) does: two notes are held, three follow one another twice."""
    pitches = [12 * int(name[1]) + 12 + [0, 2, 4, 5, 7, 9, 11]["CDEFGAB".index(name[0])] for name in CHORDS.split()]
    notes = []
    for bar in range(24):
        low, next_low, *high = pitches[bar // 2 * 5 :][:5]
        start, end = 8 * bar, 8 * bar + 8
        notes += [Note(start, end, low, end), Note(start + 1, end, next_low, end)]
        notes += [Note(start + 2 + i, end if pedal else start + 3 + i, high[i % 3], start + 3 + i) for i in range(6)]
    return notes


def sounding(placed, voices):
    grid = np.full((max(note.end for note in placed), voices), -1)
    for note in placed:
        assert (grid[note.start : note.end, note.voice] == -1).all()  # one at a time
        grid[note.start : note.end, note.voice] = note.pitch
    return grid


def crossings(grid):
    """Count the steps in which a lower voice sings higher."""
    return sum(bool((np.diff(row[row >= 0]) >= 0).any()) for row in grid)


@pytest.mark.parametrize("pedal", [False, True])
@pytest.mark.parametrize("voices", [3, 4, 5])
def test_voices_of_a_broken_chord_do_not_cross(voices, pedal):
    notes = prelude(pedal)
    placed, counts = seated(notes, voices)
    assert len(placed) == len(notes)
    assert crossings(sounding(placed, voices)) == 0
    assert [words for words, count in counts.items() if count] == (
        ["ended {} early that no key held down"] if pedal and voices < 5 else []
    )
    if not pedal:
        assert sorted((note.start, note.end, note.pitch, note.key) for note in placed) == sorted(notes)


NOTES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(40, 60), st.integers(1, 12)), max_size=60
)


@settings(max_examples=150, deadline=None)
@given(NOTES, st.integers(1, 6))
def test_voices_never_cross_and_nothing_is_lost_unsaid(drawn, voices):
    notes = [Note(start, start + long, pitch, start + min(long, key)) for start, long, pitch, key in drawn]
    placed, counts = seated(notes, voices)
    whole = {(note.start, note.pitch): max(o.end for o in notes if o[::2] == note[::2]) for note in notes}
    assert len({(note.start, note.pitch) for note in placed}) == len(placed)
    assert all(note.start < note.end <= whole[note.start, note.pitch] for note in placed)
    if placed:
        assert crossings(sounding(placed, voices)) == 0
    shorter = [n for n in placed if n.end < whole[n.start, n.pitch] and (n.end, n.pitch) not in whole]
    assert len(whole) - len(placed) + len(shorter) <= sum(counts.values())


def test_chords_are_spread_by_what_was_sung_last():
    placed, said = place((0, 4, 60), (0, 4, 52), (4, 8, 72), (4, 8, 64), (4, 8, 55), (4, 8, 48))
    assert [(pitch, voice) for pitch, voice, *_ in placed] == [(60, 1), (52, 2), (72, 0), (64, 1), (55, 2), (48, 3)]
    assert not said


@pytest.mark.parametrize(
    ("notes", "voices", "expected", "said"),
    [
        # Two notes from the middle, of six that start together.
        ([(0, 1, p) for p in (40, 50, 55, 60, 65, 80)], 4, {(80, 0), (65, 1), (50, 2), (40, 3)}, "dropped 2"),
        # Of what starts beside held notes the inner ones; else the held one beside the new one.
        ([(0, 4, 70), (0, 4, 50), (1, 2, 60)], 2, {(70, 0), (50, 1)}, "dropped 1 note that sounded beside 2 others"),
        ([(0, 4, 70), (0, 4, 60), (0, 4, 50), (1, 2, 80)], 3, {(70, 0), (60, 1), (50, 2), (80, 0)}, "dropped 1"),
        # What only the pedal holds gives way to a key, whatever its pitch.
        ([(0, 9, 70, 1), (2, 3, 60)], 1, {(70, 0), (60, 0)}, "ended 1 note early that no key held down"),
        ([(0, 9, 70), (2, 3, 60)], 1, {(70, 0)}, "dropped 1"),
        # A middle note with two above it and later two below it has no place among three voices.
        ([(0, 9, 60), (0, 2, 70), (0, 2, 65), (3, 9, 50), (3, 9, 45)], 3,
         {(60, 2), (70, 0), (65, 1), (50, 1), (45, 2)}, "ended 1 note early where voices would have crossed"),
    ],
)  # fmt: skip
def test_what_has_no_place(notes, voices, expected, said):
    placed, sentences = place(*notes, voices=voices)
    assert {note[:2] for note in placed} == expected
    assert len(sentences) == 1
    assert sentences[0].startswith(said)


def test_a_note_struck_again_stays_in_its_voice_unless_it_makes_room():
    stays, _ = place((0, 9, 72), (0, 9, 60), (3, 4, 60), (3, 4, 50))
    assert [note[1:] for note in stays if note[0] == 60] == [(1, 0, 3), (1, 3, 4)]
    gives_way, said = place((0, 9, 72), (0, 9, 60), (3, 4, 60), (3, 4, 71))
    assert gives_way == [(72, 0, 0, 9), (60, 1, 0, 3), (71, 1, 3, 4), (60, 2, 3, 4)]
    assert not said


def test_work_is_bounded():
    """All seats of eight notes among sixteen voices are 12,870."""
    notes = [Note(4 * i, 4 * i + 4, 30 + 7 * k + i % 5, 4 * i + 4) for i in range(500) for k in range(8)]
    start = time.process_time()
    placed, _ = seated(notes, 16)
    assert len(placed) == len(notes)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("pitches", "voices", "expected"),
    [
        ([72, 74, 76, 77], 4, 0),
        ([60, 62, 64, 65, 67, 72], 4, 0),  # from the middle C up: a melody
        ([55, 57, 59, 60, 62, 64, 65, 67], 4, 0),
        ([53, 55, 57, 58, 60], 4, 1),
        ([48, 50, 52, 53, 55, 57, 59, 60], 4, 2),
        ([36, 43, 48], 4, 3),
        ([96, 100], 4, 0),
        ([48, 52, 55], 2, 1),
        ([36], 1, 0),
        ([], 4, 0),
    ],
)
def test_a_line_goes_where_it_lies(pitches, voices, expected):
    assert fitting(pitches, voices) == expected


def test_how_far_outside_of_the_usual_range():
    assert outside([60, 81], 4).tolist() == [0, 3.5, 6, 9.5]
    assert outside([56], 4).tolist() == [4, 0, 0, 0]
