"""Music note sequences: several voices on a grid of sixteenths, one token per voice and step, highest voice first.

A token is "hold", "rest" or a pitch. Before each token a causal network gets: the voice it is for, the place in the
bar, and for every voice the pitch it sings, for how many steps it has, and the pitch it left for that. Voices above the
current one are already at this step, the others still at the previous one. Where one of them has just moved and was a
fifth, an octave or a unison from the current voice, the pitch that would follow it in parallel is an input too.

A bidirectional network that fills gaps gets, instead, what is around the token, as far as that is not hidden (see
`zoo.tasks.music.infill_features`); a step before the first and one after the last mark where a piece begins and ends.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from zoo.core.arrays import SCALARS
from zoo.core.codec import Context, MaskedPiece, described, padded
from zoo.tasks.music import infill_features, prompts
from zoo.tasks.music.score import Score
from zoo.tasks.music.tokens import FIRST_PITCH_ID, HOLD_ID, LONGEST, REST_ID, Description, ScoreTokens
from zoo.tasks.music.voices import PitchStatistics

START = 0  # "sounding" before the first step; the id of hold, which never sounds
HIDDEN_BARS = 4  # one bar in so many is hidden to measure how bars are filled
KINDS = {"pitch": "token", "age": "steps", "pitch left": "token", "parallel": "token"}
"""Kind of input of each voice → what its values are, a row of `ScoreTokens.ranges`."""


class MusicCodec(ScoreTokens):
    """Scores ↔ tokens for causal networks."""

    piece = Score
    kinds = KINDS

    def for_direction(self, bidirectional: bool) -> MusicCodec | MusicInfillCodec:
        """Return the codec for bidirectional, or for causal, networks."""
        return MusicInfillCodec(**self.settings) if bidirectional else self

    def encode(self, pieces: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Turn scores into network inputs and targets.

        Returns:
            Inputs `(batch, time, features)` int32 and targets `(batch, time)` int32, where time is the longest
            piece's steps times voices, and targets are -1 where a piece has ended.
        """
        y = padded([self.tokens(score) for score in pieces], -1)
        return Context(self, len(y)).follow(np.where(y < 0, REST_ID, y)), y

    def begin(self, zeros: Any) -> tuple[Any, ...]:
        """Remember what each voice sings, for how long, and what it sang before, `(batch, voices)`: nothing yet."""
        voices = np.ones((1, self.voices), np.int32)
        return zeros + voices * START, zeros + voices * LONGEST, zeros + voices * START

    def look(self, xp: Any, memory: tuple[Any, ...], position: Any) -> Any:
        """Give the input of the token at a position, `(batch, 1, features)` int32."""
        if isinstance(position, int):  # at every step of a loop in Python
            zeros = np.zeros((len(memory[0]), 2), np.int32)
            columns = xp.concatenate([zeros, *memory, self._parallel(xp, memory, position)], 1)
            columns += self._places[position % len(self._places)]
            return columns[:, None]
        zeros = memory[0][:, :1] * 0
        place = position // self.voices % self.steps_per_bar
        parallel = self._parallel(xp, memory, position)
        columns = xp.concatenate([zeros + position % self.voices, zeros + place, *memory, parallel], 1)
        return xp.expand_dims(columns + self.offsets, 1)

    @functools.cached_property
    def _places(self) -> np.ndarray:
        """Offsets for each token of a bar: the offsets of the columns, with voice and place added to the first two."""
        found = np.tile(self.offsets, (self.voices * self.steps_per_bar, 1))
        found[:, 0] += np.tile(np.arange(self.voices), self.steps_per_bar)
        found[:, 1] += np.repeat(np.arange(self.steps_per_bar), self.voices)
        return found

    def _parallel(self, xp: Any, memory: tuple[Any, ...], position: Any) -> Any:
        """Give for each voice above, `(batch, voices)`, the pitch that keeps the fifth or octave it has just left."""
        pitch, age, left = memory
        voice = position % self.voices
        if isinstance(voice, int):
            found, above = np.zeros(pitch.shape, np.int32), [values[:, :voice] for values in memory]
            if len(found) == 1:
                own, others = pitch.item(0, voice), zip(*(values[0].tolist() for values in above), strict=True)
                found[0, :voice] = [self._led(SCALARS, True, own, *other) for other in others]
                return found
            if not np.count_nonzero((above[1] == 0) & (above[0] != above[2])):  # mostly none has just moved
                return found
        own = xp.expand_dims(self._of(xp, pitch, voice), 1)
        return self._led(xp, np.arange(self.voices, dtype=np.int32)[None] < voice, own, pitch, age, left)

    def _led(self, xp: Any, above: Any, own: Any, pitch: Any, age: Any, left: Any) -> Any:
        """Return the pitch that keeps the fifth or octave of the own pitch with that which a voice above has left."""
        between, led = xp.maximum(left - own, own - left) % 12, own + pitch - left
        lowest = xp.minimum(xp.minimum(pitch, left), xp.minimum(own, led))
        shown = above & (age == 0) & (pitch != left) & ((between == 0) | (between == 7))
        shown = shown & (lowest >= FIRST_PITCH_ID) & (led < self.classes)
        return xp.where(shown, led, START)

    def after(self, xp: Any, memory: tuple[Any, ...], position: Any, ids: Any) -> tuple[Any, ...]:
        """Remember the tokens `(batch,)` at a position, of one voice."""
        voice = position % self.voices
        if isinstance(voice, int) and len(ids) == 1:
            changed = self._heard(SCALARS, ids.item(), *(values.item(0, voice) for values in memory))
        else:
            changed = self._heard(xp, ids, *(self._of(xp, values, voice) for values in memory))
        return tuple(self._with(xp, old, voice, new) for new, old in zip(changed, memory, strict=True))

    def _heard(self, xp: Any, ids: Any, sounding: Any, age: Any, left: Any) -> tuple[Any, Any, Any]:
        """Return the pitch of a voice after a token, its age, and the pitch before it."""
        goes_on = (ids == HOLD_ID) | ((ids == REST_ID) & (sounding == REST_ID))
        now = xp.where(ids == HOLD_ID, xp.where(sounding == START, REST_ID, sounding), ids)
        return now, xp.where(goes_on, xp.minimum(age + 1, LONGEST), 0), xp.where(goes_on, left, sounding)

    def _of(self, xp: Any, values: Any, voice: Any) -> Any:
        """Return the values of one voice, `(batch,)`, of `(batch, voices)`."""
        if isinstance(voice, int):
            return values[:, voice]
        return xp.max(xp.where(voice == np.arange(self.voices, dtype=np.int32)[None], values, 0), 1)

    def _with(self, xp: Any, values: Any, voice: Any, new: Any) -> Any:
        """Return `(batch, voices)` with other values for one voice."""
        if isinstance(voice, int):
            changed = values.copy()
            changed[:, voice] = new
            return changed
        return xp.where(voice == np.arange(self.voices, dtype=np.int32)[None], xp.expand_dims(new, 1), values)

    def follow(self, memory: tuple[Any, ...], position: int, ids: np.ndarray) -> tuple[np.ndarray, tuple[Any, ...]]:
        """Give the inputs of known tokens `(batch, time)`, and what is remembered after them.

        What a voice sings is what it sang last of all tokens but holds; how long, and what it left for that, follows
        from its last change.
        """
        batch, count = ids.shape
        places = position + np.arange(count)
        history = [np.empty((batch, count + 1, self.voices), np.int32) for _ in memory]  # before each token, and after
        for voice in range(self.voices):
            mine = np.flatnonzero(places % self.voices == voice)
            told = self._voice(ids[:, mine], [values[:, voice] for values in memory])
            known = np.searchsorted(mine, np.arange(count + 1))  # tokens of this voice before each place
            for values, row in zip(history, told, strict=True):
                values[..., voice] = row[:, known]
        before = tuple(values[:, :-1].reshape(-1, self.voices) for values in history)
        x = self.look(np, before, np.tile(places, batch)[:, None].astype(np.int32))
        return x.reshape(batch, count, -1), tuple(values[:, -1] for values in history)

    def _voice(self, ids: np.ndarray, memory: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what one voice sings, for how long, and what it left: before its tokens and after each."""
        sung, age, left = (values[:, None] for values in memory)  # (batch, 1)
        at = np.arange(ids.shape[1] + 1)
        told = np.concatenate([sung, np.where(ids == HOLD_ID, -1, ids)], 1)
        last = np.maximum.accumulate(np.where(told < 0, 0, at), 1)
        sounding = np.take_along_axis(told, last, 1)
        sounding[:, 1:] = np.where(sounding[:, 1:] == START, REST_ID, sounding[:, 1:])  # nothing is held: a rest
        rests = (ids == REST_ID) & (sounding[:, :-1] == REST_ID)
        changes = np.concatenate([np.zeros_like(sung), np.where((ids == HOLD_ID) | rests, 0, at[1:])], 1)
        change = np.maximum.accumulate(changes, 1)
        ages = np.minimum(np.where(change > 0, at - change, age + at), LONGEST)
        before = np.take_along_axis(sounding, np.maximum(change - 1, 0), 1)
        return sounding, ages, np.where(change > 0, before, left)

    def given(self, options: Mapping[str, Any]) -> tuple[dict[str, Any], Score | None]:
        """Read prompt and fixed voices; see `zoo.tasks.music.prompts.given`."""
        return prompts.given(self, options)

    def script(
        self,
        bars: float | None = None,
        steps: int | None = None,
        prompt: Any = None,
        fixed: Mapping[str | int, Any] | None = None,
    ) -> np.ndarray:
        """Lay out a piece to generate; see `zoo.tasks.music.prompts.script`."""
        return prompts.script(self, bars, steps, prompt, fixed)


class MusicInfillCodec(ScoreTokens):
    """Scores ↔ tokens for bidirectional networks that fill gaps."""

    piece = Score
    edges, shared = 2, True
    kinds = infill_features.KINDS
    hidden_unit = "note"
    schemes = ("hidden_voices", "hidden_bars")  # all but the highest voice; one bar in four

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {**super().to_json(), "masked": True}

    def _voice_names(self) -> list[str]:  # from the voice itself round and round
        return ["of the voice itself", *(f"of the voice {below} further down" for below in range(1, self.voices))]

    def for_direction(self, bidirectional: bool) -> MusicCodec | MusicInfillCodec:
        """Return the codec for bidirectional, or for causal, networks."""
        return self if bidirectional else MusicCodec(**self.settings)

    def encode(self, pieces: Sequence[MaskedPiece]) -> tuple[np.ndarray, np.ndarray]:
        """Turn scores with gaps into network inputs and targets.

        Returns:
            Inputs `(batch, time, features)` int32 and targets `(batch, time)` int32, -1 but for the hidden tokens; time
            is the longest piece's steps and two, one at each end, times voices.
        """
        y = padded([self.tokens(piece.piece) for piece in pieces], -1)
        hidden = padded([piece.hidden for piece in pieces], False)
        ends = ((0, 0), (self.voices, self.voices))
        return self.cover(y, hidden), np.pad(np.where(hidden, y, -1), ends, constant_values=-1)

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
        columns += infill_features.shown(tokens, HOLD_ID, self.blank, FIRST_PITCH_ID, LONGEST)
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
            hidden = infill_features.gap(steps, self.voices, rng)
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
        """Lay out a piece with gaps; see `zoo.tasks.music.prompts.gaps`."""
        return prompts.gaps(self, piece, free, bars)


def make_codec(pieces: Iterable[Score], bidirectional: bool = False) -> MusicCodec | MusicInfillCodec:
    """Build a codec with room for the pieces, transposed by up to six semitones.

    Raises:
        DataError: No piece has a note.
    """
    low, high, voices, beats = PitchStatistics.of(pieces)
    kind = MusicInfillCodec if bidirectional else MusicCodec
    return kind(voices, max(0, low - 6), min(127, high + 6), beats_per_bar=beats)


def default_codec(bidirectional: bool = False) -> MusicCodec | MusicInfillCodec:
    """Build a codec of four voices, for untrained networks."""
    return (MusicInfillCodec if bidirectional else MusicCodec)()


def read_codec(data: Mapping[str, Any]) -> MusicCodec | MusicInfillCodec:
    """Build the codec that `to_json` described.

    Raises:
        CodecError: The description is not one of a music codec.
    """
    settings = asdict(described(data, Description))
    del settings["type"]
    kind = MusicInfillCodec if settings.pop("masked") else MusicCodec
    return kind(**settings)
