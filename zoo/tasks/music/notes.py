"""From the events of MIDI tracks to notes, in ticks: starts are paired with ends, the sustain pedal prolongs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from zoo.errors import CodecError
from zoo.tasks.music import smf
from zoo.tasks.music.smf import Track

MAX_NOTES = 100_000
PERCUSSION = 9  # channel, counted from 0
PEDAL_DOWN = 64  # least value of the controller


@dataclass
class Part:
    """Notes of one track and channel, or of several that form one line; by start, then end, then pitch.

    Attributes:
        name: Of the track.
        start: Ticks of the starts, `(notes,)` int64, as the others.
        end: Ticks of the ends.
        pitch: MIDI pitches.
        key: Ticks until which a key is known to be down: the pedal, or an end that was made up, prolongs a note.
    """

    name: str
    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    key: np.ndarray

    def sorted(self) -> "Part":
        """Put the notes in order."""
        order = np.lexsort((self.pitch, self.end, self.start))
        return Part(self.name, self.start[order], self.end[order], self.pitch[order], self.key[order])

    def joined(self, other: "Part") -> "Part | None":
        """Add the notes of another part if all then follow one another, or else return None."""
        at = np.searchsorted(self.start, other.start, "right")
        free = np.append(0, self.end)[at], np.append(self.start, np.iinfo(np.int64).max)[at]
        if (free[0] > other.start).any() or (free[1] < other.end).any():
            return None
        both = [(getattr(self, name), getattr(other, name)) for name in ("start", "end", "pitch", "key")]
        found = Part(self.name, *(np.insert(mine, at, others) for mine, others in both))
        return found if found.one_by_one() else None

    def one_by_one(self) -> bool:
        """Tell whether no note starts before the one before has ended."""
        return bool((self.end[:-1] <= self.start[1:]).all())


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
class _Channel:
    """What one channel of a track plays, while its events are read.

    Attributes:
        notes: `(start, end, pitch, key)` of notes that have ended; see `Part`.
        open: Pitch → note that has not.
        pedal: Ticks of changes of the pedal, and whether it is down from then on.
        unended: Notes that the file never ends.
        empty: Notes that it ends where they start.
    """

    notes: list[tuple[int, int, int, int]] = field(default_factory=list)
    open: dict[int, _Open] = field(default_factory=dict)
    pedal: list[tuple[int, bool]] = field(default_factory=list)
    unended: int = 0
    empty: int = 0

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


def parts(tracks: Sequence[Track], said: list[str]) -> tuple[list[Part], int]:
    """Read the notes of tracks, those of percussion left out.

    Args:
        tracks: The tracks.
        said: Sentences for a warning; what had to be made up is added.

    Returns:
        Parts, and the number of notes of percussion.

    Raises:
        CodecError: There are more notes than are read.
    """
    found: list[Part] = []
    drums = unended = empty = count = 0
    for track in tracks:
        for number, channel in _channels(track).items():
            count += len(channel.notes)
            if count > MAX_NOTES:
                raise CodecError(f"has more than {MAX_NOTES:,} notes, which is the most that is read: cut it first")
            if number == PERCUSSION:
                drums += len(channel.notes)
            elif channel.notes:
                unended, empty = unended + channel.unended, empty + channel.empty
                found.append(_part(track.name, channel))
    until = "at the next of that pitch or where the track ends"
    reasons = {"that the file does not end": unended, "of no length": empty}
    said += [f"ended {count} notes {reason} {until}" for reason, count in reasons.items() if count]
    return _joined(found), drums


def _channels(track: Track) -> dict[int, _Channel]:
    """Sort the events of a track by channel."""
    found: dict[int, _Channel] = {}
    for tick, status, first, second in track.events:
        kind, number = status >> 4, status & 0xF
        channel = found.get(number)
        if channel is None:
            channel = found[number] = _Channel()
        if kind == smf.CONTROL:
            channel.pedal.append((tick, second >= PEDAL_DOWN))
        elif kind == smf.NOTE_ON and second:
            channel.start(tick, first)
        else:
            channel.stop(tick, first)
    for channel in found.values():
        channel.finish(track.end)
    return found


def _part(name: str, channel: _Channel) -> Part:
    part = Part(name, *np.array(channel.notes, np.int64).T).sorted()
    if not any(down for _, down in channel.pedal):
        return part
    times = np.array([time for time, _ in channel.pedal])
    down = np.array([down for _, down in channel.pedal])
    never = np.iinfo(np.int64).max
    # The time of the next release after each change, and of the next start of each note's own pitch after its end.
    released = np.append(np.minimum.accumulate(np.where(down, never, times)[::-1])[::-1][1:], never)
    change = np.searchsorted(times, part.end, "right") - 1
    until = np.where((change >= 0) & down[change], released[change], never)
    until = np.minimum(until, np.where(until < never, _next_of_pitch(part), never))
    part.end = np.where(until < never, until, part.end)
    return part.sorted()


def _next_of_pitch(part: Part) -> np.ndarray:
    """Give the tick at which each note's pitch starts again after its end, or the largest number."""
    found = np.full(len(part.start), np.iinfo(np.int64).max)
    for pitch in np.unique(part.pitch):
        mine = np.flatnonzero(part.pitch == pitch)
        starts = np.append(part.start[mine], np.iinfo(np.int64).max)
        found[mine] = starts[np.searchsorted(starts, part.end[mine])]
    return found


def _joined(found: Sequence[Part]) -> list[Part]:
    """Join parts of one name whose notes follow one another: a line that changes its track or channel."""
    lines: dict[str, Part] = {}
    others = []
    for part in found:
        if part.name not in lines:
            lines[part.name] = part
        elif together := lines[part.name].joined(part):
            lines[part.name] = together
        else:
            others.append(part)
    return [*lines.values(), *others]
