"""Recordings of speech with what was said, kept on disk as 16 kHz samples, read when they are asked for."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.mel import STEP
from zoo.core.storage import pack, packed
from zoo.media.samples import rounded, scaled

KEPT = "'"  # of all that is neither letter nor digit
STRING = 6  # digits of a piece that training sees, at most
HEAD, TAIL = 3, 6  # steps of silence before a recording, and behind it: what is heard last is told some steps later


@dataclass(frozen=True)
class Recording:
    """A recording and what was said.

    Attributes:
        samples: `(samples,)` at 16 kHz: int16, on disk too, or float32 from -1 to 1.
        text: What was said, in the symbols of a codec.
        speaker: Who said it.
        corpus: Data set it is of.
        name: Its name there.
        parts: Recordings that follow each other, instead of samples.
        masked: Seed of the parts of its features that training hides (SpecAugment), and how strongly it does, 1 being
            usual; None hides nothing.
    """

    samples: Any = None
    text: str = ""
    speaker: str = ""
    corpus: str = "own"
    name: str = ""
    parts: "tuple[Recording, ...]" = ()
    masked: tuple[int, float] | None = None

    def __len__(self) -> int:
        """Count the steps of 40 ms, the silence before and behind it among them."""
        return steps_of(sum(len(part.samples) for part in self.parts or (self,)))

    @property
    def wave(self) -> np.ndarray:
        """Read its samples, `(samples,)` float32 from -1 to 1."""
        if self.parts:
            return np.concatenate([part.wave for part in self.parts])
        return scaled(self.samples)


def steps_of(samples: int) -> int:
    """Count the steps of a recording, the silence before and behind it among them."""
    return HEAD - (-samples // STEP) + TAIL


def joined(parts: Sequence[Recording]) -> Recording:
    """Put recordings one behind the other."""
    text = " ".join(part.text for part in parts if part.text)
    return replace(parts[0], samples=None, text=text, name=f"{parts[0].name} …", parts=tuple(parts))


def store(recordings: Iterable[tuple[str, Recording]], folder: Path) -> None:
    """Write recordings into a folder: their samples one after the other, and a list of splits, texts, speakers, names.

    Args:
        recordings: Split and recording, one by one.
        folder: An existing one.
    """

    def each() -> Iterator[tuple[np.ndarray, Sequence[str]]]:
        for split, one in recordings:
            samples = one.samples if np.asarray(one.samples).dtype == np.int16 else rounded(one.wave)
            yield np.asarray(samples), (split, one.text, one.speaker, one.corpus, one.name)

    pack(each(), folder)


def stored(folder: Path) -> dict[str, list[Recording]]:
    """Open what `store` wrote: split → recordings."""
    splits: dict[str, list[Recording]] = {}
    for samples, (split, *rest) in packed(folder):
        splits.setdefault(split, []).append(Recording(samples, *rest))
    return splits


def strings(digits: Sequence[Recording]) -> list[Recording]:
    """Put recordings of single words into pieces of several; training draws others in every epoch."""
    order = np.random.default_rng(0).permutation(len(digits))
    groups = [order[i : i + STRING] for i in range(0, len(order), STRING)]
    return [joined([digits[i] for i in group]) for group in groups]


def normalized(text: str) -> str:
    """Bring a text into the form that is learned: capitals, digits, apostrophes and single spaces.

    Example:
        >>> normalized("Don't  stop - it's  2 o’clock!")
        "DON'T STOP IT'S 2 O'CLOCK"
    """
    text = unicodedata.normalize("NFKC", text).replace("’", KEPT).upper()
    return " ".join("".join(c if unicodedata.category(c)[0] in "LNM" or c == KEPT else " " for c in text).split())
