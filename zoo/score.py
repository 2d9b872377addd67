"""Music on a grid: several voices in fixed steps, read from and written to MIDI, drawn and heard."""

import bisect
import io
import itertools
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from zoo.checks import number
from zoo.errors import ArgumentError, CodecError
from zoo.files import replacing

if TYPE_CHECKING:
    import pretty_midi

HOLD, REST = -2, -1
"""Grid values besides the MIDI pitches 0 to 127: the note goes on; silence."""

TEMPI_BPM = (4, 1000)  # MIDI cannot say slower
MAX_BYTES = 8 << 20
MAX_SECONDS = 2 * 3600
MAX_STEPS = 200_000
MAX_VOICES = 16
TICKS_PER_BEAT = 480
SATB = ("soprano", "alto", "tenor", "bass")
PROGRAM = 52  # General MIDI "Choir Aahs"
HARMONICS = (1.0, 0.5, 0.33, 0.2, 0.1, 0.05)  # strengths of an organ-like tone


def voice_names(voices: int) -> tuple[str, ...]:
    """Name the voices, highest first.

    Example:
        >>> voice_names(4)
        ('soprano', 'alto', 'tenor', 'bass')
        >>> voice_names(2)
        ('voice 1', 'voice 2')
    """
    return SATB if voices == len(SATB) else tuple(f"voice {i + 1}" for i in range(voices))


class Note(NamedTuple):
    """One note: voice index, MIDI pitch, first step, and the step after its last."""

    voice: int
    pitch: int
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Score:
    """A piece for several voices on a fixed grid.

    A hold after silence means silence, so that equal music has equal grids.

    Attributes:
        grid: `(steps, voices)` int16, highest voice first: a MIDI pitch (0 to 127) starts a note, `HOLD` goes on with
            it, `REST` is silence.
        tempo_bpm: Beats per minute.
        steps_per_beat: Grid steps in a quarter note; 4 makes a step a sixteenth.
        beats_per_bar: Quarter notes in a bar.

    Example:
        >>> Score([[60, 48], [HOLD, HOLD], [62, REST]]).sounding().tolist()
        [[60, 48], [60, 48], [62, -1]]
    """

    grid: np.ndarray
    tempo_bpm: float = 90.0
    steps_per_beat: int = 4
    beats_per_bar: int = 4

    def __post_init__(self) -> None:
        grid = _whole(self.grid)
        if grid.ndim != 2 or not 1 <= grid.shape[1] <= MAX_VOICES:
            raise CodecError(f"a grid of shape {grid.shape}: give (steps, voices) with 1 to {MAX_VOICES} voices")
        if grid.size and not (grid.min() >= HOLD and grid.max() <= 127):
            raise CodecError(f"grid values {grid.min()} to {grid.max()}: give MIDI pitches 0 to 127, HOLD or REST")
        grid = grid.astype(np.int16)
        number("tempo_bpm", self.tempo_bpm, *TEMPI_BPM)
        number("steps_per_beat", self.steps_per_beat, 1, 96, whole=True)
        number("beats_per_bar", self.beats_per_bar, 1, 64, whole=True)
        silent = _last_event(grid) == REST
        grid[silent & (grid == HOLD)] = REST
        grid.flags.writeable = False
        object.__setattr__(self, "grid", grid)

    def __eq__(self, other: object) -> bool:
        """Compare the notes; the tempo is a matter of performance."""
        return isinstance(other, Score) and np.array_equal(self.grid, other.grid)

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        """Count the steps."""
        return len(self.grid)

    @property
    def voices(self) -> int:
        """Count the voices."""
        return self.grid.shape[1]

    @property
    def steps_per_bar(self) -> int:
        """Count the steps in a bar."""
        return self.steps_per_beat * self.beats_per_bar

    @classmethod
    def from_pitches(cls, pitches: np.ndarray, **settings: float) -> "Score":
        """Read sounding pitches `(steps, voices)`, -1 for silence; equal neighbours become one held note."""
        pitches = np.asarray(pitches, np.int16)
        grid = pitches.copy()
        grid[1:][(pitches[1:] == pitches[:-1]) & (pitches[1:] >= 0)] = HOLD
        return cls(grid, **settings)  # type: ignore[arg-type]

    def sounding(self) -> np.ndarray:
        """Give the pitch that sounds at each step, `(steps, voices)`, -1 for silence."""
        return _last_event(self.grid)

    def notes(self) -> Iterator[Note]:
        """Walk through the notes, voice by voice in time."""
        for voice, column in enumerate(self.grid.T):
            edges = [*np.flatnonzero(column != HOLD), len(column)]
            for start, end in itertools.pairwise(edges):
                if column[start] >= 0:
                    yield Note(voice, int(column[start]), int(start), int(end))

    def transpose(self, semitones: int) -> "Score":
        """Move every note by a number of semitones."""
        grid = np.where(self.grid >= 0, self.grid + semitones, self.grid)
        if (grid[self.grid >= 0] < 0).any() or grid.max(initial=0) > 127:
            raise ArgumentError(f"semitones={semitones} moves notes out of the MIDI range 0 to 127")
        return Score(grid, self.tempo_bpm, self.steps_per_beat, self.beats_per_bar)

    @classmethod
    def read(cls, path: str | os.PathLike[str], voices: int = 4, steps_per_beat: int = 4) -> "Score":
        """Read a MIDI file onto the grid.

        Percussion is left out, the sustain pedal prolongs notes, starts and ends go to the nearest step. Tracks that
        each hold one voice stay voices; other notes go to the voice nearest in pitch. Of more than `voices` notes at
        once the highest and the lowest stay, of notes that follow each other within one step the longest, and a warning
        counts what was dropped. A note that the file never ends is no note.

        Raises:
            CodecError: The file is missing, too large, not MIDI, truncated, too long, or without notes.
        """
        number("voices", voices, 1, MAX_VOICES, whole=True)
        number("steps_per_beat", steps_per_beat, 1, 96, whole=True)
        return _read(Path(path), voices, steps_per_beat)

    def to_midi(self) -> "pretty_midi.PrettyMIDI":
        """Build the MIDI form: type 1, one track a voice, tempo and meter in the first track."""
        import pretty_midi

        midi = pretty_midi.PrettyMIDI(resolution=TICKS_PER_BEAT, initial_tempo=self.tempo_bpm)
        midi.time_signature_changes.append(pretty_midi.TimeSignature(self.beats_per_bar, 4, 0.0))
        step_s = 60 / self.tempo_bpm / self.steps_per_beat
        # Silence at the end has no note to mark it: a text event keeps the length.
        midi.text_events.append(pretty_midi.Text("end", len(self) * step_s))
        midi.instruments = [pretty_midi.Instrument(PROGRAM, name=name) for name in voice_names(self.voices)]
        for note in self.notes():
            midi.instruments[note.voice].notes.append(
                pretty_midi.Note(80, note.pitch, note.start * step_s, note.end * step_s)
            )
        return midi

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a type-1 MIDI file with one track a voice; return its path.

        Raises:
            DataError: The file cannot be written; nothing is left half-written.
        """
        with replacing(path) as scratch:
            self.to_midi().write(str(scratch))
        return Path(path)

    def render(self, path: str | os.PathLike[str], sample_rate_hz: int = 22_050) -> Path:
        """Write the sound of a small organ as a 16-bit mono WAV file; return its path.

        Raises:
            ArgumentError: The sample rate is outside 8,000 to 96,000 Hz, or the piece is empty or over two hours.
            DataError: The file cannot be written.
        """
        import soundfile

        number("sample_rate_hz", sample_rate_hz, 8_000, 96_000, whole=True)
        seconds = len(self) * 60 / self.tempo_bpm / self.steps_per_beat
        if not 0 < seconds <= MAX_SECONDS:
            raise ArgumentError(
                f"the piece lasts {seconds:.0f} s: sound is made of pieces up to {MAX_SECONDS} s, not empty"
            )
        audio = np.zeros(int(seconds * sample_rate_hz))
        if (self.grid >= 0).any():
            made = self.to_midi().synthesize(sample_rate_hz, wave=_organ)
            audio = np.pad(made, (0, max(0, len(audio) - len(made))))
        wav = io.BytesIO()
        soundfile.write(wav, 0.9 * audio, sample_rate_hz, subtype="PCM_16", format="WAV")
        with replacing(path) as scratch:
            scratch.write_bytes(wav.getvalue())
        return Path(path)

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw a piano roll (pitch names, bar lines, a colour a voice) as PNG, PDF or SVG; return its path.

        Raises:
            DataError: The file cannot be written.
            ArgumentError: The suffix names no picture format.
        """
        from zoo.plots import piano_roll

        return piano_roll(self, voice_names(self.voices), Path(path))


def _whole(values: object) -> np.ndarray:
    """Turn grid values into an integer array, or refuse them."""
    try:
        grid = np.array(values)
        if grid.dtype.kind in "iu" or (grid.dtype.kind == "f" and (grid == np.rint(grid)).all()):
            return grid.astype(np.int64)
    except (ValueError, OverflowError):
        pass
    raise CodecError("a grid must be an array of whole numbers: give MIDI pitches 0 to 127, HOLD or REST")


def _organ(phase: np.ndarray) -> np.ndarray:
    return np.sum([strength * np.sin((i + 1) * phase) for i, strength in enumerate(HARMONICS)], axis=0)


def _last_event(grid: np.ndarray) -> np.ndarray:
    """Carry the last pitch or rest over holds, `(steps, voices)`; silence before the first."""
    steps = np.arange(len(grid))[:, None]
    last = np.maximum.accumulate(np.where(grid != HOLD, steps, -1), axis=0)
    return np.where(last >= 0, np.take_along_axis(grid, np.maximum(last, 0), 0), REST)


def _read(path: Path, voices: int, steps_per_beat: int) -> Score:
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
    for count, reason in ((dropped, f"that sounded beside {voices} others"), (short, "shorter than a step")):
        if count:
            warnings.warn(f"{path.name}: dropped {count} notes {reason}", stacklevel=4)
    tempo = float(midi.get_tempo_changes()[1][0])
    meters = midi.time_signature_changes
    beats = meters[0].numerator * 4 / meters[0].denominator if meters else 4
    whole = int(beats) if beats == int(beats) and 1 <= beats <= 64 else 4
    return Score(grid, float(np.clip(tempo, *TEMPI_BPM)), steps_per_beat, whole)


def _parse(path: Path) -> "pretty_midi.PrettyMIDI":
    import pretty_midi

    try:
        size = path.stat().st_size
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
        raise CodecError(f"{path} does not exist") from None
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
