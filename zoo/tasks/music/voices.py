"""What is given of music: a piece, a melody, the line of one voice, in whatever form it comes."""

import os
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.errors import ArgumentError, CodecError, DataError
from zoo.tasks.music.midi import HOLD, voice_names
from zoo.tasks.music.score import Score, is_melody

SINGS = 2 / 3  # share of the time in which anything sounds that a voice of a piece in parts sings, at least


def read_music(music: Any, voices: int, steps_per_beat: int, beats_per_bar: float) -> Score:
    """Read a piece.

    Args:
        music: A Score, a MIDI file, a melody written `C4/4 D4/4 E4/2`, or grid values `(steps, voices)` or `(steps,)`.
        voices: Voices that a MIDI file is read into.
        steps_per_beat: Grid steps in a quarter note.
        beats_per_bar: Quarter notes in a bar, of grid values and written melodies.

    Raises:
        CodecError: It cannot be read.
    """
    if isinstance(music, Score):
        return music
    if isinstance(music, str) and is_melody(music):
        return replace(Score.melody(music, steps_per_beat), beats_per_bar=beats_per_bar)
    if isinstance(music, str) and not os.path.exists(music):
        raise CodecError(f"{music!r:.200} does not exist, and is not notes such as C4/4 D4/4 E4/2")
    if isinstance(music, (str, Path)):
        return Score.read(music, voices, steps_per_beat)
    line = isinstance(music, (Sequence, np.ndarray)) and all(np.isscalar(value) for value in music)
    values: Any = [[value] for value in music] if line else music
    return Score(values, steps_per_beat=steps_per_beat, beats_per_bar=beats_per_bar)


def has_tempo(music: Any) -> bool:
    """Tell music with a tempo and a meter of its own, a score or a file, from notes written down."""
    return isinstance(music, (Score, Path)) or (isinstance(music, str) and not is_melody(music))


def voice_number(name: str | int, voices: int) -> int:
    """Give the place of a voice, called by its name or number.

    Raises:
        ArgumentError: There is no such voice.

    Example:
        >>> voice_number("alto", 4), voice_number("2", 4)
        (1, 2)
    """
    names = voice_names(voices)
    if name in names:
        return names.index(str(name))
    if str(name).isdecimal() and int(name) < voices:
        return int(name)
    raise ArgumentError(f"voice {name!r}: give one of {', '.join(names)}, or 0 to {voices - 1}")


class PitchStatistics(NamedTuple):
    """What a set of pieces takes up: lowest and highest pitch, voices, and the meter that most of the music has."""

    low: int
    high: int
    voices: int
    beats_per_bar: float

    @classmethod
    def of(cls, pieces: Iterable[Score]) -> "PitchStatistics":
        """Walk through pieces, all of as many voices.

        Raises:
            DataError: No piece has a note.
        """
        low, high, voices, steps = 128, -1, 0, Counter[float]()
        for piece in pieces:
            pitches = piece.grid[piece.grid >= 0]
            low, high, voices = int(pitches.min(initial=low)), int(pitches.max(initial=high)), piece.voices
            steps[piece.beats_per_bar] += len(piece)
        if high < 0:
            raise DataError("the pieces are all silent: give some with notes")
        [(beats, most)] = steps.most_common(1)
        if most < steps.total():
            share = 1 - most / steps.total()
            warnings.warn(
                f"bars are counted as {beats:g} beats; {share:.0%} of the music has other meters", stacklevel=3
            )
        return cls(low, high, voices, beats)


def in_parts(score: Score) -> bool:
    """Tell a piece in parts, in which each voice that sings at all sings most of the time, from notes in any order."""
    sings = score.sounding() >= 0
    return bool((sings[:, sings.any(0)].sum(0) >= SINGS * sings.any(1).sum()).all())


def edge(score: Score, top: bool = True) -> np.ndarray:
    """Follow the highest (or lowest) note of a score, `(steps,)` grid values."""
    sounding = score.sounding().astype(int)
    order = sounding if top else np.where(sounding < 0, -1000, -sounding)
    voice = order.argmax(1)
    steps = np.arange(len(score))
    line, pitch = score.grid[steps, voice].copy(), sounding[steps, voice]
    changed = np.flatnonzero(np.diff(voice, prepend=voice[:1]))
    line[changed] = pitch[changed]  # a line that goes on in another voice starts a note there
    return line


def struck(score: Score, hidden: np.ndarray) -> np.ndarray:
    """Give a score's grid in which a note held beyond a gap begins anew where the gap ends.

    Args:
        score: The piece.
        hidden: What is to be filled in, `(steps, voices)` bool.
    """
    behind = np.zeros_like(hidden)
    behind[1:] = hidden[:-1] & ~hidden[1:]
    return np.where(behind & (score.grid == HOLD), score.sounding(), score.grid)
