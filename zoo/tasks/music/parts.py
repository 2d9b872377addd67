"""Notes of a track that belong together, in ticks, and the lines that they form."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

FAR = 12  # semitones between the means of parts that are no one line


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

    def follows(self, step: float) -> np.ndarray:
        """Tell of each note whether the one before it has ended, of the first that none has: `(notes,)` bool.

        A note played legato has ended too: where the two share neither a step of the grid nor more than half a step's
        time and half of the shorter one.

        Args:
            step: Ticks in a step of the grid.
        """
        over = self.end[:-1] - self.start[1:]
        length = self.end - self.start
        little = over <= np.maximum(0, np.minimum(step, np.minimum(length[:-1], length[1:])) / 2)
        first, last = np.rint(self.start / step), np.rint(self.end / step)
        return np.append(False, little | (np.maximum(last, first + 1)[:-1] <= first[1:]))

    def one_by_one(self, step: float) -> bool:
        """Tell whether all notes follow one another."""
        return bool(self.follows(step)[1:].all())

    def cut(self) -> "Part":
        """End every note where the next one starts, at the latest."""
        end = np.minimum(self.end, np.append(self.start[1:], self.end[-1:]))
        return replace(self, end=end, key=np.minimum(self.key, end))


def joined(found: Sequence[Part], step: float, near: bool = False) -> Sequence[Part]:
    """Make one of parts that are a line which changes its channel or track: all of their notes follow one another.

    Args:
        found: The parts.
        step: Ticks in a step of the grid.
        near: Leave them as they are, too, where one goes on for another in quite another register.
    """
    if len(found) < 2:
        return found
    columns = ("start", "end", "pitch", "key")
    line = Part(found[0].name, *(np.concatenate([getattr(part, name) for part in found]) for name in columns)).sorted()
    if not line.one_by_one(step) or (near and _far(found)):
        return found
    return [line]


def _far(found: Iterable[Part]) -> bool:
    """Tell whether a part begins behind the end of all before it, in quite another register than the last of them."""
    ordered = sorted(found, key=lambda part: part.start[0])
    last = np.maximum.accumulate([part.end.max() for part in ordered])
    heights = [part.pitch.mean() for part in ordered]
    return any(
        part.start[0] >= ended and abs(height - before) > FAR
        for part, ended, height, before in zip(ordered[1:], last, heights[1:], heights, strict=False)
    )
