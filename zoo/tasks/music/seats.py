"""Which voice sings which note, where a file does not say: notes of several pitches at once, in order of their pitch.

Voices never cross: a note gets a voice below those that hold higher notes and above those that hold lower ones, and
leaves room on both sides for all that will sound beside it while it lasts. Of such voices it gets the one that sang
last where it is. Where there is none, what is held in its way ends. The work grows with the number of notes.
"""

import heapq
import itertools
import operator
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

ENDED, CROWDED, MOVED = 1e6, 1e3, 5e2  # costs, in semitones: a held note must end, room lacks, a note changes voice
USUAL_LOW, USUAL_HIGH = (60, 55, 48, 40), (81, 74, 69, 62)  # pitches of sopranos, altos, tenors and basses
OUTSIDE = 2  # semitones that notes may lie outside of these, on average


PITCH, VOICE = operator.attrgetter("pitch"), operator.attrgetter("voice")


class Note(NamedTuple):
    """A note on the grid: first step, step after its last, MIDI pitch, and the step until which its key is down."""

    start: int
    end: int
    pitch: int
    key: int


@dataclass(eq=False, slots=True)
class Seated:
    """A note on its way to a voice.

    Attributes:
        start: First step.
        pitch: MIDI pitch.
        end: Step after its last; earlier, once it has been cut.
        key: Step until which its key is down; after that it sounds on if there is room.
        again: The note of the same pitch, held until then, that it strikes again.
        above: Most notes that sound above it at once.
        below: The same below it.
        voice: Its voice.
    """

    start: int
    pitch: int
    end: int
    key: int
    again: "Seated | None" = None
    above: int = 0
    below: int = 0
    voice: int = -1


def seated(notes: Sequence[Note], voices: int) -> tuple[list[Seated], dict[str, int]]:
    """Give each note a voice.

    Args:
        notes: The notes, in any order.
        voices: Number of voices.

    Returns:
        The notes; and what was done to how many, by the words that say so.
    """
    groups, dropped, released = _thinned(notes, voices)
    early = 0
    last = np.linspace(72, 48, voices).tolist()  # where each voice sang last
    held: list[Seated] = []
    for group in groups:
        start = group[0].start
        held = [note for note in held if note.end > start]  # in the order of voices, which is that of pitches
        cost, chosen = _seats(group, held, last, voices)
        for note, voice in zip(group, chosen, strict=True):
            note.voice, last[voice] = voice, note.pitch
        if cost >= ENDED:
            for other in [other for other in held if any(_in_the_way(other, note) for note in group)]:
                other.end, early = start, early + 1
                held.remove(other)
        held = sorted([*held, *group], key=VOICE)
    return [note for group in groups for note in group], {
        f"dropped {{}} that sounded beside {voices} others": dropped,
        "ended {} early that no key held down": released,
        "ended {} early where voices would have crossed": early,
    }


def _thinned(notes: Sequence[Note], voices: int) -> tuple[list[list[Seated]], int, int]:
    """Leave no more notes at once than there are voices.

    Returns:
        Those that start together, the highest first; how many were given up; and of how many the pedal let go.
    """
    groups, dropped, released = [], 0, 0
    held: list[Seated] = []
    for start, together in itertools.groupby(sorted(notes), key=lambda note: note.start):
        new = {note.pitch: note for note in together}  # the same pitch twice is one note, the longer
        held = [note for note in held if note.end > start]
        again = {note.pitch: note for note in held if note.pitch in new}
        given_up = _given_up(start, new, held, voices) if len(held) + len(new) > voices else set()
        dropped += len(given_up)
        for note in held:
            if note.pitch in new:
                note.end = start
            elif note.pitch in given_up:
                loose = note.key <= start
                note.end, dropped, released = start, dropped - loose, released + loose
        group = [
            Seated(start, p, new[p].end, new[p].key, again.get(p))
            for p in sorted(new, reverse=True)
            if p not in given_up
        ]
        if group:
            groups.append(group)
            held = sorted([*(note for note in held if note.end > start), *group], key=PITCH, reverse=True)
            _make_room(held)
    return groups, dropped, released


def _make_room(sounding: Sequence[Seated]) -> None:
    """Note how many others sound above and below each of those that sound at once, the highest first."""
    most = len(sounding) - 1
    for rank, note in enumerate(sounding):
        if rank > note.above:
            note.above = rank
        if most - rank > note.below:
            note.below = most - rank


def _given_up(start: int, new: Collection[int], held: Sequence[Seated], voices: int) -> set[int]:
    """Choose the pitches to give up where notes start while others are held.

    First those that no key holds down, and then new ones from the middle, held ones beside the new ones, and of one
    voice the lower; but for these, never the highest and the lowest.
    """
    pitches = sorted({*new, *(note.pitch for note in held)}, reverse=True)
    excess, inner, outer = len(pitches) - voices, pitches[1:-1], (pitches[0], pitches[-1])
    if excess <= 0:
        return set()

    def near(pitch: int) -> tuple[bool, int]:
        return pitch in outer, min([abs(pitch - other) for other in new])

    loose = (note.pitch for note in held if note.key <= start and note.pitch not in new)
    chosen = heapq.nsmallest(excess, loose, key=near)
    if len(chosen) == excess:
        return set(chosen)
    again = {note.pitch for note in held if note.pitch in new}
    among = [pitch for pitch in inner if pitch in new and pitch not in again]
    count = min(excess - len(chosen), len(among))
    first = (len(among) - count + 1) // 2
    chosen += among[first : first + count]
    chosen += sorted(set(inner).difference(chosen), key=near)[: excess - len(chosen)]
    return {*chosen, *pitches[len(pitches) - (excess - len(chosen)) :]}


def _in_the_way(held: Seated, new: Seated) -> bool:
    """Tell whether a held note is in the voice of a new one, or would cross it."""
    return held.voice == new.voice or (held.voice < new.voice) != (held.pitch > new.pitch)


def _seats(
    new: Sequence[Seated], held: Sequence[Seated], last: Sequence[float], voices: int
) -> tuple[float, tuple[int, ...]]:
    """Choose voices for new notes, the highest first, beside held ones: in order, at the least cost; return both."""
    taken, lower = [note.voice for note in held], [-note.pitch for note in held]
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())] * (voices + 1)  # cost of seats in the first so many voices
    for i, note in enumerate(new):
        higher = bisect_left(lower, -note.pitch)
        first, behind = i, voices - len(new) + i + 1  # others need voices too
        if len(new) == 1:  # where nothing must end, if there is such a voice
            gap = (taken[higher - 1] + 1 if higher else 0), (taken[higher] if higher < len(held) else voices)
            first, behind = gap if gap[0] < gap[1] else (first, behind)
        row: list[tuple[float, tuple[int, ...]]] = [(np.inf, ())] * (first + 1)
        for voice in range(first, behind):
            cost, chosen = best[voice]
            ended = max(0, higher - bisect_left(taken, voice)) + max(0, bisect_right(taken, voice) - higher)
            lacking = max(0, note.above - voice, voice - (voices - 1 - note.below))
            moved = note.again is not None and note.again.voice != voice
            cost += ENDED * ended + CROWDED * lacking + MOVED * moved + abs(last[voice] - note.pitch)
            row.append(min(row[-1], (cost, (*chosen, voice))))
        best = row
    return best[-1]


def fitting(pitches: Any, voices: int) -> int:
    """Choose the voice for a single line: the highest one whose usual pitches its notes leave by little.

    Example:
        >>> fitting([72, 74, 76], 4), fitting([60, 64, 67], 4), fitting([48, 52, 55], 4), fitting([36, 43], 4)
        (0, 0, 2, 3)
    """
    away = outside(pitches, voices)
    near = np.flatnonzero(away <= OUTSIDE)
    return int(near[0] if len(near) else away.argmin())


def outside(pitches: Any, voices: int) -> np.ndarray:
    """Tell how far pitches lie outside of what each of so many voices usually sings: `(voices,)`, mean semitones."""
    found = np.asarray(pitches)
    if voices == 1 or not found.size:
        return np.zeros(voices)
    places = np.linspace(0, len(USUAL_LOW) - 1, voices)
    low, high = (np.interp(places, np.arange(len(usual)), usual)[:, None] for usual in (USUAL_LOW, USUAL_HIGH))
    return np.maximum(0, np.maximum(low - found, found - high)).mean(1)
