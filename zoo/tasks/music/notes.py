"""From the events of MIDI tracks to notes, in ticks: starts are paired with ends, the sustain pedal prolongs."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from zoo.errors import CodecError
from zoo.tasks.music import smf
from zoo.tasks.music.parts import Part, joined
from zoo.tasks.music.smf import Track

MAX_NOTES = 100_000
PERCUSSION = 9  # channel, counted from 0
PEDAL_DOWN = 64  # least value of the controller
NEVER = np.iinfo(np.int64).max


@dataclass
class _Open:
    """A note that has begun.

    Attributes:
        start: Its start.
        end: The last end of its pitch so far.
        waiting: How many notes of its pitch, it and earlier ones, wait for an end.
        stopped: Places, among all notes, of earlier ones that it has stopped.
    """

    start: int
    end: int = -1
    waiting: int = 1
    stopped: list[int] = field(default_factory=list)


@dataclass
class _Controls:
    """What holds and ends the notes of one channel, in whatever tracks.

    Attributes:
        pedal: Ticks of changes of the sustain pedal, and whether it is down from then on.
        stops: Ticks at which all notes end.
    """

    pedal: list[tuple[int, bool]] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)

    def add(self, tick: int, controller: int, value: int) -> None:
        """Take a change of a controller."""
        if controller == smf.SUSTAIN:
            self.pedal.append((tick, value >= PEDAL_DOWN))
        elif controller not in smf.ALL_NOTES_OFF:
            self.pedal.append((tick, False))
        if controller != smf.SUSTAIN and controller != smf.RESET:
            self.stops.append(tick)

    def sort(self) -> None:
        """Put all in order of time; needed before it is used."""
        self.pedal.sort(key=lambda change: change[0])
        self.stops.sort()


@dataclass
class _Channel:
    """What one channel of a track plays, while its events are read.

    Attributes:
        stops: Ticks at which all its notes end, in order.
        notes: `(start, end, pitch, key)` of notes that have ended; see `Part`.
        open: Pitch → note that has not.
        unended: Notes that the file never ends.
        empty: Notes that it ends where they start.
    """

    stops: list[int]
    notes: list[tuple[int, int, int, int]] = field(default_factory=list)
    open: dict[int, _Open] = field(default_factory=dict)
    unended: int = 0
    empty: int = 0

    def __post_init__(self) -> None:
        self.next_stop = self.stops[0] if self.stops else NEVER

    def reach(self, tick: int) -> None:
        """Come to a tick: what still sounds ends where all notes do."""
        if tick < self.next_stop:
            return
        for pitch, note in self.open.items():
            if note.waiting:
                note.end, note.waiting = self.next_stop, 0
            self._end(pitch, note, self.next_stop, kept=False)
        self.open.clear()
        later = bisect_right(self.stops, tick)
        self.next_stop = self.stops[later] if later < len(self.stops) else NEVER

    def start(self, tick: int, pitch: int) -> None:
        """Start a note; one of that pitch that still sounds stops."""
        before = self.open.get(pitch)
        self.open[pitch] = note = _Open(tick)
        if before is None:
            return
        note.waiting, note.stopped = before.waiting + 1, before.stopped
        if before.start < tick:
            note.stopped.append(len(self.notes))
            self._end(pitch, before, tick)

    def stop(self, tick: int, pitch: int) -> None:
        """Stop a note, unless another of its pitch waits for an end too."""
        note = self.open.get(pitch)
        if note is None or note.waiting == 0:
            return
        note.end, note.waiting = tick, note.waiting - 1
        if note.waiting == 0 and tick > note.start:
            self._end(pitch, note, tick)
            del self.open[pitch]

    def finish(self, tick: int) -> None:
        """Stop what still sounds where the track ends."""
        for pitch, note in self.open.items():
            self.unended += note.waiting
            before = note.waiting - (note.end <= note.start)
            for i in note.stopped[len(note.stopped) - before :] if before > 0 else ():
                start, end, *_ = self.notes[i]
                self.notes[i] = start, end, pitch, start
            self._end(pitch, note, tick, kept=False)

    def _end(self, pitch: int, note: _Open, tick: int, kept: bool = True) -> None:
        """Add a note that ends where its last end was, or here; no key is `kept` down where that is made up."""
        known = note.end > note.start
        self.empty += note.waiting == 0 and not known
        key = kept and note.waiting > 0
        end = note.end if known else tick
        self.notes.append((note.start, end, pitch, end if known or key else note.start))


def parts(tracks: Sequence[Track], step: float, said: list[str]) -> tuple[list[Part], int]:
    """Read the notes of tracks, those of percussion left out.

    Args:
        tracks: The tracks.
        step: Ticks in a step of the grid.
        said: Sentences for a warning; what had to be made up is added.

    Returns:
        Parts, and the number of notes of percussion.

    Raises:
        CodecError: There are more notes than are read.
    """
    found: list[Part] = []
    drums = unended = empty = stuck = count = 0
    controls = _controls(tracks)
    pedals = {number: _Pedal.of(control.pedal) for number, control in controls.items()}
    for track in tracks:
        mine: list[Part] = []
        for number, channel in _channels(track, controls).items():
            count += len(channel.notes)
            if count > MAX_NOTES:
                raise CodecError(f"has more than {MAX_NOTES:,} notes, which is the most that is read: cut it first")
            if number == PERCUSSION:
                drums += len(channel.notes)
            elif channel.notes:
                unended, empty = unended + channel.unended, empty + channel.empty
                part = Part(track.name, *np.array(channel.notes, np.int64).T).sorted()
                if pedal := pedals.get(number):
                    part, held = pedal.prolonged(part, track.end)
                    stuck += held
                mine.append(part)
        found += joined(mine, step)
    until = "at the next of that pitch or where the track ends"
    reasons = {
        "that the file does not end": unended,
        "of no length": empty,
        "under a pedal that is never lifted": stuck,
    }
    said += [f"ended {counted(count)} {reason} {until}" for reason, count in reasons.items() if count]
    named: defaultdict[str, list[Part]] = defaultdict(list)
    for part in found:
        named[part.name].append(part)
    return [line for several in named.values() for line in joined(several, step, near=True)], drums


def counted(count: int, name: str = "note") -> str:
    """Count notes, or other things, in words.

    Example:
        >>> counted(1), counted(2, "track")
        ('1 note', '2 tracks')
    """
    return f"{count} {name}{'s' * (count != 1)}"


def _controls(tracks: Iterable[Track]) -> dict[int, _Controls]:
    """Gather what holds and ends notes, channel by channel."""
    found: defaultdict[int, _Controls] = defaultdict(_Controls)
    for track in tracks:
        for tick, status, first, second in track.events:
            if status >> 4 == smf.CONTROL:
                found[status & 0xF].add(tick, first, second)
    for control in found.values():
        control.sort()
    return found


def _channels(track: Track, controls: Mapping[int, _Controls]) -> dict[int, _Channel]:
    """Sort the events of a track by channel."""
    found: dict[int, _Channel] = {}
    for tick, status, first, second in track.events:
        kind, number = status >> 4, status & 0xF
        if kind == smf.CONTROL:
            continue
        channel = found.get(number)
        if channel is None:
            channel = found[number] = _Channel(controls[number].stops if number in controls else [])
        channel.reach(tick)
        if kind == smf.NOTE_ON and second:
            channel.start(tick, first)
        else:
            channel.stop(tick, first)
    for channel in found.values():
        channel.reach(track.end)
        channel.finish(track.end)
    return found


@dataclass
class _Pedal:
    """The sustain pedal of a channel.

    Attributes:
        times: Ticks of its changes, `(changes,)`, as the others.
        down: Whether it is down from then on.
        released: The tick of the next release after each change; `NEVER` if there is none.
    """

    times: np.ndarray
    down: np.ndarray
    released: np.ndarray

    @classmethod
    def of(cls, changes: Sequence[tuple[int, bool]]) -> "_Pedal | None":
        """Prepare changes, in order; None if the pedal is never down."""
        if not any(down for _, down in changes):
            return None
        times, down = np.array([time for time, _ in changes]), np.array([down for _, down in changes])
        released = np.minimum.accumulate(np.where(down, NEVER, times)[::-1])[::-1]
        return cls(times, down, np.append(released[1:], NEVER))

    def prolonged(self, part: Part, end: int) -> tuple[Part, int]:
        """Hold notes until the pedal is lifted or their pitch starts again.

        Args:
            part: The notes.
            end: Tick at which their track ends, and those do under a pedal that is never lifted.

        Returns:
            The part, and the number of notes under a pedal that is never lifted.
        """
        change = np.searchsorted(self.times, part.end, "right") - 1
        held, lifted = (change >= 0) & self.down[change], self.released[change]
        until = np.minimum(np.where(lifted == NEVER, end, lifted), _next_of_pitch(part))
        longer = np.where(held, np.maximum(until, part.end), part.end)
        stuck = int((held & (lifted == NEVER) & (longer > part.end)).sum())
        return replace(part, end=longer).sorted(), stuck


def _next_of_pitch(part: Part) -> np.ndarray:
    """Give the tick at which each note's pitch starts again after its end, or `NEVER`."""
    found = np.full(len(part.start), NEVER)
    for pitch in np.unique(part.pitch):
        mine = np.flatnonzero(part.pitch == pitch)
        starts = np.append(part.start[mine], NEVER)
        found[mine] = starts[np.searchsorted(starts, part.end[mine])]
    return found
