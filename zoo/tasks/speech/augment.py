"""Augmentation of recordings: speed, gain, noise, masked features."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from zoo.core.recipe import Recipe
from zoo.media import RATE_HZ
from zoo.tasks.speech.features import BANDS
from zoo.tasks.speech.recordings import STRING, Recording

BAND_MASKS, WIDEST_MASK, STEP_MASKS, LONGEST_MASK = 2, 14, 0.06, 4  # SpecAugment: bands; masks a step, steps


def hide(features: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> None:
    """Set bands and stretches of features `(steps, FRAMES, BANDS)` to their average, 0, fewer where it is to be weaker.

    Reference: Park et al., SpecAugment, Interspeech 2019.
    """
    steps = len(features)
    for _ in range(BAND_MASKS):
        width = int(rng.integers(0, round(WIDEST_MASK * strength) + 1))
        first = int(rng.integers(0, BANDS - width + 1))
        features[:, :, first : first + width] = 0
    for _ in range(rng.poisson(STEP_MASKS * strength * steps)):
        first = int(rng.integers(0, steps))
        features[first : first + int(rng.integers(1, LONGEST_MASK + 1))] = 0


SPEED = 0.12  # speech is made slower or faster by up to so much, and lower or higher
GAIN_DB = (-12.0, 8.0)
NOISE, NOISE_DB = 0.6, (8.0, 40.0)  # share of pieces with noise, and how far it is below the speech
AGAIN = 0.15  # share of longer pieces that another one follows
PAUSE_S = 0.3  # longest pause between two


def augment(pieces: Sequence[Recording], recipe: Recipe) -> Callable[[int, np.random.Generator], Recording]:
    """Augment as strongly as a recipe says; see `changed`."""
    return changed(pieces, recipe.settings.augment)


def changed(pieces: Sequence[Recording], strength: float = 1.0) -> Callable[[int, np.random.Generator], Recording]:
    """Augment: other words one behind the other, speed and pitch, gain, noise, hidden features.

    Args:
        pieces: Of the training part.
        strength: Of all but the first; 1 is usual, 0 nothing.

    Returns:
        Function of a piece's index and a random generator, which gives that piece changed.
    """
    words = [part for piece in pieces for part in piece.parts]
    longer = [index for index, piece in enumerate(pieces) if not piece.parts]

    def one(index: int, rng: np.random.Generator) -> Recording:
        piece, parts = pieces[index], [pieces[index]]
        if piece.parts:
            parts = [words[i] for i in rng.integers(0, len(words), rng.integers(1, STRING + 1))]
        elif rng.random() < AGAIN:
            parts.append(pieces[longer[int(rng.integers(0, len(longer)))]])
        waves = [distorted(part.wave, rng, strength) for part in parts]
        pauses = [np.zeros(int(rng.uniform(0, PAUSE_S) * RATE_HZ), np.float32) for _ in range(len(parts) + 1)]
        line = np.concatenate([wave for pair in zip(pauses, waves, strict=False) for wave in pair] + pauses[-1:])
        text = " ".join(part.text for part in parts if part.text)
        masked = int(rng.integers(1 << 31)), strength
        return replace(piece, samples=noisy(line, rng, strength), text=text, parts=(), masked=masked)

    return one


def distorted(wave: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Change speed, with the pitch, and gain."""
    import soxr

    factor, gain_db = rng.uniform(1 - SPEED * strength, 1 + SPEED * strength), rng.uniform(*GAIN_DB) * strength
    return soxr.resample(wave, RATE_HZ, RATE_HZ / factor, quality="LQ") * np.float32(10 ** (gain_db / 20))


def noisy(wave: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Add noise of a random colour to some."""
    from scipy.signal import lfilter

    level = float(np.sqrt(np.mean(np.square(wave)))) if len(wave) else 0.0
    if rng.random() >= NOISE * strength or not level:
        return wave
    noise = lfilter([1.0], [1.0, -rng.uniform(-0.3, 0.97)], rng.standard_normal(len(wave), np.float32))
    noise *= level * 10 ** (-rng.uniform(*NOISE_DB) / 20) / max(float(np.sqrt(np.mean(np.square(noise)))), 1e-9)
    return wave + noise.astype(np.float32)
