"""Augmentation of clips: shift, time and frequency warp, gain, noise, room, telephone, cut ends, hidden features.

All of it is computed on the way from samples to log-mel features. What changes the time chooses where windows begin:
no sample is interpolated. What changes the sound of a voice or a room works on the power of the bins of windows, which
is all that features keep.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from zoo.core import mel
from zoo.core.mel import BINS, FRAMES, HOP, OVERLAP, RATE_HZ, WINDOW
from zoo.core.recipe import Recipe
from zoo.tasks.keyword.clips import CLIP, SILENCE, STEPS, Clip
from zoo.tasks.keyword.features import BANDS
from zoo.tasks.keyword.noise import Noise, level

FRESH = 0.5  # share of pieces that begin with the clip: with the state of a network that has heard nothing
SHIFT_S = 0.1
TIME, PITCH = 0.15, 0.13  # how much faster or slower, higher or lower
GAIN_DB, LOUDEST = (-14.0, 10.0), 1.4  # and how loud a clip becomes by it at most: what is above 1 is cut off
NOISE, NOISE_DB = 0.7, (0.0, 30.0)  # share of clips with noise, and how far it is below the word
VOICE, VOICE_DB = 0.1, (8.0, 30.0)  # the same of another voice
NEIGHBOR, PAUSE_S, UNLIKE_DB = 0.4, 0.3, 6.0  # share of clips after another word; the pause; how much louder or not
QUIET = np.float32(0.05)  # level of noise that stands for silence, where no clip is silent
FLOOR_DB = (-95.0, -50.0)  # noise of the microphone, of full scale
CUT, CUT_S = 0.15, 0.15  # share of clips whose beginning or end is missing, and how much of it
ROOM, DECAY_S, WET = 0.35, (0.1, 0.7), 0.5  # share of clips in a room; until it is 60 dB quieter; its power, at most
TELEPHONE, TELEPHONE_HZ, BEYOND_DB = 0.1, (300.0, 3400.0), -45.0
TILT_DB = 4.0  # an octave, at most
BAND_MASKS, WIDEST, FRAME_MASKS, LONGEST = 2, 7, 2, 12  # SpecAugment: bands, frames
MIXED, WEIGHT = 0.25, 0.4  # share of clips that are mixed with another word; how much it counts, at most


def augment(pieces: Sequence[Clip], recipe: Recipe) -> Callable[[int, np.random.Generator], Clip]:
    """Augment as strongly as a recipe says; see `Changes`."""
    settings = recipe.settings
    return Changes(pieces, settings.augment, settings.mix, settings.context)


@dataclass(frozen=True)
class Timing:
    """Where the windows of a piece are.

    Attributes:
        hop: Samples from one window to the next.
        before: Steps before the clip.
        steps: All of them.
    """

    hop: float
    before: int
    steps: int

    @property
    def starts(self) -> np.ndarray:
        """First sample of every window."""
        return (self.hop * np.arange(self.steps * FRAMES)).astype(np.int64)

    @property
    def samples(self) -> int:
        """Samples of the piece."""
        return int(self.starts[-1]) + WINDOW

    def sample(self, step: float) -> int:
        """First sample of a step that counts."""
        return OVERLAP + round((self.before + step) * FRAMES * self.hop)


class Changes:
    """Changes clips at random.

    Args:
        pieces: Of the training part.
            Where none of them is silent, some are replaced by noise.
        strength: 1 is usual, 0 changes nothing.
        mix: Of mixing a word with another.
        context: Steps around a clip; most of them before it, in most pieces.
    """

    def __init__(self, pieces: Sequence[Clip], strength: float = 1.0, mix: float = 1.0, context: int = 0) -> None:
        self.strength, self.mix, self.context = strength, mix, context
        self.noise = Noise(pieces)
        self.spoken = [index for index, piece in enumerate(pieces) if piece.word != SILENCE]
        self.pieces, self.made = pieces, 0.0
        if len(self.spoken) == len(pieces):  # there is no silence
            self.pieces = [*pieces, Clip(QUIET * self.noise.colors[1][:CLIP], SILENCE, name="noise")]
            self.made = 1 / (1 + len({piece.word for piece in pieces}))

    def __call__(self, index: int, rng: np.random.Generator) -> Clip:
        """Change the clip of an index."""
        if self.made and rng.random() < self.made:
            index = len(self.pieces) - 1
        piece, before = self.pieces[index], 0 if rng.random() < FRESH else int(rng.integers(0, self.context + 1))
        features, mixed = self._heard(index, before, rng), ("", 0.0)
        if piece.word != SILENCE and rng.random() < MIXED * self.mix:
            other, weight = self._spoken(rng), float(rng.uniform(0, WEIGHT))
            features += np.float32(weight) * (self._heard(other, before, rng) - features)
            mixed = self.pieces[other].word, weight
        features = features.reshape(-1, FRAMES, BANDS)
        hide(features, rng, self.strength)
        return replace(piece, features=features, before=before, mixed=mixed)

    def _spoken(self, rng: np.random.Generator) -> int:
        return self.spoken[int(rng.integers(len(self.spoken)))]

    def _heard(self, index: int, before: int, rng: np.random.Generator) -> np.ndarray:
        """Return log-mel features `(frames, BANDS)` of a clip that is changed."""
        hop = HOP * rng.uniform(1 - TIME * self.strength, 1 + TIME * self.strength)
        timing = Timing(hop, before, STEPS + self.context)
        line = self._line(index, timing, rng)
        power = mel.power(np.lib.stride_tricks.sliding_window_view(line, WINDOW)[timing.starts])
        if (response := self._response(rng)) is not None:
            power *= response
        stretch = round(rng.uniform(1 - PITCH * self.strength, 1 + PITCH * self.strength), 2)
        filters = mel.filters(BANDS, stretch)  # in small products, which BLAS does not spread over threads
        bands = (power.reshape(-1, FRAMES, BINS) @ filters).reshape(-1, BANDS)
        if rng.random() < ROOM * self.strength:
            bands = reverberated(bands, rng)
        return np.log(np.maximum(bands, mel.FLOOR))

    def _line(self, index: int, timing: Timing, rng: np.random.Generator) -> np.ndarray:
        """Return the samples of a piece: the clip, what is heard around it, and noise."""
        piece, strength = self.pieces[index], self.strength
        line = np.zeros(timing.samples, np.float32)
        wave = self._noisy_silence(piece, rng) if piece.word == SILENCE else cut(piece.wave, rng, strength)
        shift = rng.uniform(-SHIFT_S, SHIFT_S) * strength * RATE_HZ
        first = timing.sample(STEPS / 2) - CLIP // 2 + round(shift)
        loud = level(wave)
        if rng.random() < NEIGHBOR * strength:
            other = self.pieces[self._spoken(rng)].wave
            louder = loud / max(level(other), 1e-4) * 10 ** (rng.uniform(-UNLIKE_DB, UNLIKE_DB) / 20)
            end = min(first, timing.sample(0)) - int(rng.uniform(0, PAUSE_S) * RATE_HZ)
            put(line, other if piece.word == SILENCE else other * np.float32(louder), end - len(other))
        put(line, wave, first)
        if piece.word != SILENCE:
            self._add(line, loud, rng)
        gain = 10 ** (rng.uniform(*GAIN_DB) * strength / 20)
        line *= np.float32(min(gain, max(1.0, LOUDEST / max(float(np.abs(line).max()), 1e-6))))
        if strength:
            floor = np.float32(10 ** (rng.uniform(*FLOOR_DB) / 20))
            line += floor * self.noise.colors[1][: len(line)]
        return np.clip(line, -1, 1)

    def _add(self, line: np.ndarray, loud: float, rng: np.random.Generator) -> None:
        """Add noise to a line, and another voice."""
        if rng.random() < NOISE * self.strength:
            line += np.float32(loud * 10 ** (-rng.uniform(*NOISE_DB) / 20)) * self.noise(rng, len(line))
        if rng.random() < VOICE * self.strength:
            voice = self.pieces[self._spoken(rng)].wave
            quieter = loud * 10 ** (-rng.uniform(*VOICE_DB) / 20) / max(level(voice), 1e-4)
            put(line, voice * np.float32(quieter), int(rng.integers(-CLIP // 2, max(1, len(line) - CLIP // 2))))

    def _noisy_silence(self, piece: Clip, rng: np.random.Generator) -> np.ndarray:
        """Return a second without a word: a recorded one, or noise of the same level, or hardly anything."""
        wave = piece.wave
        if rng.random() < 0.5 * self.strength:
            wave = self.noise(rng, CLIP) * np.float32(min(level(wave), 0.2))
        return wave * np.float32(10 ** (-rng.uniform(0, 25) * self.strength / 20))

    def _response(self, rng: np.random.Generator) -> np.ndarray | None:
        """Return the factors of the power of each bin, `(BINS,)`: a tilt, and the band of a telephone."""
        if not self.strength:
            return None
        octaves = np.log2(np.maximum(np.fft.rfftfreq(WINDOW, 1 / RATE_HZ), 60.0) / 1000)
        response_db = rng.uniform(-TILT_DB, TILT_DB) * self.strength * octaves
        if rng.random() < TELEPHONE * self.strength:
            low, high = np.log2(np.array(TELEPHONE_HZ) / 1000)
            response_db[(octaves < low) | (octaves > high)] += BEYOND_DB
        return (10 ** (response_db / 10)).astype(np.float32)


def put(line: np.ndarray, wave: np.ndarray, first: int) -> None:
    """Add samples to a line, from a place on that may lie outside."""
    begin, end = max(0, first), min(len(line), first + len(wave))
    if begin < end:
        line[begin:end] += wave[begin - first : end - first]


def cut(wave: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Silence the beginning or the end of some clips."""
    if rng.random() >= CUT * strength:
        return wave
    some, wave = int(rng.uniform(0, CUT_S) * RATE_HZ), wave.copy()
    wave[slice(some) if rng.random() < 0.5 else slice(len(wave) - some, None)] = 0
    return wave


def reverberated(bands: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add to the power in bands `(frames, BANDS)` what a room gives back of it, exponentially falling."""
    from scipy.signal import lfilter

    keep = 10 ** (-6 * HOP / RATE_HZ / rng.uniform(*DECAY_S))
    tail: np.ndarray = lfilter([0, (1 - keep) * rng.uniform(0, WET)], [1, -keep], bands, axis=0)
    return bands + tail.astype(np.float32)


def hide(features: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> None:
    """Set bands and frames of features `(steps, FRAMES, BANDS)` to NaN.

    Reference: Park et al., SpecAugment, Interspeech 2019.
    """
    frames = features.reshape(-1, BANDS)
    for _ in range(BAND_MASKS):
        width = int(rng.integers(0, round(WIDEST * strength) + 1))
        first = int(rng.integers(0, max(1, BANDS - width + 1)))
        frames[:, first : first + width] = np.nan
    for _ in range(FRAME_MASKS):
        length = int(rng.integers(0, round(LONGEST * strength) + 1))
        first = int(rng.integers(0, len(frames)))
        frames[first : first + length] = np.nan
