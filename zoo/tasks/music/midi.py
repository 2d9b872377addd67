"""From MIDI files, whatever their tracks and tempi, to voices on a grid."""

import stat
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import CodecError
from zoo.tasks.music import notes, seats, smf, timing
from zoo.tasks.music.parts import Part

HOLD, REST = -2, -1
"""Grid values besides the MIDI pitches 0 to 127: the note goes on; silence."""

MAX_BYTES = 8 << 20
MAX_STEPS = 200_000
OFF_GRID = 1 / 8  # of a step; notes that start further from one count as moved
SATB = ("soprano", "alto", "tenor", "bass")
OTHERWISE = {
    other: name
    for name, others in zip(
        SATB,
        (
            ("s", "sop", "sopran", "soprani", "cantus"),
            ("a", "alt", "alti", "altus", "contralto"),
            ("t", "ten", "tenore", "tenors"),
            ("b", "basso", "bassus", "bassi", "basses"),
        ),
        strict=True,
    )
    for other in others
}
"""Other names that these have in tracks, in lower case → name."""


def voice_names(voices: int) -> tuple[str, ...]:
    """Name the voices, highest first.

    Example:
        >>> voice_names(4)
        ('soprano', 'alto', 'tenor', 'bass')
        >>> voice_names(2)
        ('voice 1', 'voice 2')
    """
    return SATB if voices == len(SATB) else tuple(f"voice {i + 1}" for i in range(voices))


def called(voice: int, voices: int) -> str:
    """Call a voice by its name in a sentence.

    Example:
        >>> called(2, 4), called(1, 2)
        ('the tenor', 'voice 2')
    """
    return "the " * (voices == len(SATB)) + voice_names(voices)[voice]


def _named(track: str, voices: int) -> int | None:
    """Give the voice that a track is named after, in either case, by an initial, or as some languages call it."""
    name, names = track.strip(" \t\r\n\0").lower(), voice_names(voices)
    name = OTHERWISE.get(name, name)
    return names.index(name) if name in names else None


@dataclass
class Line:
    """Notes that belong together, on the grid.

    Attributes:
        name: Of their track.
        notes: In order.
        one_by_one: No note starts before the one before has ended.
    """

    name: str
    notes: list[seats.Note]
    one_by_one: bool


def read_midi(path: Path, voices: int, steps_per_beat: int) -> tuple[np.ndarray, float, int, float]:
    """Read a MIDI file onto a grid; `zoo.Score.read` says how.

    Returns:
        Grid `(steps, voices)` int16, tempo in beats per minute, `steps_per_beat`, and quarter notes in a bar.

    Raises:
        CodecError: The file is missing, too large, not MIDI, truncated, too long, or without notes.
    """
    said: list[str] = []
    try:
        found = _read(smf.parse(_bytes(path)), voices, steps_per_beat, said)
    except CodecError as error:
        raise CodecError(f"{path!s:.500} {error}") from error.__cause__
    if said:
        warnings.warn(f"{path.name}: {'; '.join(said)}", stacklevel=3)
    return found


def _bytes(path: Path) -> bytes:
    """Read a regular file of a bounded size."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise CodecError("is not a file: give a MIDI file")
        if not about.st_size:
            raise CodecError("is empty: give a MIDI file")
        if about.st_size > MAX_BYTES:
            raise CodecError(f"is too large: give a MIDI file up to {MAX_BYTES >> 20} MB")
        return path.read_bytes()
    except FileNotFoundError:
        raise CodecError("does not exist: give a MIDI file") from None
    except (OSError, ValueError) as error:
        raise CodecError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _read(
    file: smf.MidiFile, voices: int, steps_per_beat: int, said: list[str]
) -> tuple[np.ndarray, float, int, float]:
    """Put a file on the grid; what could not be kept is added to `said`."""
    if len(file.tracks) != file.promised:
        there = f"there {'is' if len(file.tracks) == 1 else 'are'} {len(file.tracks)}"
        said.append(f"its header counts {notes.counted(file.promised, 'track')}, {there}")
    timing.one_after_another(file, said)
    film = file.in_seconds
    if film:
        timing.in_beats(file)
    parts, drums = notes.parts(file.tracks, file.ticks / steps_per_beat, said)
    marks = [tick for track in file.tracks for tick in track.marks]
    if not parts and not marks:
        raise CodecError("holds no notes (percussion is left out)")
    end = max([*marks, *(int(part.end.max()) for part in parts)])
    tempo = timing.tempo(file, end, said)
    if film:
        said.append(f"its time is in frames of film, which were counted at {tempo:g} beats a minute")
    beats = timing.beats_per_bar(file, end, steps_per_beat, said)
    length = float(timing.steps(file, end, steps_per_beat))
    if length > MAX_STEPS:
        raise CodecError(f"is {length:.0f} steps long, the most that is read is {MAX_STEPS}: cut it first")
    lines, short = _lines(file, parts, steps_per_beat, said)
    steps = max(
        [*np.rint(timing.steps(file, marks, steps_per_beat)), *(note.end for line in lines for note in line.notes)]
    )
    grid = _placed(lines, int(steps), voices, said)
    reasons = {"shorter than a step": short, "of percussion": drums}
    said += [f"dropped {notes.counted(count)} {reason}" for reason, count in reasons.items() if count]
    return grid, tempo, steps_per_beat, beats


def _lines(file: smf.MidiFile, parts: Sequence[Part], steps_per_beat: int, said: list[str]) -> tuple[list[Line], int]:
    """Move notes to the nearest steps; also count those that give way to a longer one in the same step."""
    lines, short = [], 0
    away = [np.zeros(0)]
    for part in parts:
        follows = part.follows(file.ticks / steps_per_beat)
        one_by_one = bool(follows[1:].all())
        part = part.cut() if one_by_one else part
        exact = timing.steps(file, part.start, steps_per_beat)
        starts = np.rint(exact).astype(np.int64)
        ends, keys = (
            np.maximum(np.rint(timing.steps(file, ticks, steps_per_beat)).astype(np.int64), starts + 1)
            for ticks in (part.end, part.key)
        )
        away.append(abs(exact - starts))
        line: list[seats.Note] = []
        columns = (values.tolist() for values in (starts, ends, part.pitch, keys))
        for note, after in zip(map(seats.Note, *columns), follows.tolist(), strict=True):
            if after and line[-1].start == note.start:  # one after the other, and yet in one step
                line[-1] = max(line[-1], note, key=lambda n: n.end)
                short += 1
            else:
                line.append(note)
        lines.append(Line(part.name, line, one_by_one))
    moved = np.concatenate(away)
    if count := int((moved > OFF_GRID).sum()):
        triplets = ", of triplets," * bool((abs(moved - 1 / 3) < 1 / 24).sum() > count / 2)
        share = f"{count} of {len(moved)} notes ({count / len(moved):.1%})"
        said.append(f"moved {share}{triplets} to the grid of {steps_per_beat} steps a beat")
    return lines, short


def _slots(lines: Sequence[Line], voices: int, said: list[str]) -> list[int] | None:
    """Give each line its voice; None where the notes must be placed one by one."""
    if not all(line.one_by_one for line in lines) or len(lines) > voices:
        return None
    named = [_named(line.name, voices) for line in lines]
    if None not in named and len(set(named)) == len(named):
        return named  # type: ignore[return-value]
    if len(lines) == 1:
        voice = seats.fitting([note.pitch for note in lines[0].notes], voices)
        if voice:
            said.append(f"its one line lies low and was taken for {called(voice, voices)}")
        return [voice]
    heights = [-np.mean([note.pitch for note in line.notes]) for line in lines]
    order = np.argsort(np.argsort(heights, kind="stable"), kind="stable")
    spread = np.rint(np.linspace(0, voices - 1, len(lines)))  # few lines: the outer voices
    return [int(spread[i]) for i in order]


def _placed(lines: Sequence[Line], steps: int, voices: int, said: list[str]) -> np.ndarray:
    """Write notes into a grid `(steps, voices)`."""
    grid = np.full((steps, voices), REST, np.int16)
    slots = _slots(lines, voices, said)
    if slots is None:
        placed, counts = seats.seated([note for line in lines for note in line.notes], voices)
        found = [(note.start, note.end, note.pitch, note.voice) for note in placed]
        said += [words.format(notes.counted(count)) for words, count in counts.items() if count]
    else:
        found = [(*note[:3], slot) for line, slot in zip(lines, slots, strict=True) for note in line.notes]
    for start, end, pitch, voice in found:
        grid[start, voice], grid[start + 1 : end, voice] = pitch, HOLD
    return grid
