"""Notes that follow one another, and parts that form a line."""

import numpy as np
import pytest

from zoo.tasks.music.parts import Part, joined

STEP = 24


def part(*notes, name=""):
    """Make a part of `(start, end, pitch)`."""
    start, end, pitch = np.array(notes).T
    return Part(name, start, end, pitch, end).sorted()


def line(pitches, begin=0, length=96, over=0):
    return part(*[(begin + i * length, begin + (i + 1) * length + over, p) for i, p in enumerate(pitches)])


@pytest.mark.parametrize(
    ("notes", "follow"),
    [
        ([(0, 96, 60), (96, 192, 62)], True),
        ([(0, 100, 60), (96, 192, 62)], True),  # legato
        ([(0, 108, 60), (96, 192, 62)], True),  # half a step
        ([(0, 110, 60), (96, 192, 62)], False),
        ([(0, 105, 60), (87, 192, 62)], True),  # on the grid 0 to 4, and from 4
        ([(0, 96, 60), (0, 96, 64)], False),
        ([(0, 8, 60), (0, 8, 64)], False),  # a short chord
        ([(0, 8, 60), (3, 11, 64)], False),
        ([(0, 8, 60), (5, 13, 64)], True),  # one after the other, and yet in one step
        ([(50, 50, 60), (50, 50, 64)], True),
    ],
)
def test_notes_follow_one_another_on_the_grid(notes, follow):
    found = part(*notes)
    assert found.follows(STEP).tolist() == [False, follow]
    assert found.one_by_one(STEP) is follow


def test_order_and_cut():
    found = part((5, 9, 60), (0, 6, 64), (20, 25, 62))
    assert found.pitch.tolist() == [64, 60, 62]
    assert found.cut().end.tolist() == found.cut().key.tolist() == [5, 9, 25]


@pytest.mark.parametrize(("start", "end", "expected"), [
    (20, 25, [0, 10, 20, 30]), (15, 30, [0, 10, 15, 30]), (40, 50, [0, 10, 30, 40]), (14, 20, None), (20, 31, None),
])  # fmt: skip
def test_parts_are_joined_where_they_follow_one_another(start, end, expected):
    both = [part((0, 10, 60), (10, 15, 62), (30, 40, 64)), part((start, end, 70))]
    found = joined(both, 1)
    assert [one.start.tolist() for one in found] == ([expected] if expected else [[0, 10, 30], [start]])
    assert expected is None or found[0].pitch[expected.index(start)] == 70


@pytest.mark.parametrize(("parts", "near", "lines"), [
    ([line([72, 74]), line([48, 50], 192)], True, 2), ([line([72, 74]), line([48, 50], 192)], False, 1),
    ([line([72, 74]), line([60, 62], 192)], True, 1), ([line([72, 74], over=10), line([69, 71], 192)], True, 1),
    ([line([48, 50], 192), line([72, 74])], True, 2),
    ([part((0, 96, 72), (192, 288, 74)), part((96, 192, 48))], True, 1),  # of two channels, in turn
    ([line([72])], True, 1), ([], True, 0),
])  # fmt: skip
def test_phrases_in_other_registers_are_other_lines(parts, near, lines):
    assert len(joined(parts, STEP, near)) == lines


def test_thousands_of_parts_are_joined_at_once():
    many = [part(*[(k * 15_000 + i, k * 15_000 + i + 1, 60) for k in range(6)]) for i in range(15_000)]
    [found] = joined(many, 1)
    assert found.start.tolist() == list(range(90_000))
