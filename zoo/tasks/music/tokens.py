"""Scores as tokens: what the codecs of causal and of bidirectional networks share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.core.recipe import Recipe
from zoo.core.validation import checked, limits
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import MAX_VOICES, Score
from zoo.tasks.music.timing import whole_bar
from zoo.tasks.music.voices import PitchStatistics, read_music

if TYPE_CHECKING:
    from typing_extensions import Self

HOLD_ID, REST_ID, FIRST_PITCH_ID = 0, 1, 2
LONGEST = 16  # steps; a longer note counts as this long


@dataclass(frozen=True)
class Description:
    """What codec.json contains."""

    type: str = limits(choices=("music",))
    voices: int = limits(least=1, most=MAX_VOICES)
    low: int = limits(least=0, most=127)
    high: int = limits(least=0, most=127)
    steps_per_beat: int = limits(least=1, most=96)
    beats_per_bar: float = limits(least=0.25, most=64)
    masked: bool = limits(False)

    def __post_init__(self) -> None:
        """Refuse a lowest pitch above the highest.

        Raises:
            ArgumentError: It is.
        """
        if self.low > self.high:
            raise ArgumentError(f"low={self.low}, high={self.high}: give 0 ≤ low ≤ high ≤ 127")


class ScoreTokens:
    """Scores ↔ tokens: what the codecs of both directions share.

    Args:
        voices: Voices of the grid.
        low: Lowest MIDI pitch.
        high: Highest MIDI pitch.
        steps_per_beat: Grid steps in a quarter note.
        beats_per_bar: Quarter notes in a bar, whole steps; the place in the bar is counted from the first step.

    Raises:
        ArgumentError: A value is out of range.
    """

    dtype, edges = "int32", 0
    kinds: Mapping[str, str]
    shared = False  # input columns of one range share a part of the embedding table

    def __init__(
        self, voices: int = 4, low: int = 30, high: int = 90, steps_per_beat: int = 4, beats_per_bar: float = 4
    ) -> None:
        names = ("voices", "low", "high", "steps_per_beat", "beats_per_bar")
        values = (voices, low, high, steps_per_beat, beats_per_bar)
        given = checked(Description, {"type": "music", **dict(zip(names, values, strict=True))})
        self.settings: dict[str, Any] = {name: getattr(given, name) for name in names}
        voices, low, high, steps_per_beat, beats_per_bar = self.settings.values()
        self.voices, self.low, self.high = voices, low, high
        self.steps_per_beat, self.beats_per_bar = steps_per_beat, whole_bar(beats_per_bar, steps_per_beat)
        self.steps_per_bar = int(steps_per_beat * beats_per_bar)
        self.group = voices
        self.classes = FIRST_PITCH_ID + high - low + 1
        self.blank, self.edge = self.classes, self.classes + 1  # a hidden token, and one outside of a piece
        self._lay_out()

    def _lay_out(self) -> None:
        """Give the columns of x their parts of the embedding table."""
        # Columns of x: voice, place in the bar, then, for each voice, of every kind. All ids are in one table, of which
        # every column has a part of its own; of a bidirectional network, with many more, those of one range share one.
        self.ranges = {"known": self.classes + 2, "token": self.classes, "steps": LONGEST + 1}
        columns = ["voice", "place", *np.repeat(list(self.kinds.values()), self.voices).tolist()]
        self.sizes = [{"voice": self.voices, "place": self.steps_per_bar, **self.ranges}[name] for name in columns]
        self.features = len(columns)
        self.shape = (self.features,)
        self.parts = [n.replace("token", "known") for n in columns] if self.shared else list(range(self.features))
        ends = np.cumsum([self.sizes[self.parts.index(part)] for part in dict.fromkeys(self.parts)]).tolist()
        begins = dict(zip(dict.fromkeys(self.parts), [0, *ends], strict=False))
        self.symbols = ends[-1]
        self.offsets = np.array([begins[part] for part in self.parts], np.int32)

    @property
    def learning(self) -> Self:
        """Codec of what is trained: this one."""
        return self

    def frontend(self) -> None:
        """Return None: tokens have an embedding."""

    def describe(self, recipe: Recipe) -> tuple[str, str]:
        """Describe the embedding and the classes; see `zoo.core.codec.Codec`."""
        return f"{self.features} input features as vectors of {recipe.embedding}", f"{self.classes} classes"

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {"type": "music", **self.settings}

    def extended(self, pieces: Iterable[Score]) -> tuple[Self, np.ndarray, np.ndarray, np.ndarray]:
        """Take as many voices as pieces have, their meter, and their pitches too; see `zoo.core.codec.Codec`.

        A voice takes the weights of the one that was nearest to its place between the highest and the lowest; of a
        bidirectional network, as an input of another voice, those of the one that was as far below it.
        """
        found = PitchStatistics.of(pieces)
        low, high, voices = min(self.low, found.low), max(self.high, found.high), found.voices
        codec = type(self)(voices, low, high, self.steps_per_beat, found.beats_per_bar)
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
        each = nearest if self.shared else heard
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
        """Describe the columns of x: each adds its offset to a value of 0 to size - 1."""
        names = [f"{kind} {voice}" for kind in self.kinds for voice in self._voice_names()]
        rows = zip(("voice", "place in the bar", *names), self.offsets.tolist(), self.sizes, strict=True)
        return [{"name": name, "offset": offset, "size": size} for name, offset, size in rows]

    def _voice_names(self) -> list[str]:
        return [str(voice) for voice in range(self.voices)]

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
        score = self.on_grid(self.decode_step(ids).reshape(-1, self.voices))
        return replace(score, tempo_bpm=like.tempo_bpm, beats_per_bar=like.beats_per_bar) if like is not None else score

    def decode_step(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Turn the tokens of one step `(voices,)`, or of several, into grid values: a MIDI pitch, `HOLD` or `REST`."""
        chosen = np.asarray(ids)
        special = np.where(chosen == HOLD_ID, HOLD, REST)
        return np.where(chosen >= FIRST_PITCH_ID, chosen - FIRST_PITCH_ID + self.low, special)

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Give random inputs `(batch, time, features)`, each column within its range."""
        return (rng.integers(0, self.sizes, (batch, time, self.features)) + self.offsets).astype(np.int32)

    def read(self, music: Any) -> Score:
        """Read a piece, whatever its form; see `zoo.tasks.music.voices.read`.

        Raises:
            CodecError: It cannot be read.
        """
        return read_music(music, self.voices, self.steps_per_beat, self.beats_per_bar)

    def on_grid(self, values: np.ndarray) -> Score:
        """Return the score of grid values `(steps, voices)`."""
        return Score(values, steps_per_beat=self.steps_per_beat, beats_per_bar=self.beats_per_bar)
