"""What a music model is asked for: pieces to continue, fixed voices, and pieces with gaps."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zoo.core.validation import number
from zoo.errors import ArgumentError, CodecError
from zoo.tasks.music import seats, voices
from zoo.tasks.music.midi import MAX_STEPS, REST, called, voice_names
from zoo.tasks.music.score import Score
from zoo.tasks.music.tokens import ScoreTokens

DEFAULT_BARS = 8


def script(
    codec: ScoreTokens,
    bars: float | None = None,
    steps: int | None = None,
    prompt: Any = None,
    fixed: Mapping[str | int, Any] | None = None,
) -> np.ndarray:
    """Lay out a piece: what is given, and -1 for every token the network shall choose.

    Args:
        codec: Codec of the network.
        bars: New bars to compose; with neither bars nor steps as long as the fixed voices, or 8.
        steps: The same in grid steps.
        prompt: What comes before: a Score, a MIDI file, or a grid `(steps, voices)`.
        fixed: Voices given beforehand: voice name or index → a Score or MIDI file (its only line, the
            voice of that name, or its outer line) or grid values `(steps,)`; where they end the network continues.

    Returns:
        Tokens `(time,)` int64.

    Raises:
        ArgumentError: A value is out of range.
        CodecError: Given music does not fit the codec.
    """
    if not isinstance(fixed or {}, Mapping):
        raise ArgumentError(f"fixed={fixed!r}: give a dictionary of voice name → Score, MIDI file or grid values")
    lines = {
        voices.voice_number(name, codec.voices): _fixed(codec, name, music) for name, music in (fixed or {}).items()
    }
    if len(lines) < len(fixed or {}):
        raise ArgumentError(f"fixed={list(fixed or {})}: a voice is given twice")
    if bars is not None and steps is not None:
        raise ArgumentError("bars and steps both given: give one of them")
    if bars is not None:
        steps = number("bars", bars, 1 / codec.steps_per_bar, MAX_STEPS / codec.steps_per_bar) * codec.steps_per_bar
        if steps != int(steps):
            raise ArgumentError(f"bars={bars}: give whole steps of 1/{codec.steps_per_bar} bar")
    elif steps is None:
        steps = max(map(len, lines.values()), default=DEFAULT_BARS * codec.steps_per_bar)
    steps = number("steps", steps, 1, MAX_STEPS, whole=True)
    start = codec.on_grid(np.zeros((0, codec.voices))) if prompt is None else codec.read(prompt)
    _same_meter(codec, start)
    head = codec.tokens(start)
    body = np.full((steps, codec.voices), -1)
    for voice, line in lines.items():
        body[: len(line), voice] = line[:steps]
    return np.concatenate([head, body.ravel()])


def given(codec: ScoreTokens, options: Mapping[str, Any]) -> tuple[dict[str, Any], Score | None]:
    """Read the prompt and the fixed voices of options of `script`.

    Returns:
        The options with scores in place of what was given, of one voice for fixed voices; and the score whose tempo and
        meter a piece shall have: the first of the prompt and the fixed voices that has some of its own, None if none
        has.

    Raises:
        ArgumentError: There is no such voice.
        CodecError: Music cannot be read or does not fit the codec.
    """
    found, timed = dict(options), []
    if (prompt := found.get("prompt")) is not None:
        found["prompt"] = codec.read(prompt)
        timed += [("the prompt", found["prompt"])] * voices.has_tempo(prompt)
    if isinstance(fixed := found.get("fixed"), Mapping):
        found["fixed"] = lines = {name: _line(codec, name, music) for name, music in fixed.items()}
        timed += [(f"the fixed {name}", lines[name]) for name, music in fixed.items() if voices.has_tempo(music)]
    if len({(score.tempo_bpm, score.beats_per_bar) for _, score in timed}) > 1:
        warnings.warn(
            f"tempo and meter are those of {timed[0][0]}; other music that is given has its own", stacklevel=5
        )
    return found, timed[0][1] if timed else None


def _line(codec: ScoreTokens, name: str | int, music: Any) -> Score:
    """Read a given voice, as a score of one voice.

    It is the only line of the music; or that voice of a piece in parts; or of other music the highest notes for the top
    voice, the lowest for the bottom one.
    """
    score = codec.read(music)
    if score.steps_per_beat != codec.steps_per_beat:
        raise CodecError(f"fixed {name}: {score.steps_per_beat} steps a beat: give {codec.steps_per_beat}")
    singing = np.flatnonzero((score.sounding() >= 0).any(0)).tolist()
    voice = voices.voice_number(name, codec.voices)
    # Of a Score its maker knows the voices; of a file it is to be found out.
    known = isinstance(music, Score) or voices.in_parts(score)
    if len(singing) <= 1:
        column = score.grid[:, singing[0] if singing else 0]
    elif score.voices == codec.voices and known and voice in singing:
        column = score.grid[:, voice]
    elif voice in (0, codec.voices - 1):
        column = voices.edge(score, top=voice == 0)
    else:
        raise CodecError(f"fixed {name}: give one line, or a piece of {codec.voices} voices of which it is one")
    return replace(score, grid=column[:, None])


def _fixed(codec: ScoreTokens, name: str | int, music: Any) -> np.ndarray:
    """Give the tokens `(steps,)` of a given voice; say what is unusual about it."""
    line = _line(codec, name, music)
    _same_meter(codec, line)
    voice = voices.voice_number(name, codec.voices)
    pitches = line.grid[line.grid >= 0]
    best = seats.fitting(pitches, codec.voices)
    if best != voice and seats.outside(pitches, codec.voices)[voice] > seats.OUTSIDE:
        where = called(best, codec.voices)
        warnings.warn(f"fixed {name}: its notes lie where {where} sings; transpose them by octaves", stacklevel=6)
    whole = np.full((len(line), codec.voices), REST)
    whole[:, 0] = line.grid[:, 0]
    return codec.tokens(codec.on_grid(whole))[:: codec.voices]


def gaps(
    codec: ScoreTokens,
    piece: Any,
    free: str | int | Sequence[str | int] | None = None,
    bars: tuple[float, float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Lay out a piece with gaps.

    Args:
        codec: Codec of the network.
        piece: A Score, a MIDI file, a grid `(steps, voices)`; or one line as any of these, as grid values `(steps,)`,
            or written `C4/4 D4/4 E4/2` (see `zoo.Score.melody`): the highest voice, or the one where it lies.
        free: Voices to be filled in, by name or number. None: those that are silent; if none is, all, or, with no
            bars either, those below the highest. Of a piece that is not in parts the highest notes are then taken.
        bars: First bar to be filled in and the one after the last, counted from 0; None: all.

    Returns:
        Tokens `(time,)`, and which of them are hidden. A note held beyond a gap begins anew where the gap ends.

    Raises:
        ArgumentError: There is no such voice or bar, or nothing is to be filled in.
        CodecError: The piece cannot be read or does not fit.
    """
    score = codec.read(piece)
    _same_meter(codec, score, calls=5)
    if free is None and bars is None and not voices.in_parts(score):
        warnings.warn("not a piece in parts: its highest notes are taken for the melody", stacklevel=4)
        score = replace(score, grid=voices.edge(score)[:, None])
    line = score.voices == 1 < codec.voices
    voice = _seat(codec, score) if line else 0
    if line:
        beside = ((0, 0), (voice, codec.voices - 1 - voice))
        score = replace(score, grid=np.pad(score.grid, beside, constant_values=REST))
    codec.tokens(score)  # refuses what does not fit
    chosen = _free(codec, score, free, bars)
    if line and {voice, *chosen} != set(range(codec.voices)):
        names = [name for i, name in enumerate(voice_names(codec.voices)) if i != voice]
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
    hidden = ((inside >= first) & (inside < last))[:, None] & np.isin(np.arange(codec.voices), chosen)
    if not hidden.any():
        raise ArgumentError(f"free={free!r}, bars={bars}: nothing is to be filled in")
    return codec.tokens(replace(score, grid=voices.struck(score, hidden))), hidden.ravel()


def _seat(codec: ScoreTokens, line: Score) -> int:
    """Choose the voice of a single line, and say so if it is not the highest."""
    voice = seats.fitting(line.grid[line.grid >= 0], codec.voices)
    if voice:
        name = called(voice, codec.voices)
        warnings.warn(f"the line lies low and was taken for {name}; transposed up it is the melody", stacklevel=5)
    return voice


def _free(codec: ScoreTokens, score: Score, free: Any, bars: Any) -> list[int]:
    """Give the voices to be filled in."""
    if free is not None:
        return [voices.voice_number(name, codec.voices) for name in ([free] if isinstance(free, (str, int)) else free)]
    silent = np.flatnonzero((score.sounding() < 0).all(0)).tolist()
    return silent or list(range(0 if bars is not None else min(1, codec.voices - 1), codec.voices))


def _same_meter(codec: ScoreTokens, score: Score, calls: int = 7) -> None:
    """Warn of another meter, so many calls below the user's."""
    if score.beats_per_bar != codec.beats_per_bar:
        warnings.warn(
            f"the music has {score.beats_per_bar:g} beats a bar, the model counts {codec.beats_per_bar:g}",
            stacklevel=calls,
        )
