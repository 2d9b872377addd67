"""From MIDI files, whatever their tracks and tempi, to voices on a grid."""

import bisect
import itertools
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import CodecError

if TYPE_CHECKING:
    import pretty_midi


HOLD, REST = -2, -1
"""Grid values besides the MIDI pitches 0 to 127: the note goes on; silence."""

TEMPI_BPM = (4, 1000)  # MIDI cannot say slower
MAX_BYTES = 8 << 20
MAX_STEPS = 200_000
SATB = ("soprano", "alto", "tenor", "bass")


def voice_names(voices: int) -> tuple[str, ...]:
    """Name the voices, highest first.

    Example:
        >>> voice_names(4)
        ('soprano', 'alto', 'tenor', 'bass')
        >>> voice_names(2)
        ('voice 1', 'voice 2')
    """
    return SATB if voices == len(SATB) else tuple(f"voice {i + 1}" for i in range(voices))


def read_midi(path: Path, voices: int, steps_per_beat: int) -> tuple[np.ndarray, float, int, int]:
    """Read a MIDI file onto a grid; `zoo.Score.read` says how.

    Returns:
        Grid `(steps, voices)` int16, tempo in beats per minute, `steps_per_beat`, and quarter notes in a bar.

    Raises:
        CodecError: The file is missing, too large, not MIDI, truncated, too long, or without notes.
    """
    midi = _parse(path)

    def step(time_s: float) -> int:
        return round(midi.time_to_tick(time_s) * steps_per_beat / midi.resolution)

    tracks = [track for track in midi.instruments if not track.is_drum and track.notes]
    marks = [step(event.time) for event in midi.text_events if event.text == "end"]
    short = 0
    lines = []
    voiced = _voices(tracks)
    for group in voiced.values():
        line: list[tuple[int, int, int]] = []
        ended = -1.0
        for start, end, pitch in group:
            note = (step(start), max(step(end), step(start) + 1), pitch)
            if line and line[-1][0] == note[0] and start >= ended:  # one after the other, and yet in one step
                line[-1] = max(line[-1], note, key=lambda n: n[1])
                short += 1
            else:
                line.append(note)
            ended = end
        lines.append(line)
    if not lines and not marks:
        raise CodecError(f"{path} holds no notes (percussion is left out)")
    steps = max([*marks, *(end for line in lines for _, end, _ in line)])
    if steps > MAX_STEPS:
        raise CodecError(f"{path} is {steps} steps long, more than {MAX_STEPS}: cut it first")
    slots = _slots(list(voiced), lines, voices)
    grid, dropped = _place(lines, slots, steps, voices)
    drums = sum(len(track.notes) for track in midi.instruments if track.is_drum)
    reasons = {f"that sounded beside {voices} others": dropped, "shorter than a step": short, "of percussion": drums}
    for reason, count in reasons.items():
        if count:
            warnings.warn(f"{path.name}: dropped {count} notes {reason}", stacklevel=3)
    tempo = float(midi.get_tempo_changes()[1][0])
    return grid, float(np.clip(tempo, *TEMPI_BPM)), steps_per_beat, _beats_per_bar(midi)


def _beats_per_bar(midi: "pretty_midi.PrettyMIDI") -> int:
    """Give the quarter notes in a bar of the meter that lasts longest, so that an upbeat's own decides nothing."""
    meters = sorted(midi.time_signature_changes, key=lambda meter: meter.time)
    lasts: Counter[float] = Counter()
    for meter, end in itertools.zip_longest(meters, [other.time for other in meters[1:]]):
        lasts[meter.numerator * 4 / meter.denominator] += (midi.get_end_time() if end is None else end) - meter.time
    beats = max(lasts, key=lambda beats: lasts[beats], default=4.0)
    return int(beats) if beats == int(beats) and 1 <= beats <= 64 else 4


def _parse(path: Path) -> "pretty_midi.PrettyMIDI":
    import pretty_midi

    try:
        size = path.stat().st_size
        if not size:
            raise CodecError(f"{path} is empty: give a MIDI file")
        if not path.is_file() or size > MAX_BYTES:
            raise CodecError(
                f"{path} is {'too large' if path.is_file() else 'not a file'}: give a MIDI file up to 8 MB"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # type-0 tempo placement: of no consequence on the grid
            return pretty_midi.PrettyMIDI(str(path))
    except CodecError:
        raise
    except FileNotFoundError:
        raise CodecError(f"{path!s:.200} does not exist: give a MIDI file") from None
    except Exception as error:
        detail = str(error) or type(error).__name__
        raise CodecError(f"{path} is not a MIDI file, or is damaged: {detail}") from error


def _releases(track: "pretty_midi.Instrument") -> list[float]:
    """Say when each note stops sounding, in seconds: at its end, or where the pedal held then is released."""
    pedal = sorted((change.time, change.value >= 64) for change in track.control_changes if change.number == 64)
    times = [time for time, _ in pedal]
    starts: dict[int, list[float]] = {}
    for note in sorted(track.notes, key=lambda note: note.start):
        starts.setdefault(note.pitch, []).append(note.start)
    ends = []
    for note in track.notes:
        i = bisect.bisect_right(times, note.end) - 1
        end = note.end
        if i >= 0 and pedal[i][1]:
            end = next((time for time, down in pedal[i + 1 :] if not down), end)
            again = bisect.bisect_left(starts[note.pitch], note.end)
            end = min([end, *starts[note.pitch][again : again + 1]])
        ends.append(float(end))
    return ends


def _voices(tracks: list) -> dict[str, list[tuple[float, float, int]]]:
    """Give the notes `(start, end, pitch)` of each track, by name, in seconds; a program change parts no track."""
    lines: dict[str, list] = {}
    for i, track in enumerate(tracks):
        line = sorted((n.start, end, n.pitch) for n, end in zip(track.notes, _releases(track), strict=True))
        merged = sorted([*lines.get(track.name, []), *line])
        together = track.name in lines and _one_by_one(merged)
        lines[track.name if together or track.name not in lines else f"{track.name} {i}"] = merged if together else line
    return lines


def _one_by_one(line: list) -> bool:
    return all(a[1] <= b[0] for a, b in itertools.pairwise(line))


def _slots(names: list[str], lines: list, voices: int) -> list[int | None]:
    """Give each line its voice, or None where the notes must be placed one by one."""
    known = {name: i for i, name in enumerate(voice_names(voices))}
    if not all(_one_by_one(line) for line in lines) or len(lines) > voices:
        return [None] * len(lines)
    if len(set(names)) == len(names) and set(names) <= set(known):
        return [known[name] for name in names]
    heights = [-np.mean([pitch for _, _, pitch in line]) for line in lines]
    order = np.argsort(np.argsort(heights, kind="stable"), kind="stable")
    spread = np.rint(np.linspace(0, voices - 1, len(lines))) if len(lines) > 1 else [0]  # few lines: the outer voices
    return [int(spread[i]) for i in order]


def _place(lines: list, slots: list[int | None], steps: int, voices: int) -> tuple[np.ndarray, int]:
    """Write notes `(start, end, pitch)` into a grid `(steps, voices)`; also count the notes dropped or cut short."""
    grid = np.full((steps, voices), REST, np.int16)
    last = np.linspace(72, 48, voices)  # where each voice sang last
    ends = np.zeros(voices, int)
    dropped = 0
    notes = sorted(
        (start, -pitch, end, slot) for line, slot in zip(lines, slots, strict=True) for start, end, pitch in line
    )
    for start, together in itertools.groupby(notes, key=lambda note: note[0]):
        new: dict[tuple[int, int | None], int] = {}
        for _, low, end, slot in together:  # the same pitch twice is one note, the longer
            key = (-low, slot)
            new[key] = max(end, new.get(key, 0))
        if None not in {slot for _, slot in new}:
            chosen = {int(slot or 0): (pitch, end) for (pitch, slot), end in new.items()}
        else:
            held = {v: int(last[v]) for v in range(voices) if ends[v] > start}
            chosen, lost, cut = _choose({pitch: end for (pitch, _), end in new.items()}, held, last, voices)
            for voice in {*cut, *chosen}:  # a held note stops where it is cut, or struck again
                grid[start : ends[voice], voice] = REST
            dropped += lost + len(cut)
        for voice, (pitch, end) in chosen.items():
            grid[start, voice], grid[start + 1 : end, voice] = pitch, HOLD
            last[voice], ends[voice] = pitch, end
    return grid, dropped


def _choose(
    new: dict[int, int], held: dict[int, int], last: np.ndarray, voices: int
) -> tuple[dict[int, tuple[int, int]], int, list[int]]:
    """Choose a voice for each new note (pitch → end) beside the held ones (voice → pitch).

    Returns:
        Voice → (pitch, end); how many new notes have no place; the voices whose held note must stop.
    """
    merged = {pitch for pitch in new if pitch in held.values()}  # a unison with a held note starts it again
    cut = []
    pitches = sorted(set(new) | set(held.values()), reverse=True)
    while len(pitches) > voices:  # give up inner notes, new ones first
        inner = [p for p in pitches[1:-1] if p in new and p not in merged] or pitches[1:-1] or pitches[-1:]
        victim = inner[len(inner) // 2]
        pitches.remove(victim)
        cut += [v for v, p in held.items() if p == victim]
    lost = sum(p not in pitches for p in new if p not in merged)
    held = {v: p for v, p in held.items() if v not in cut}
    again = {v: (p, new[p]) for v, p in held.items() if p in new}
    placed = [p for p in pitches if p in new and p not in {p for p, _ in again.values()}]
    free = [v for v in range(voices) if v not in held]
    order = min(
        itertools.combinations(free, len(placed)),
        key=lambda seats: sum(abs(last[v] - p) for v, p in zip(seats, placed, strict=True)),
    )
    return again | {v: (p, new[p]) for v, p in zip(order, placed, strict=True)}, lost, cut
