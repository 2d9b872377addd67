"""The time of MIDI files: which tempo and which meter are kept, and at which step of the grid a tick is."""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from zoo.core.validation import number
from zoo.errors import ArgumentError
from zoo.tasks.music.smf import MidiFile

TEMPI_BPM = (4, 1000)  # MIDI cannot say slower
MAX_BEATS = 64  # quarter notes in a bar
BEAT_PARTS = 4  # a bar is a whole number of sixteenths
USUAL_TEMPO, USUAL_METER = 500_000, (4, 4)  # where a file says nothing, as the standard has it
MINUTE = 60_000_000  # microseconds
FINE = 960 << 10  # ticks in a quarter note that stand for time in seconds
FARTHEST = 1 << 60  # tick


def whole_bar(beats: float, steps_per_beat: int) -> float:
    """Return the quarter notes in a bar, as int where they are whole.

    Raises:
        ArgumentError: They are no whole number of sixteenths and of steps, or out of range.
    """
    number("beats_per_bar", beats, 1 / BEAT_PARTS, MAX_BEATS)
    if beats * BEAT_PARTS % 1 or beats * steps_per_beat % 1:
        raise ArgumentError(
            f"beats_per_bar={beats!r}: give whole sixteenths, and whole steps of 1/{steps_per_beat} beat"
        )
    return beats if beats % 1 else int(beats)


def one_after_another(file: MidiFile, said: list[str]) -> None:
    """Move the tracks of a file of format 2 behind one another."""
    if file.form != 2 or len(file.tracks) < 2:
        return
    said.append(f"its {len(file.tracks)} tracks are pieces of their own (format 2) and were read one after another")
    begin = 0
    for track in file.tracks:
        track.events = [(tick + begin, *event) for tick, *event in track.events]  # type: ignore[misc]
        track.tempi = [(tick + begin, value) for tick, value in track.tempi]
        track.meters = [(tick + begin, value) for tick, value in track.meters]
        track.marks = [tick + begin for tick in track.marks]
        track.end += begin
        begin = track.end


def in_beats(file: MidiFile) -> None:
    """Count the ticks of a file whose time is in seconds by its tempi: as `FINE` ticks in a quarter note."""
    changes = [(0, USUAL_TEMPO), *_tempi(file)]
    times = np.array([time for time, _ in changes])
    rates = FINE * 1e6 / file.ticks / np.array([value for _, value in changes])  # ticks in one of before
    begins = np.append(0, np.cumsum(np.diff(times) * rates[:-1]))

    def moved(ticks: Sequence[int]) -> list[int]:
        at = np.array(ticks, np.int64)
        last = np.searchsorted(times, at, "right") - 1
        return np.rint(np.minimum(begins[last] + (at - times[last]) * rates[last], FARTHEST)).astype(np.int64).tolist()

    for track in file.tracks:
        for events in (track.events, track.tempi, track.meters):
            ticks = moved([event[0] for event in events])
            events[:] = [(tick, *event[1:]) for tick, event in zip(ticks, events, strict=True)]  # type: ignore[misc]
        track.marks, [track.end] = moved(track.marks), moved([track.end])
    file.ticks, file.in_seconds = FINE, False


def tempo(file: MidiFile, end: int, said: list[str]) -> float:
    """Choose the tempo that lasts longest, in quarter notes a minute; tempi that sound alike count as one.

    Args:
        file: The file.
        end: Tick at which the music ends.
        said: Sentences for a warning; what is not kept is added.
    """
    lasts = _lasting(_tempi(file), end, USUAL_TEMPO)
    alike: Counter[int] = Counter()
    for value, ticks in lasts.items():
        alike[round(MINUTE / value)] += ticks
    kept = max(alike, key=lambda bpm: alike[bpm])
    exact = MINUTE / max((value for value in lasts if round(MINUTE / value) == kept), key=lambda value: lasts[value])
    if len(alike) > 1:
        said.append(f"of tempi from {min(alike)} to {max(alike)} kept {kept}, which lasts longest")
    bpm = float(np.clip(exact, *TEMPI_BPM))
    if round(bpm) != kept:
        said.append(f"read its tempo of {exact:.4g} as {bpm:g}")
    return bpm


def beats_per_bar(file: MidiFile, end: int, steps_per_beat: int, said: list[str]) -> float:
    """Choose the meter that lasts longest; return the quarter notes in its bar, whole steps of the grid.

    So an upbeat's own meter decides nothing. Of a bar that is no whole number of steps two or more are counted as one.

    Args:
        file: The file.
        end: Tick at which the music ends.
        steps_per_beat: Grid steps in a quarter note.
        said: Sentences for a warning; what is not kept is added.
    """
    changes = [(tick, meter) for track in file.tracks for tick, meter in track.meters if meter[0]]
    if nothing := [meter for track in file.tracks for _, meter in track.meters if not meter[0]]:
        said.append(f"left out a meter of {_fraction(nothing[0])}")
    lasts: Counter[float] = Counter()
    names: dict[float, str] = {}
    for (over, under), ticks in _lasting(changes, end, USUAL_METER).items():
        lasts[4 * over / under] += ticks
        names.setdefault(4 * over / under, _fraction((over, under)))
    beats = max(lasts, key=lambda value: lasts[value])
    if others := [name for value, name in names.items() if value != beats]:
        share = lasts[beats] / lasts.total()
        said.append(f"counted bars as {names[beats]}, the meter of {share:.0%}; there is {', '.join(others[:4])} too")
    for bars in (1, 2, 4, 8):
        whole = beats * bars
        if (whole * BEAT_PARTS).is_integer() and (whole * steps_per_beat).is_integer() and whole <= MAX_BEATS:
            if bars > 1:
                said.append(f"counted {bars} bars of {names[beats]} as one, which is whole steps of the grid")
            return int(whole) if whole.is_integer() else whole
    said.append(f"counted bars as 4/4: those of {names[beats]} are no whole steps of the grid, or too long")
    return 4


def steps(file: MidiFile, ticks: Any, steps_per_beat: int) -> np.ndarray:
    """Return where ticks are on the grid, in steps, not rounded."""
    return np.asarray(ticks, np.int64) * steps_per_beat / file.ticks


def _tempi(file: MidiFile) -> list[tuple[int, int]]:
    """Give the changes of tempo in order; those to an endless tempo are none."""
    return sorted(
        (change for track in file.tracks for change in track.tempi if change[1]), key=lambda change: change[0]
    )


def _fraction(meter: tuple[int, int]) -> str:
    """Write a meter."""
    over, under = meter
    return f"{over}/{under}" if under < 1 << 10 else f"{over}/2^{under.bit_length() - 1}"


def _lasting(changes: Iterable[tuple[int, Any]], end: int, usual: Any) -> Counter[Any]:
    """Count for how many ticks each value lasts, of `(tick, value)`, until the music ends."""
    ordered = [(0, usual), *sorted(changes, key=lambda change: change[0])]
    lasts: Counter[Any] = Counter()
    for (begin, value), (until, _) in itertools.pairwise([*ordered, (max(end, 1), usual)]):
        if (ticks := min(until, max(end, 1)) - begin) > 0:
            lasts[value] += ticks
    return lasts
