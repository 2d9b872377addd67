"""The time of MIDI files: which tempo and which meter are kept, and at which step of the grid a tick is."""

import itertools
from collections import Counter
from collections.abc import Iterable
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
    lasts: Counter[float] = Counter()
    names: dict[float, str] = {}
    for (over, under), ticks in _lasting(changes, end, USUAL_METER).items():
        lasts[4 * over / under] += ticks
        names.setdefault(4 * over / under, f"{over}/{under}")
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
    at = np.asarray(ticks, np.int64)
    if not file.in_seconds:
        return at * steps_per_beat / file.ticks
    changes = [(0, USUAL_TEMPO), *_tempi(file)]
    times = np.array([time for time, _ in changes] + [max(at.max(initial=0), changes[-1][0]) + 1])
    rates = np.array([1e6 / value for _, value in changes]) / file.ticks  # quarter notes in a tick
    return np.interp(at, times, np.append(0, np.cumsum(np.diff(times) * rates))) * steps_per_beat


def _tempi(file: MidiFile) -> list[tuple[int, int]]:
    """Give the changes of tempo in order; those to an endless tempo are none."""
    return sorted(
        (change for track in file.tracks for change in track.tempi if change[1]), key=lambda change: change[0]
    )


def _lasting(changes: Iterable[tuple[int, Any]], end: int, usual: Any) -> Counter[Any]:
    """Count for how many ticks each value lasts, of `(tick, value)`, until the music ends."""
    ordered = [(0, usual), *sorted(changes, key=lambda change: change[0])]
    lasts: Counter[Any] = Counter()
    for (begin, value), (until, _) in itertools.pairwise([*ordered, (max(end, 1), usual)]):
        if (ticks := min(until, max(end, 1)) - begin) > 0:
            lasts[value] += ticks
    return lasts
