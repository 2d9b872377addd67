"""Music on a grid: several voices in fixed steps, read from and written to MIDI, drawn and heard."""

import contextlib
import html
import io
import itertools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from zoo.core import display, plots
from zoo.core.files import replacing, suffixed
from zoo.core.validation import number
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.music.midi import HOLD, REST, read_midi, voice_names
from zoo.tasks.music.timing import TEMPI_BPM, whole_bar

if TYPE_CHECKING:
    import pretty_midi


PLAYED_HZ = 22_050  # in notebooks
MIDI_SUFFIXES, WAV_SUFFIXES = (".mid", ".midi"), (".wav",)
READ_SUFFIXES = (*MIDI_SUFFIXES, ".kar", ".rmi")
MAX_SECONDS = 2 * 3600
MAX_VOICES = 16
TICKS_PER_BEAT = 480
PROGRAM = 52  # General MIDI "Choir Aahs"
WRITTEN = re.compile(r"([A-Ga-g][#b]?-?\d|[rR])/(\d{1,3})(\.{0,3})")  # note or rest, its value, dots
HARMONICS = (1.0, 0.5, 0.33, 0.2, 0.1, 0.05)  # strengths of an organ-like tone


class Note(NamedTuple):
    """One note: voice index, MIDI pitch, first step, and the step after its last."""

    voice: int
    pitch: int
    start: int
    end: int


@dataclass(frozen=True, eq=False, repr=False)
class Score:
    """A piece for several voices on a fixed grid.

    A hold after silence means silence, so that equal music has equal grids.

    Attributes:
        grid: `(steps, voices)` int16, highest voice first: a MIDI pitch (0 to 127) starts a note, `HOLD` goes on with
            it, `REST` is silence.
        tempo_bpm: Beats per minute.
        steps_per_beat: Grid steps in a quarter note; 4 makes a step a sixteenth.
        beats_per_bar: Quarter notes in a bar, a whole number of sixteenths and of steps: 1.5 is 3/8, 3 is 3/4 or 6/8.
        name: File that it is of, if it is of one.
        SUFFIXES: Method that writes a file → suffixes that it accepts, the usual one first.

    Example:
        >>> Score([[60, 48], [HOLD, HOLD], [62, REST]]).sounding().tolist()
        [[60, 48], [60, 48], [62, -1]]
    """

    SUFFIXES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "save": MIDI_SUFFIXES,
        "plot": plots.FORMATS,
        "render": WAV_SUFFIXES,
    }

    grid: np.ndarray
    tempo_bpm: float = 90.0
    steps_per_beat: int = 4
    beats_per_bar: float = 4
    name: str = ""

    def __post_init__(self) -> None:
        grid = _whole(self.grid)
        if grid.ndim != 2 or not 1 <= grid.shape[1] <= MAX_VOICES:
            raise CodecError(f"a grid of shape {grid.shape}: give (steps, voices) with 1 to {MAX_VOICES} voices")
        if grid.size and not (grid.min() >= HOLD and grid.max() <= 127):
            raise CodecError(f"grid values {grid.min()} to {grid.max()}: give MIDI pitches 0 to 127, HOLD or REST")
        grid = grid.astype(np.int16)
        number("tempo_bpm", self.tempo_bpm, *TEMPI_BPM)
        number("steps_per_beat", self.steps_per_beat, 1, 96, whole=True)
        object.__setattr__(self, "beats_per_bar", whole_bar(self.beats_per_bar, self.steps_per_beat))
        silent = _last_event(grid) == REST
        grid[silent & (grid == HOLD)] = REST
        grid.flags.writeable = False
        object.__setattr__(self, "grid", grid)

    def __eq__(self, other: object) -> bool:
        """Compare the notes; the tempo is a matter of performance."""
        return isinstance(other, Score) and np.array_equal(self.grid, other.grid)

    def __repr__(self) -> str:
        """Show the size, not the notes."""
        return f"Score({len(self)} steps, {self.voices} voices, {self.tempo_bpm:g} bpm)"

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
        return int(self.steps_per_beat * self.beats_per_bar)

    @property
    def meter(self) -> tuple[int, int]:
        """Write the bar as a time signature, in quarters where that can be: (3, 4), or (7, 8)."""
        under = next(under for under in (4, 8, 16) if (self.beats_per_bar * under / 4).is_integer())
        return int(self.beats_per_bar * under / 4), under

    @classmethod
    def melody(cls, text: str, steps_per_beat: int = 4) -> "Score":
        """Read a line of notes such as `C4/4 D4/8. r/16 E4/2`: name and octave, or r for a rest, and the note value.

        Args:
            text: Notes between spaces; C4 is the middle C, `#` and `b` raise and lower, a dot makes half as long again.
            steps_per_beat: Grid steps in a quarter note.

        Returns:
            A score of one voice.

        Raises:
            CodecError: A word is no note, or its value no whole number of grid steps.

        Example:
            >>> Score.melody("C4/4 r/16 D4/8.").sounding()[:, 0].tolist()
            [60, 60, 60, 60, -1, 62, 62, 62]
        """
        import pretty_midi

        values: list[int] = []
        for word in text.split():
            found = WRITTEN.fullmatch(word)
            if not found or int(found[2]) < 1:
                raise CodecError(f"{word!r} is no note: write C4/4 (a quarter), F#4/8. (dotted), r/2 (a rest)")
            steps = 4 * steps_per_beat / int(found[2]) * (2 - 0.5 ** len(found[3]))
            if steps != int(steps) or not steps:
                raise CodecError(
                    f"{word!r} is {steps:g} steps of the grid, which has {steps_per_beat} in a quarter note"
                )
            rest = found[1] in "rR"
            pitch = REST if rest else pretty_midi.note_name_to_number(found[1][0].upper() + found[1][1:])
            if not rest and not 0 <= pitch <= 127:
                raise CodecError(f"{word!r} is outside of the MIDI pitches: C-1 to G9")
            values += [pitch] + [REST if rest else HOLD] * (int(steps) - 1)
        if not values:
            raise CodecError("a melody without a note: write C4/4 D4/4 E4/2")
        return cls(np.array(values)[:, None], steps_per_beat=steps_per_beat)

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
        """Move every note by a number of semitones.

        Raises:
            ArgumentError: It is not a whole number, or moves notes out of the MIDI range.
        """
        semitones = number("semitones", semitones, -127, 127, whole=True)
        grid = np.where(self.grid >= 0, self.grid + semitones, self.grid)
        if (grid[self.grid >= 0] < 0).any() or grid.max(initial=0) > 127:
            raise ArgumentError(f"semitones={semitones} moves notes out of the MIDI range 0 to 127")
        return Score(grid, self.tempo_bpm, self.steps_per_beat, self.beats_per_bar)

    @classmethod
    def read(cls, path: str | os.PathLike[str], voices: int = 4, steps_per_beat: int = 4) -> "Score":
        """Read a MIDI file onto the grid.

        Percussion is left out, the sustain pedal prolongs notes, starts and ends go to the nearest step. Tracks that
        each hold one voice stay voices: those named after voices these, a lone one where its notes lie. Other notes go
        to the voice nearest in pitch that crosses no other. A note that overlaps the next by up to half a step ends
        there. Of more than `voices` notes at once the highest and the lowest stay, of notes that follow each other
        within one step the longest. A note without an end, of no length, or under a pedal that is never lifted lasts
        until the next of its pitch, or as long as its track. Tempo and meter are those that last longest; time in
        frames of film (SMPTE) is counted by the tempo. One warning says what of this was done to the file.

        At most 8 MB, 1,024 tracks, a million events, 100,000 notes and 200,000 steps are read.

        Raises:
            CodecError: The file is missing, not MIDI, damaged, without notes, or larger than that; the message says
                which.
        """
        number("voices", voices, 1, MAX_VOICES, whole=True)
        number("steps_per_beat", steps_per_beat, 1, 96, whole=True)
        return cls(*read_midi(Path(path), voices, steps_per_beat))

    def to_midi(self) -> "pretty_midi.PrettyMIDI":
        """Build the MIDI form: type 1, one track a voice, tempo and meter in the first track."""
        import pretty_midi

        midi = pretty_midi.PrettyMIDI(resolution=TICKS_PER_BEAT, initial_tempo=self.tempo_bpm)
        midi.time_signature_changes.append(pretty_midi.TimeSignature(*self.meter, 0.0))
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
            ArgumentError: The name does not end in .mid or .midi.
            DataError: The file cannot be written; nothing is left half-written.
        """
        with replacing(suffixed(path, MIDI_SUFFIXES)) as scratch:
            self.to_midi().write(str(scratch))
        return Path(path)

    def render(self, path: str | os.PathLike[str], sample_rate_hz: int = 22_050) -> Path:
        """Write the sound of a small organ as a 16-bit mono WAV file; return its path.

        Raises:
            ArgumentError: The name does not end in .wav, the sample rate is outside 8,000 to 96,000 Hz, or the piece is
                empty or over two hours.
            DataError: The file cannot be written.
        """
        suffixed(path, WAV_SUFFIXES)
        number("sample_rate_hz", sample_rate_hz, 8_000, 96_000, whole=True)
        with replacing(path) as scratch:
            scratch.write_bytes(self._sound(sample_rate_hz, "WAV"))
        return Path(path)

    def _sound(self, sample_rate_hz: int, file_format: str) -> bytes:
        """Return an audio file of the piece.

        Raises:
            ArgumentError: The piece is empty or over two hours.
        """
        import soundfile

        seconds = len(self) * 60 / self.tempo_bpm / self.steps_per_beat
        if not 0 < seconds <= MAX_SECONDS:
            raise ArgumentError(
                f"the piece lasts {seconds:.0f} s: sound is made of pieces up to {MAX_SECONDS} s, not empty"
            )
        audio = np.zeros(int(seconds * sample_rate_hz))
        if (self.grid >= 0).any():
            made = self.to_midi().synthesize(sample_rate_hz, wave=_organ)
            audio = np.pad(made, (0, max(0, len(audio) - len(made))))
        file = io.BytesIO()
        soundfile.write(file, 0.9 * audio, sample_rate_hz, format=file_format)
        return file.getvalue()

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw a piano roll (pitch names, bar lines, a colour a voice) as PNG, PDF or SVG; return its path.

        Raises:
            DataError: The file cannot be written.
            ArgumentError: The suffix names no picture format.
        """
        from zoo.tasks.music.plots import piano_roll

        return piano_roll(self, voice_names(self.voices), Path(path))

    def _repr_html_(self) -> str:
        """Return the piano roll and an audio player for a notebook."""
        roll = display.png(self)
        parts = [display.picture(roll)] if roll else []
        with contextlib.suppress(ArgumentError):  # empty or too long
            parts.append(display.audio(self._sound(PLAYED_HZ, "MP3")))
        return "<br>".join(parts) or f"<pre>{html.escape(repr(self))}</pre>"


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


def is_melody(text: str) -> bool:
    """Tell a written melody, `C4/4 D4/4`, from the name of a file."""
    return any(WRITTEN.fullmatch(word) for word in text.split())
