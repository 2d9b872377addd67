"""Speech ↔ symbols: 16 kHz samples go in, step by step of 40 ms, and the logits of characters and a blank come out.

What networks learn from is not the samples but the log-mel features that the front end inside of them makes of these
(`zoo.tasks.speech.frontend`); training takes those of `features`, which are the same.

Features, of `BANDS` bands every 10 ms: windows of 25 ms (Hann), power of the discrete Fourier transform, Slaney's mel
filters, natural logarithm of at least `FLOOR`; minus the mean and over the deviation of each band in its data;
minus an average over the time: for networks that only see the past that of the last 64 steps (2.56 s), where steps
before the first count as that mean; for those that see both sides that of all that is read at once: the recording, or
of a long one its window.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.core.codec import FrontEnd, described, known, padded
from zoo.core.mel import FRAMES, STEP
from zoo.core.recipe import Recipe
from zoo.core.validation import MOST_SYMBOLS, checked, limits
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.media import RATE_HZ
from zoo.tasks.speech.augment import hide
from zoo.tasks.speech.features import BANDS, MEMORY, log_mel, measured
from zoo.tasks.speech.recordings import HEAD, TAIL, Recording, steps_of

VOCABULARY = " 'ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DECODING = "CTC: the likeliest class of every step; leave out repetitions, then blanks"
BELOW = "{} samples a step of 40 ms → 4 times 64 log-mel features, a running or whole average taken off"


def _fixed(value: int) -> Any:
    """Declare a field that has one value in this version."""
    return limits(value, least=value, most=value)


@dataclass(frozen=True)
class Description:
    """What codec.json contains."""

    vocabulary: str = limits(shortest=1, longest=MOST_SYMBOLS, unique=True)
    mean: tuple[float, ...] = limits(shortest=BANDS, longest=BANDS, each={"least": -1000, "most": 1000})
    deviation: tuple[float, ...] = limits(shortest=BANDS, longest=BANDS, each={"least": 1e-4, "most": 1000})
    whole: bool = limits()
    type: str = limits("speech", choices=("speech",))
    blank: int | None = limits(None, least=0)
    sample_rate_hz: int = _fixed(RATE_HZ)
    step_samples: int = _fixed(STEP)
    head_steps: int = _fixed(HEAD)
    tail_steps: int = _fixed(TAIL)
    decoding: str = limits("")

    def __post_init__(self) -> None:
        """Refuse a blank that is another class than the last.

        Raises:
            ArgumentError: It is.
        """
        if self.blank not in (None, len(self.vocabulary)):
            raise ArgumentError(f"blank={self.blank}: give {len(self.vocabulary)}, the class behind the vocabulary")


class SpeechCodec:
    """Recordings ↔ symbols.

    Args:
        vocabulary: The characters, each once; the blank of CTC comes after them.
        mean: Of each band of the log-mel features of the recordings trained and validated on, `(BANDS,)`.
        deviation: Alike.
        bidirectional: For a bidirectional network: the average over the time is that of the whole recording.
        samples: Inputs are samples; else the features that are made of them.

    Raises:
        ArgumentError: No character, or one twice, or figures for another number of bands.
    """

    dtype = "float32"
    group, edges, symbols = 1, 0, 0

    def __init__(
        self, vocabulary: str, mean: Any = (), deviation: Any = (), bidirectional: bool = False,
        samples: bool = True,
    ) -> None:  # fmt: skip
        mean, deviation = np.asarray(mean).tolist() or [-10.0] * BANDS, np.asarray(deviation).tolist() or [3.0] * BANDS
        given = checked(
            Description,
            {"vocabulary": vocabulary, "mean": mean, "deviation": deviation, "whole": bool(bidirectional)},
        )
        self.vocabulary, self.bidirectional, self.samples = given.vocabulary, given.whole, samples
        self.mean, self.deviation = np.array(given.mean, np.float32), np.array(given.deviation, np.float32)
        self.classes, self.blank = len(vocabulary) + 1, len(vocabulary)
        self.features: int = STEP if samples else FRAMES * BANDS
        self.shape: tuple[int, ...] = (self.features,)
        self.ids = {character: i for i, character in enumerate(vocabulary)}

    @property
    def learning(self) -> "SpeechCodec":
        """Give the codec of the part of a network that is trained, whose inputs are features."""
        return SpeechCodec(self.vocabulary, self.mean, self.deviation, self.bidirectional, samples=False)

    def to_json(self) -> dict[str, Any]:
        """Describe the codec: symbols, sample rate, features, and how logits are decoded."""
        figures = {name: [round(float(v), 4) for v in getattr(self, name)] for name in ("mean", "deviation")}
        return {
            "type": "speech", "vocabulary": self.vocabulary, "blank": self.blank, "sample_rate_hz": RATE_HZ,
            "step_samples": STEP, "head_steps": HEAD, "tail_steps": TAIL, "decoding": DECODING, **figures,
            "whole": self.bidirectional,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "SpeechCodec":
        """Build the codec that `to_json` described.

        Raises:
            CodecError: The description is not one of a speech codec, or of another version's.
        """
        found = described(data, Description)
        return cls(found.vocabulary, found.mean, found.deviation, found.whole)

    def extended(self, pieces: Iterable[Recording]) -> tuple["SpeechCodec", np.ndarray, np.ndarray, np.ndarray]:
        """Add the characters of recordings to the vocabulary, at its end; see `zoo.core.codec.Codec`."""
        new = sorted(set("".join(piece.text for piece in pieces)) - set(self.vocabulary))
        classes = np.concatenate([np.arange(self.blank), np.full(len(new), -1), [self.blank]])
        codec = SpeechCodec(self.vocabulary + "".join(new), self.mean, self.deviation, self.bidirectional)
        return codec, np.zeros(0, int), classes, np.arange(1)

    def for_direction(self, bidirectional: bool) -> "SpeechCodec":
        """Return the codec for bidirectional, or for causal, networks."""
        return SpeechCodec(self.vocabulary, self.mean, self.deviation, bidirectional)

    def frontend(self) -> FrontEnd | None:
        """Return the front end: log-mel features and strided convolutions."""
        from zoo.tasks.speech.frontend import SpeechFrontEnd

        return SpeechFrontEnd(self.mean, self.deviation, self.bidirectional, self.samples)

    def describe(self, recipe: Recipe) -> tuple[str, str]:
        """Describe the front end and the classes; see `zoo.core.codec.Codec`."""
        filters = recipe.settings.filters
        strided = f" → two convolutions of {filters} filters, 5 × 5, each with a stride of 2 over time and bands"
        below = f"{BELOW.format(self.features)}{strided * (filters > 0)} → {recipe.embedding} numbers, normalized"
        return below, f"{self.classes} classes, the last of them the blank"

    def columns(self) -> list[dict[str, Any]]:
        """Say what the columns of x are."""
        told = f"samples from -1 to 1, {RATE_HZ} a second, mono; {HEAD} steps of zeros before the first, {TAIL} behind"
        return [{"name": told, "offset": 0, "size": STEP}]

    def labels(self, piece: Recording) -> list[str]:
        """Name the tokens of a recording: its characters."""
        return list(piece.text)

    def tokens(self, piece: Recording) -> np.ndarray:
        """Turn what was said into symbols `(symbols,)`.

        Raises:
            CodecError: A character is not in the vocabulary.
        """
        if strange := sorted(set(piece.text) - set(self.vocabulary)):
            raise CodecError(
                f"{piece.name or 'a text'}: {''.join(strange)!r} is not in the vocabulary: {self.vocabulary!r}"
            )
        return np.array([self.ids[character] for character in piece.text], np.int32)

    def encode(self, pieces: Sequence[Recording]) -> tuple[np.ndarray, np.ndarray]:
        """Turn recordings into `(batch, steps, features)` and symbols `(batch, symbols)`, -1 past the last.

        Shorter recordings are followed by silence.
        """
        rows = [in_steps(piece.wave) if self.samples else self._seen(piece) for piece in pieces]
        longest = max(map(len, rows), default=0)
        x = np.stack([np.pad(row, ((0, longest - len(row)), (0, 0)), "edge") for row in rows])
        return x, padded([self.tokens(piece) for piece in pieces], -1)

    def _seen(self, piece: Recording) -> np.ndarray:
        """Give the features of a recording, `(steps, features)`, some of them hidden in training."""
        features = self.normalize(log_mel(piece.wave))
        if piece.masked is not None:
            seed, strength = piece.masked
            hide(features, np.random.default_rng(seed), strength)
        return features.reshape(len(features), -1)

    def normalize(self, features: np.ndarray) -> np.ndarray:
        """Bring features `(steps, FRAMES, BANDS)` into the range that networks see."""
        features = (features - self.mean) / self.deviation
        average = features.mean(1, keepdims=True)
        if self.bidirectional:
            return features - average.mean(0)
        sums = np.cumsum(np.pad(average, ((MEMORY, 0), (0, 0), (0, 0))), axis=0, dtype=np.float64)
        return features - ((sums[MEMORY:] - sums[:-MEMORY]) / MEMORY).astype(np.float32)

    def decode(self, ids: np.ndarray, like: Any = None) -> str:  # noqa: ARG002
        """Turn symbols into text.

        Raises:
            CodecError: An id the codec does not have.
        """
        return "".join(self.vocabulary[i] for i in known(ids, self.blank))

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Give something like sound, `(batch, time, features)`: tones and noise that swell, fade and are silent."""
        if not self.samples:
            return rng.standard_normal((batch, time, self.features)).astype(np.float32)
        noise = rng.standard_normal((batch, time * STEP)).astype(np.float32)
        at = np.arange(time * STEP) / RATE_HZ
        tones = sum(np.sin(2 * np.pi * hz * at + phase) for hz, phase in rng.uniform(100, 6000, (4, 2)))
        loud = 0.1 * np.maximum(0, np.sin(2 * np.pi * rng.uniform(1, 4, (batch, 1)) * at))
        return (loud * (tones + noise)).astype(np.float32).reshape(batch, time, STEP)


def in_steps(wave: np.ndarray) -> np.ndarray:
    """Cut samples into steps, `(steps, STEP)`, with silence before and behind them."""
    return np.pad(wave, (HEAD * STEP, (steps_of(len(wave)) - HEAD) * STEP - len(wave))).reshape(-1, STEP)


def without(piece: Recording, vocabulary: str) -> Recording:
    """Leave out of a text what a vocabulary does not have."""
    return replace(piece, text=" ".join("".join(c for c in piece.text if c in vocabulary).split()))


def make_codec(pieces: Iterable[Recording], bidirectional: bool = False) -> SpeechCodec:
    """Build a codec with the characters of the texts, and the mean and standard deviation of their features.

    Raises:
        DataError: The recordings have no text.
    """
    pieces = list(pieces)
    characters = sorted(set("".join(piece.text for piece in pieces)))
    if not characters:
        raise DataError("the recordings have no text: say what is said in them")
    return SpeechCodec("".join(characters), *measured(pieces), bidirectional=bidirectional)


def default_codec(bidirectional: bool = False) -> SpeechCodec:
    """Build a codec of English letters, for untrained networks."""
    return SpeechCodec(VOCABULARY, bidirectional=bidirectional)
