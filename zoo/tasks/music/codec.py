"""Music note sequences: several voices on a grid of sixteenths, one token a voice and step, highest voice first.

A token is "hold", "rest" or a pitch. Before each token the network sees: the voice it is for, the place in the bar, and
for every voice the pitch it sings, for how many steps it has, and the pitch it left for that. Voices above the current
one are already at this step, the others still at the previous one. Where one of them has just moved and was a fifth,
an octave or a unison from the current voice, the pitch that would follow it in parallel is shown too.

A network that sees both sides and fills gaps sees, instead, what is around the token, as far as that is not hidden (see
`zoo.tasks.music.infill_features`); a step before the first and one after the last show where a piece begins and ends.
"""

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.codec import Context, MaskedPiece, padded
from zoo.core.validation import number
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.music import infill_features as around
from zoo.tasks.music import voices as parts
from zoo.tasks.music.midi import HOLD, MAX_STEPS, REST, voice_names
from zoo.tasks.music.score import MAX_VOICES, Score

HOLD_ID, REST_ID, FIRST_PITCH_ID = 0, 1, 2
START = 0  # "sounding" before the first step; the id of hold, which never sounds
LONGEST = 16  # steps; a longer note counts as this long
HIDDEN_BARS = 4  # one bar in so many is hidden to measure how bars are filled
DEFAULT_BARS = 8
KINDS = {"pitch": "token", "age": "steps", "pitch left": "token", "parallel": "token"}
"""Kind of what is shown of each voice → what its values are, a row of `MusicCodec.ranges`."""


class MusicCodec:
    """Scores ↔ tokens.

    Args:
        voices: Voices of the grid.
        low: Lowest MIDI pitch.
        high: Highest MIDI pitch.
        steps_per_beat: Grid steps in a quarter note.
        beats_per_bar: Quarter notes in a bar; the place in the bar is counted from the first step.
        masked: For a network that sees both sides and fills gaps.

    Raises:
        ArgumentError: A value is out of range.
    """

    loss, front, dtype = "classes", "", "int32"
    hidden_unit = "note"
    schemes = ("hidden_voices", "hidden_bars")  # all but the highest voice; one bar in four

    def __init__(
        self, voices: int = 4, low: int = 30, high: int = 90, steps_per_beat: int = 4, beats_per_bar: int = 4,
        masked: bool = False,
    ) -> None:  # fmt: skip
        self.settings = {
            "voices": voices, "low": low, "high": high,
            "steps_per_beat": steps_per_beat, "beats_per_bar": beats_per_bar,
            **({"masked": True} if masked else {}),
        }  # fmt: skip
        if not all(isinstance(value, int) for value in self.settings.values()):  # True and False are such numbers too
            raise ArgumentError(f"{self.settings}: every value must be a whole number")
        if not (1 <= voices <= MAX_VOICES and 0 <= low <= high <= 127):
            raise ArgumentError(
                f"voices={voices}, low={low}, high={high}: give 1 to {MAX_VOICES} voices, 0 ≤ low ≤ high ≤ 127"
            )
        if not (1 <= steps_per_beat <= 96 and 1 <= beats_per_bar <= 32):
            raise ArgumentError(f"steps_per_beat={steps_per_beat} (1 to 96), beats_per_bar={beats_per_bar} (1 to 32)")
        self.voices, self.low, self.high = voices, low, high
        self.steps_per_beat, self.beats_per_bar = steps_per_beat, beats_per_bar
        self.steps_per_bar = steps_per_beat * beats_per_bar
        self.masked, self.edges = masked, 2 if masked else 0
        self.group = voices
        self.classes = FIRST_PITCH_ID + high - low + 1
        self.blank, self.edge = self.classes, self.classes + 1  # shown where a token is hidden, and outside of a piece
        # Columns of x: voice, place in the bar, then, for each voice, of every kind. All ids are in one table, of which
        # every column has a part of its own; masked, when there are many more, those of one range share one.
        self.kinds = around.KINDS if masked else KINDS
        self.ranges = {"known": self.classes + 2, "token": self.classes, "steps": LONGEST + 1}
        columns = ["voice", "place", *np.repeat(list(self.kinds.values()), voices).tolist()]
        self.sizes = [{"voice": voices, "place": self.steps_per_bar, **self.ranges}[name] for name in columns]
        self.features = len(columns)
        self.shape = (self.features,)
        self.parts = [name.replace("token", "known") for name in columns] if masked else list(range(self.features))
        ends = np.cumsum([self.sizes[self.parts.index(part)] for part in dict.fromkeys(self.parts)]).tolist()
        begins = dict(zip(dict.fromkeys(self.parts), [0, *ends], strict=False))
        self.symbols = ends[-1]
        self.offsets = np.array([begins[part] for part in self.parts], np.int32)

    def extended(self, pieces: Iterable[Score]) -> tuple["MusicCodec", np.ndarray, np.ndarray, np.ndarray]:
        """Take as many voices as pieces have, their meter, and their pitches too; see `zoo.core.codec.Codec`.

        A voice is heard as the one that was nearest to its place between the highest and the lowest; masked, seen from
        another voice, as the one that was as far below it.
        """
        ambit = parts.PitchStatistics.of(pieces)
        low, high, voices = min(self.low, ambit.low), max(self.high, ambit.high), ambit.voices
        codec = MusicCodec(voices, low, high, self.steps_per_beat, ambit.beats_per_bar, self.masked)
        places = np.arange(codec.steps_per_bar)
        heard = np.rint(np.linspace(0, self.voices - 1, voices)).astype(int)
        pitched = np.arange(low, high + 1)
        known = np.where((pitched >= self.low) & (pitched <= self.high), pitched - self.low + FIRST_PITCH_ID, -1)
        classes = np.concatenate([[HOLD_ID, REST_ID], known])
        ranges = {
            "token": classes,
            "known": np.concatenate([classes, [self.blank, self.edge]]),
            "steps": np.arange(LONGEST + 1),
        }
        values = [ranges[values] for values in self.kinds.values() for _ in range(voices)]
        columns = [heard, np.where(places < self.steps_per_bar, places, -1), *values]
        below = np.arange(voices)
        nearest = np.clip(np.rint(below * self.voices / voices), np.minimum(below, 1), self.voices - 1).astype(int)
        each = nearest if self.masked else heard
        features = np.concatenate([[0, 1], *(2 + kind * self.voices + each for kind in range(len(self.kinds)))])
        symbols = [
            np.where(columns[i] < 0, -1, self.offsets[features[i]] + columns[i])
            for i in map(codec.parts.index, dict.fromkeys(codec.parts))
        ]
        return codec, np.concatenate(symbols), classes, features

    def labels(self, piece: Score) -> list[str]:
        """Name the tokens of a score: `C4` begins a note, `–` holds it, `·` is silence."""
        import pretty_midi

        values = self.decode_step(self.tokens(piece)).tolist()
        return [{HOLD: "–", REST: "·"}.get(value) or pretty_midi.note_number_to_name(value) for value in values]

    def columns(self) -> list[dict[str, Any]]:
        """Name the columns of x: each adds its offset to a value of 0 to size - 1."""
        which = [str(voice) for voice in range(self.voices)]
        if self.masked:  # from the voice itself round and round
            which = ["of the voice itself", *(f"of the voice {below} further down" for below in which[1:])]
        names = [f"{kind} {voice}" for kind in self.kinds for voice in which]
        rows = zip(("voice", "place in the bar", *names), self.offsets.tolist(), self.sizes, strict=True)
        return [{"name": name, "offset": offset, "size": size} for name, offset, size in rows]

    @property
    def learning(self) -> Any:
        """Give the codec of what is trained: this one."""
        return self

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {"type": "music", **self.settings}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "MusicCodec":
        """Build the codec that `to_json` described.

        Raises:
            CodecError: The description is not one of a music codec.
        """
        try:
            settings = dict(data)
            if settings.pop("type") != "music":
                raise CodecError(f"codec type {data['type']!r}: expected 'music'")
            return cls(**settings)
        except (KeyError, TypeError, ValueError) as error:
            raise CodecError(f"not a description of a music codec: {error}") from error

    def tokens(self, piece: Any) -> np.ndarray:
        """Turn a score, or what can be read as one, into tokens `(steps * voices,)`.

        Raises:
            CodecError: Another number of voices or steps in a beat, or pitches the codec does not have.
        """
        score = self.read(piece)
        if (score.voices, score.steps_per_beat) != (self.voices, self.steps_per_beat):
            raise CodecError(
                f"a score of {score.voices} voices and {score.steps_per_beat} steps a beat: "
                f"this codec takes {self.voices} and {self.steps_per_beat}"
            )
        pitches = score.grid[score.grid >= 0]
        if pitches.size and not (pitches.min() >= self.low and pitches.max() <= self.high):
            raise CodecError(
                f"pitches {pitches.min()} to {pitches.max()}: this codec has {self.low} to {self.high}; transpose first"
            )
        grid = score.grid.astype(np.int64).ravel()
        return np.where(grid == HOLD, HOLD_ID, np.where(grid == REST, REST_ID, grid - self.low + FIRST_PITCH_ID))

    def decode(self, ids: np.ndarray, like: Score | None = None) -> Score:
        """Turn tokens `(steps * voices,)` into a score, in the tempo and meter of another, if one is given.

        Raises:
            CodecError: Not whole steps, or ids the codec does not have.
        """
        ids = np.asarray(ids)
        if ids.size % self.voices or (ids.size and not (ids.min() >= 0 and ids.max() < self.classes)):
            raise CodecError(f"{ids.size} tokens, not whole steps of {self.voices} with ids 0 to {self.classes - 1}")
        score = self._on_grid(self.decode_step(ids).reshape(-1, self.voices))
        return replace(score, tempo_bpm=like.tempo_bpm, beats_per_bar=like.beats_per_bar) if like is not None else score

    def decode_step(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Turn the tokens of one step `(voices,)`, or of several, into grid values: a MIDI pitch, `HOLD` or `REST`."""
        chosen = np.asarray(ids)
        special = np.where(chosen == HOLD_ID, HOLD, REST)
        return np.where(chosen >= FIRST_PITCH_ID, chosen - FIRST_PITCH_ID + self.low, special)

    def begin(self, zeros: Any) -> tuple[Any, ...]:
        """Remember what each voice sings, for how long, and what it sang before, `(batch, voices)`: nothing yet."""
        voices = np.ones((1, self.voices), np.int32)
        return zeros + voices * START, zeros + voices * LONGEST, zeros + voices * START

    def look(self, xp: Any, memory: tuple[Any, ...], position: Any) -> Any:
        """Give the input of the token at a position, `(batch, 1, features)` int32."""
        zeros = memory[0][:, :1] * 0
        place = position // self.voices % self.steps_per_bar
        parallel = self._parallel(xp, memory, position)
        columns = xp.concatenate([zeros + position % self.voices, zeros + place, *memory, parallel], 1)
        return xp.expand_dims(columns + self.offsets, 1)

    def _parallel(self, xp: Any, memory: tuple[Any, ...], position: Any) -> Any:
        """Give for each voice above, `(batch, voices)`, the pitch that keeps the fifth or octave it has just left."""
        pitch, age, left = memory
        voice, voices = position % self.voices, np.arange(self.voices, dtype=np.int32)[None]
        mine = xp.expand_dims(xp.max(xp.where(voices == voice, pitch, 0), 1), 1)
        between, led = xp.maximum(left - mine, mine - left) % 12, mine + pitch - left
        lowest = xp.minimum(xp.minimum(pitch, left), xp.minimum(mine, led))
        shown = (voices < voice) & (age == 0) & (pitch != left) & ((between == 0) | (between == 7))
        shown = shown & (lowest >= FIRST_PITCH_ID) & (led < self.classes)
        return xp.where(shown, led, START)

    def after(self, xp: Any, memory: tuple[Any, ...], position: Any, ids: Any) -> tuple[Any, ...]:
        """Remember the tokens `(batch,)` at a position, of one voice."""
        mine = (position % self.voices) == np.arange(self.voices, dtype=np.int32)[None]
        sounding, age, left = (xp.max(xp.where(mine, values, 0), 1) for values in memory)  # of the voice it is for
        goes_on = (ids == HOLD_ID) | ((ids == REST_ID) & (sounding == REST_ID))
        now = xp.where(ids == HOLD_ID, xp.where(sounding == START, REST_ID, sounding), ids)
        changed = now, xp.where(goes_on, xp.minimum(age + 1, LONGEST), 0), xp.where(goes_on, left, sounding)
        return tuple(xp.where(mine, xp.expand_dims(new, 1), old) for new, old in zip(changed, memory, strict=True))

    def encode(self, pieces: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Turn scores into network inputs and targets; masked, `MaskedPiece` scores.

        Returns:
            Inputs `(batch, time, features)` int32 and targets `(batch, time)` int32, where time is the longest
            piece's steps times voices, and targets are -1 where a piece has ended; masked, a step more at both ends,
            and targets -1 but for the hidden tokens.
        """
        scores = [piece.piece for piece in pieces] if self.masked else pieces
        y = padded([self.tokens(score) for score in scores], -1)
        if self.masked:
            hidden = padded([piece.hidden for piece in pieces], False)
            ends = ((0, 0), (self.voices, self.voices))
            return self.cover(y, hidden), np.pad(np.where(hidden, y, -1), ends, constant_values=-1)
        x = np.zeros((*y.shape, self.features), np.int32)
        context = Context(self, len(y))
        for i in range(y.shape[1]):
            x[:, i] = context.x()[:, 0]
            context.push(np.where(y[:, i] < 0, REST_ID, y[:, i]))
        return x, y

    def cover(self, ids: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Give what a network that sees both sides is shown of tokens `(batch, time)`, -1 past a piece's end.

        Returns:
            `(batch, time + 2 * voices, features)` int32: a step more at both ends.
        """
        batch, steps = len(ids), ids.shape[1] // self.voices
        shape = (batch, steps, self.voices)
        tokens = np.where(hidden, self.blank, np.where(ids < 0, self.edge, ids)).reshape(shape)
        tokens = np.pad(tokens, ((0, 0), (1, 1), (0, 0)), constant_values=self.edge)
        place = (np.arange(-1, steps + 1) % self.steps_per_bar)[:, None]
        each = (batch, steps + 2, self.voices)
        columns = [np.broadcast_to(column, each)[..., None] for column in (np.arange(self.voices), place)]
        columns += around.shown(tokens, HOLD_ID, self.blank, FIRST_PITCH_ID, LONGEST)
        x = np.concatenate(columns, axis=-1) + self.offsets
        return x.reshape(batch, -1, self.features).astype(np.int32)

    def hide(self, piece: Score, rng: np.random.Generator, scheme: str = "") -> MaskedPiece:
        """Hide tokens: all voices but the highest, one bar in four, or, as in training, a gap of a random kind."""
        steps = len(piece)
        step, voice = np.arange(steps)[:, None], np.arange(self.voices)
        if scheme == "hidden_voices":
            hidden = np.broadcast_to(voice > 0, (steps, self.voices))
        elif scheme == "hidden_bars":
            bar = step // self.steps_per_bar + rng.integers(HIDDEN_BARS)
            hidden = np.broadcast_to(bar % HIDDEN_BARS == 0, (steps, self.voices))
        else:
            hidden = around.gap(steps, self.voices, rng)
        return MaskedPiece(piece, hidden.ravel())

    def is_unit(self, ids: np.ndarray) -> np.ndarray:
        """Tell which hidden tokens count as a note: those that begin one."""
        return ids >= FIRST_PITCH_ID

    def gaps(
        self,
        piece: Any,
        free: str | int | Sequence[str | int] | None = None,
        bars: tuple[float, float] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lay out a piece with gaps.

        Args:
            piece: A Score, a MIDI file, a grid `(steps, voices)`; or one line, the highest voice, as any of these, as
                grid values `(steps,)`, or written `C4/4 D4/4 E4/2` (see `zoo.Score.melody`).
            free: Voices to be filled in, by name or number. None: those that are silent; if none is, all, or, with no
                bars either, those below the highest. Of a piece that is not in parts the highest notes are then taken.
            bars: First bar to be filled in and the one after the last, counted from 0; None: all.

        Returns:
            Tokens `(time,)`, and which of them are hidden. A note held beyond a gap begins anew where the gap ends.

        Raises:
            ArgumentError: There is no such voice or bar, or nothing is to be filled in.
            CodecError: The piece cannot be read or does not fit.
        """
        score = self.read(piece)
        self._same_meter(score)
        if free is None and bars is None and not parts.in_parts(score):
            warnings.warn("not a piece in parts: its highest notes are taken for the melody", stacklevel=4)
            score = replace(score, grid=parts.edge(score)[:, None])
        line = score.voices == 1 < self.voices
        if line:
            score = replace(score, grid=np.pad(score.grid, ((0, 0), (0, self.voices - 1)), constant_values=REST))
        self.tokens(score)  # refuses what does not fit
        chosen = self._free(score, free, bars)
        if line and {0, *chosen} != set(range(self.voices)):
            names = voice_names(self.voices)[1:]
            raise ArgumentError(f"free={free!r}: the piece is one line, so that {', '.join(names)} must all be free")
        if line and bars is not None:
            raise ArgumentError(f"bars={bars!r}: the piece is one line, with nothing around these bars: leave them out")
        whole = len(score) / score.steps_per_bar
        try:
            first, last = (0.0, whole) if bars is None else bars
        except (TypeError, ValueError):
            raise ArgumentError(f"bars={bars!r}: give two numbers, the first bar and the one after the last") from None
        first, last = number("the first bar", first, 0), number("the bar after the last", last, 0)
        if bars is not None and not first < last <= math.ceil(whole):
            raise ArgumentError(
                f"bars={bars!r}, counted from 0: the piece has {whole:g}; give the first and the one after the last"
            )
        inside = np.arange(len(score)) / score.steps_per_bar
        hidden = ((inside >= first) & (inside < last))[:, None] & np.isin(np.arange(self.voices), chosen)
        if not hidden.any():
            raise ArgumentError(f"free={free!r}, bars={bars}: nothing is to be filled in")
        return self.tokens(replace(score, grid=parts.struck(score, hidden))), hidden.ravel()

    def _free(self, score: Score, free: Any, bars: Any) -> list[int]:
        """Give the voices to be filled in."""
        if free is not None:
            return [
                parts.voice_number(name, self.voices) for name in ([free] if isinstance(free, (str, int)) else free)
            ]
        silent = np.flatnonzero((score.sounding() < 0).all(0)).tolist()
        return silent or list(range(0 if bars is not None else min(1, self.voices - 1), self.voices))

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Give random inputs `(batch, time, features)`, each column within its range."""
        return (rng.integers(0, self.sizes, (batch, time, self.features)) + self.offsets).astype(np.int32)

    def script(
        self,
        bars: float | None = None,
        steps: int | None = None,
        prompt: Score | str | Path | Sequence[Sequence[int]] | None = None,
        fixed: Mapping[str | int, Any] | None = None,
    ) -> np.ndarray:
        """Lay out a piece: what is given, and -1 for every token the network shall choose.

        Args:
            bars: New bars to compose; with neither bars nor steps as long as the fixed voices, or 8.
            steps: The same in grid steps.
            prompt: What comes before: a Score, a MIDI file, or a grid `(steps, voices)`.
            fixed: Voices given beforehand: voice name or index → a Score or MIDI file (its only line, the
                voice of that name, or its outer line) or grid values `(steps,)`; where they end the network goes on.

        Returns:
            Tokens `(time,)` int64.

        Raises:
            ArgumentError: A value is out of range.
            CodecError: Given music does not fit the codec.
        """
        if not isinstance(fixed or {}, Mapping):
            raise ArgumentError(f"fixed={fixed!r}: give a dictionary of voice name → Score, MIDI file or grid values")
        given = {
            parts.voice_number(name, self.voices): self._line(name, music) for name, music in (fixed or {}).items()
        }
        if len(given) < len(fixed or {}):
            raise ArgumentError(f"fixed={list(fixed or {})}: a voice is given twice")
        if bars is not None and steps is not None:
            raise ArgumentError("bars and steps both given: give one of them")
        if bars is not None:
            steps = number("bars", bars, 1 / self.steps_per_bar, MAX_STEPS / self.steps_per_bar) * self.steps_per_bar
            if steps != int(steps):
                raise ArgumentError(f"bars={bars}: give whole steps of 1/{self.steps_per_bar} bar")
        elif steps is None:
            steps = max(map(len, given.values()), default=DEFAULT_BARS * self.steps_per_bar)
        steps = number("steps", steps, 1, MAX_STEPS, whole=True)
        start = self._on_grid(np.zeros((0, self.voices))) if prompt is None else self.read(prompt)
        self._same_meter(start)
        head = self.tokens(start)
        body = np.full((steps, self.voices), -1)
        for voice, line in given.items():
            body[: len(line), voice] = line[:steps]
        return np.concatenate([head, body.ravel()])

    def read(self, music: Any) -> Score:
        """Read a piece, whatever its form; see `zoo.tasks.music.voices.read`.

        Raises:
            CodecError: It cannot be read.
        """
        return parts.read(music, self.voices, self.steps_per_beat, self.beats_per_bar)

    def _same_meter(self, score: Score) -> None:
        if score.beats_per_bar != self.beats_per_bar:
            warnings.warn(
                f"the music has {score.beats_per_bar} beats a bar, the model counts {self.beats_per_bar}", stacklevel=6
            )

    def _on_grid(self, values: np.ndarray) -> Score:
        return Score(values, steps_per_beat=self.steps_per_beat, beats_per_bar=self.beats_per_bar)

    def _line(self, name: str | int, music: Any) -> np.ndarray:
        """Give the tokens `(steps,)` of a given voice.

        They are the only line of the music; or that voice of a piece in parts; or of other music the highest notes for
        the top voice, the lowest for the bottom one.
        """
        score = self.read(music)
        if score.steps_per_beat != self.steps_per_beat:
            raise CodecError(f"fixed {name}: {score.steps_per_beat} steps a beat: give {self.steps_per_beat}")
        self._same_meter(score)
        singing = np.flatnonzero((score.sounding() >= 0).any(0)).tolist()
        voice = parts.voice_number(name, self.voices)
        # Of a Score its maker knows the voices; of a file it is to be found out.
        known = isinstance(music, Score) or parts.in_parts(score)
        if len(singing) <= 1:
            column = score.grid[:, singing[0] if singing else 0]
        elif score.voices == self.voices and known and voice in singing:
            column = score.grid[:, voice]
        elif voice in (0, self.voices - 1):
            column = parts.edge(score, top=voice == 0)
        else:
            raise CodecError(f"fixed {name}: give one line, or a piece of {self.voices} voices of which it is one")
        whole = np.full((len(score), self.voices), REST)
        whole[:, 0] = column
        return self.tokens(self._on_grid(whole))[:: self.voices]
