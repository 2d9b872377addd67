"""Tempo, meter, and the place on the grid."""

import pytest

from zoo.tasks.music import timing
from zoo.tasks.music.smf import MidiFile, Track


def file(tempi=(), meters=(), ticks=96, in_seconds=False):
    return MidiFile(1, 1, ticks, in_seconds, [Track(tempi=list(tempi), meters=list(meters))])


def bpm(*changes):
    return file([(tick, round(60e6 / value) if value else 0) for tick, value in changes])


@pytest.mark.parametrize(
    ("changes", "end", "expected", "said"),
    [
        ([], 960, 120, []),
        ([(0, 90)], 960, 90, []),
        ([(0, 90), (0, 80)], 960, 80, []),  # the last of one place
        ([(0, 240), (96, 72)], 33 * 96, 72, ["of tempi from 72 to 240 kept 72, which lasts longest"]),
        ([(0, 60), (400, 120), (650, 140)], 1000, 60, ["of tempi from 60 to 140 kept 60, which lasts longest"]),
        ([(0, 60), (100, 90), (200, 60)], 250, 60, ["of tempi from 60 to 90 kept 60, which lasts longest"]),
        ([(300, 60)], 960, 60, ["of tempi from 60 to 120 kept 60, which lasts longest"]),  # 120 before the first
        ([(0, 60), (2000, 90)], 960, 60, []),  # behind the music
        ([(0, 0)], 960, 120, []),  # no time at all for a quarter note
        ([(0, 60e6)], 960, 1000, ["read its tempo of 6e+07 as 1000"]),
        ([(0, 3.6)], 960, 4, []),
        ([(0, 90)], 0, 90, []),
    ],
)
def test_the_tempo_that_lasts_longest(changes, end, expected, said):
    sentences = []
    assert timing.tempo(bpm(*changes), end, sentences) == pytest.approx(expected, rel=1e-5)
    assert sentences == said


def test_tempi_that_sound_alike_are_one():
    """A tempo that drifts a little outlasts one that is constant for less long."""
    changes = [(i * 10, 100 + i / 100) for i in range(20)] + [(200, 60)]
    assert round(timing.tempo(bpm(*changes), 350, [])) == 100


@pytest.mark.parametrize(
    ("meter", "steps_per_beat", "expected"),
    [
        ((3, 4), 4, 3), ((2, 2), 4, 4), ((6, 4), 4, 6), ((6, 8), 4, 3), ((12, 8), 4, 6), ((4, 4), 1, 4),
        ((3, 8), 4, 1.5), ((5, 8), 4, 2.5), ((7, 8), 4, 3.5), ((9, 8), 4, 4.5), ((5, 16), 4, 1.25), ((1, 8), 4, 0.5),
        ((3, 8), 24, 1.5), ((3, 8), 2, 1.5), ((255, 16), 4, 63.75),
    ],
)  # fmt: skip
def test_meters_of_all_kinds(meter, steps_per_beat, expected):
    said = []
    found = timing.beats_per_bar(file(meters=[(0, meter)]), 960, steps_per_beat, said)
    assert (found, type(found), said) == (expected, type(expected), [])


@pytest.mark.parametrize(
    ("meter", "steps_per_beat", "expected", "said"),
    [
        ((3, 8), 1, 3, "counted 2 bars of 3/8 as one, which is whole steps of the grid"),
        ((7, 32), 4, 1.75, "counted 2 bars of 7/32 as one, which is whole steps of the grid"),
        ((1, 1 << 31), 4, 4, "counted bars as 4/4: those of 1/2^31 are no whole steps of the grid, or too long"),
        ((65, 4), 4, 4, "counted bars as 4/4: those of 65/4 are no whole steps of the grid, or too long"),
    ],
)
def test_meters_that_are_not_on_the_grid(meter, steps_per_beat, expected, said):
    sentences = []
    assert timing.beats_per_bar(file(meters=[(0, meter)]), 960, steps_per_beat, sentences) == expected
    assert sentences == [said]


def test_the_meter_that_lasts_longest():
    said = []
    changes = [(0, (1, 4)), (96, (3, 8)), (700, (2, 4)), (1000, (6, 16))]
    assert timing.beats_per_bar(file(meters=changes), 1096, 4, said) == 1.5
    assert said == ["counted bars as 3/8, the meter of 64%; there is 1/4, 2/4 too"]
    assert timing.beats_per_bar(file(), 96, 4, said) == 4


def test_ticks_on_the_grid():
    assert timing.steps(file(), [0, 24, 36, 96], 4).tolist() == [0, 1, 1.5, 4]
    assert timing.steps(file(), [], 4).tolist() == []


@pytest.mark.parametrize(
    ("tempi", "ticks", "beats"),
    [
        ([(0, 500_000), (1000, 1_000_000)], [0, 500, 1000, 2000, 3000], [0, 1, 2, 3, 4]),
        ([(1000, 250_000)], [0, 1000, 1500], [0, 2, 4]),  # 120 before the first
        ([(0, 1_000_000), (0, 500_000), (0, 0)], [0, 1, 500], [0, 0.002, 1]),  # the last of one place
        ([(0, 1)], [1 << 40], [timing.FARTHEST / timing.FINE]),
    ],
)
def test_time_in_seconds_is_counted_in_beats(tempi, ticks, beats):
    film = file(tempi, ticks=1000, in_seconds=True)
    film.tracks.append(Track("x", [(t, 0x90, 60, 80) for t in ticks], meters=[(ticks[0], (3, 4))], end=ticks[-1]))
    timing.in_beats(film)
    track = film.tracks[1]
    assert [tick / timing.FINE for tick, *_ in track.events] == pytest.approx(beats, abs=1e-5)
    assert (track.end, track.events[-1][1:]) == (track.events[-1][0], (0x90, 60, 80))
    assert track.meters == [(track.events[0][0], (3, 4))]
    assert (film.ticks, film.in_seconds) == (timing.FINE, False)


def test_the_tempo_of_most_beats_is_kept_where_time_is_in_seconds():
    """Of four seconds at 60 and three at 120 the latter has more beats."""
    film = file([(0, 1_000_000), (4000, 500_000)], ticks=1000, in_seconds=True)
    film.tracks[0].end = 7000
    timing.in_beats(film)
    assert timing.tempo(film, film.tracks[0].end, []) == 120


def test_a_meter_of_nothing_is_said():
    said = []
    assert timing.beats_per_bar(file(meters=[(0, (0, 4)), (0, (3, 4)), (5, (0, 1 << 64))]), 96, 4, said) == 3
    assert said == ["left out a meter of 0/4"]


def test_pieces_of_a_file_are_put_behind_one_another():
    said = []
    several = MidiFile(2, 2, 96, False, [
        Track(events=[(0, 0x90, 60, 80)], end=96),
        Track(events=[(5, 0x90, 62, 80)], tempi=[(0, 9)], meters=[(1, (3, 4))], marks=[7], end=10),
    ])  # fmt: skip
    timing.one_after_another(several, said)
    assert several.tracks[1] == Track("", [(101, 0x90, 62, 80)], [(96, 9)], [(97, (3, 4))], [103], 106)
    assert said == ["its 2 tracks are pieces of their own (format 2) and were read one after another"]
    together = MidiFile(1, 2, 96, False, [Track(end=96), Track(marks=[7])])
    timing.one_after_another(together, said)
    assert together.tracks[1].marks == [7]
    assert len(said) == 1
