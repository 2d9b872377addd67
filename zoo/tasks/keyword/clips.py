"""Clips of single words, kept on disk as 16 kHz samples, read when they are asked for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.mel import RATE_HZ, STEP
from zoo.core.storage import pack, packed
from zoo.media.samples import scaled

SILENCE, UNKNOWN = "_silence_", "_unknown_"
CLIP = RATE_HZ  # samples of a clip: one second
STEPS = CLIP // STEP
LOUD = 0.98  # of the energy of the loudest second: seconds that are as good


@dataclass(frozen=True)
class Clip:
    """A clip and the word that is said in it.

    Attributes:
        samples: `(samples,)` at 16 kHz: int16, on disk too, or float32 from -1 to 1.
        word: What is said: a word, `_unknown_` or `_silence_`.
        speaker: Who says it.
        name: Its name in the data set.
        features: Log-mel features `(steps, FRAMES, BANDS)` of it as training changes it; NaN where they are hidden.
        before: Steps of them that come before the clip.
        mixed: Another word that is heard in it, and how much it counts, from 0 to 1.
    """

    samples: Any = None
    word: str = ""
    speaker: str = ""
    name: str = ""
    features: np.ndarray | None = None
    before: int = 0
    mixed: tuple[str, float] = ("", 0.0)

    def __len__(self) -> int:
        """Count the steps of 40 ms."""
        return -(-len(self.samples) // STEP) if self.features is None else len(self.features)

    @property
    def wave(self) -> np.ndarray:
        """Read its samples, `(samples,)` float32 from -1 to 1."""
        return scaled(self.samples)


def one_second(wave: np.ndarray) -> np.ndarray:
    """Bring samples to a second: of more the loudest, with the middle of what is loud in its middle; else with silence.

    Args:
        wave: `(samples,)` float32.

    Returns:
        `(CLIP,)` float32.
    """
    more = CLIP - len(wave)
    if more >= 0:
        return np.pad(wave, (more // 2, more - more // 2))
    energy = np.concatenate([[0.0], np.cumsum(np.square(wave, dtype=np.float64))])
    within = energy[CLIP:] - energy[:-CLIP]
    best = np.flatnonzero(within >= LOUD * within.max())
    return wave[(first := int(best[len(best) // 2])) : first + CLIP]


def store(clips: Iterable[tuple[str, Clip]], folder: Path) -> None:
    """Write clips with samples int16 into a folder: the samples one after the other, and a list of what they are.

    Args:
        clips: Split and clip, one by one.
        folder: An existing one.
    """

    def each() -> Iterator[tuple[np.ndarray, Sequence[str]]]:
        for split, one in clips:
            yield np.asarray(one.samples), (split, one.word, one.speaker, one.name)

    pack(each(), folder)


def stored(folder: Path) -> dict[str, list[Clip]]:
    """Open what `store` wrote: split → clips."""
    splits: dict[str, list[Clip]] = {}
    for samples, (split, *rest) in packed(folder):
        splits.setdefault(split, []).append(Clip(samples, *rest))
    return splits
