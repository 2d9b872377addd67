"""Sound ↔ words: 16 kHz samples go in, step by step of 40 ms, and the logits of words come out.

The word of a clip is the likeliest one by the mean of its logits over the steps of a second (`window_steps`), and so is
that of the last second of a stream. Networks learn from the log-mel features that the front end inside of them makes of
the samples (`zoo.tasks.keyword.frontend`); training takes those of `features`, which are the same.

Features, of `BANDS` bands every 10 ms: windows of 25 ms (Hann), power of the discrete Fourier transform, Slaney's mel
filters, natural logarithm of at least `FLOOR`; minus the mean and over the deviation of each band in its data.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core.codec import FrontEnd, described, known
from zoo.core.mel import FRAMES, RATE_HZ, STEP
from zoo.core.recipe import Recipe
from zoo.core.validation import MOST_SYMBOLS, checked, limits
from zoo.errors import CodecError, DataError
from zoo.tasks.keyword.clips import SILENCE, STEPS, UNKNOWN, Clip
from zoo.tasks.keyword.features import BANDS, in_steps, log_mel, measured

WORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes", UNKNOWN, SILENCE)
DECODING = "the softmax of the mean of the logits of the last window_steps steps"


def _fixed(value: int) -> Any:
    """Declare a field that has one value in this version."""
    return limits(value, least=value, most=value)


@dataclass(frozen=True)
class Description:
    """What codec.json contains."""

    labels: tuple[str, ...] = limits(
        shortest=2, longest=MOST_SYMBOLS, unique=True, each={"shortest": 1, "longest": 200}
    )
    mean: tuple[float, ...] = limits(shortest=BANDS, longest=BANDS, each={"least": -1000, "most": 1000})
    deviation: tuple[float, ...] = limits(shortest=BANDS, longest=BANDS, each={"least": 1e-4, "most": 1000})
    whole: bool = limits()
    type: str = limits("keyword", choices=("keyword",))
    sample_rate_hz: int = _fixed(RATE_HZ)
    step_samples: int = _fixed(STEP)
    window_steps: int = _fixed(STEPS)
    decoding: str = limits("")


class KeywordCodec:
    """Sound ↔ words.

    Args:
        labels: The words, each once; `_unknown_` and `_silence_` may be among them.
        mean: Of each band of the log-mel features of the clips trained and validated on, `(BANDS,)`.
        deviation: Alike.
        bidirectional: For a bidirectional network.
        samples: Inputs are samples; else the features that are made of them.

    Raises:
        ArgumentError: Fewer than two words, or one twice, or figures for another number of bands.
    """

    dtype = "float32"
    group, edges, symbols = 1, 0, 0

    def __init__(
        self, labels: Sequence[str], mean: Any = (), deviation: Any = (), bidirectional: bool = False,
        samples: bool = True,
    ) -> None:  # fmt: skip
        mean, deviation = np.asarray(mean).tolist() or [-10.0] * BANDS, np.asarray(deviation).tolist() or [3.0] * BANDS
        given = checked(
            Description,
            {"labels": list(labels), "mean": mean, "deviation": deviation, "whole": bool(bidirectional)},
        )
        self.vocabulary, self.bidirectional, self.samples = given.labels, given.whole, samples
        self.mean, self.deviation = np.array(given.mean, np.float32), np.array(given.deviation, np.float32)
        self.classes = len(self.vocabulary)
        self.features: int = STEP if samples else FRAMES * BANDS
        self.shape: tuple[int, ...] = (self.features,)
        self.ids = {word: i for i, word in enumerate(self.vocabulary)}

    @property
    def learning(self) -> "KeywordCodec":
        """Give the codec of the part of a network that is trained, whose inputs are features."""
        return KeywordCodec(self.vocabulary, self.mean, self.deviation, self.bidirectional, samples=False)

    def to_json(self) -> dict[str, Any]:
        """Describe the codec: words, sample rate, features, and how logits are decoded."""
        figures = {name: [round(float(v), 4) for v in getattr(self, name)] for name in ("mean", "deviation")}
        return {
            "type": "keyword", "labels": list(self.vocabulary), "sample_rate_hz": RATE_HZ, "step_samples": STEP,
            "window_steps": STEPS, "decoding": DECODING, **figures, "whole": self.bidirectional,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "KeywordCodec":
        """Build the codec that `to_json` described.

        Raises:
            CodecError: The description is not one of a keyword codec, or of another version's.
        """
        found = described(data, Description)
        return cls(found.labels, found.mean, found.deviation, found.whole)

    def extended(self, pieces: Iterable[Clip]) -> tuple["KeywordCodec", np.ndarray, np.ndarray, np.ndarray]:
        """Take the words of clips instead of its own, unless they are its own; see `zoo.core.codec.Codec`."""
        found = {piece.word for piece in pieces}
        labels = self.vocabulary if found <= set(self.vocabulary) else ordered(found)
        codec = KeywordCodec(labels, self.mean, self.deviation, self.bidirectional)
        classes = np.array([self.ids.get(word, -1) for word in labels])
        return codec, np.zeros(0, int), classes, np.arange(1)

    def for_direction(self, bidirectional: bool) -> "KeywordCodec":
        """Return the codec for bidirectional, or for causal, networks."""
        return KeywordCodec(self.vocabulary, self.mean, self.deviation, bidirectional)

    def frontend(self) -> FrontEnd | None:
        """Return the front end: log-mel features and strided convolutions."""
        from zoo.tasks.keyword.frontend import KeywordFrontEnd

        return KeywordFrontEnd(self.mean, self.deviation, self.bidirectional, self.samples)

    def describe(self, recipe: Recipe) -> tuple[str, str]:
        """Describe the front end and the classes; see `zoo.core.codec.Codec`."""
        filters = recipe.settings.filters
        strided = (
            f" → two convolutions of {filters} filters, 5 × 5, and {3 * filters // 2}, 3 × 3, each with a stride of 2 "
            "over time and bands"
        )
        below = f"{STEP} samples a step of 40 ms → 4 times {BANDS} log-mel features{strided * (filters > 0)}"
        return f"{below} → {recipe.embedding} numbers, normalized", f"{self.classes} classes"

    def columns(self) -> list[dict[str, Any]]:
        """Say what the columns of x are."""
        return [{"name": f"samples from -1 to 1, {RATE_HZ} a second, mono", "offset": 0, "size": STEP}]

    def labels(self, piece: Clip) -> list[str]:
        """Name the word of every step of a clip."""
        return [piece.word] * len(piece)

    def target(self, piece: Clip) -> np.ndarray:
        """Turn the word of a clip into the share of every class, `(steps, classes)`, -1 at steps that do not count.

        Raises:
            CodecError: The word is not among the labels.
        """
        found = np.full((len(piece), self.classes), -1, np.float32)
        share = np.zeros(self.classes, np.float32)
        other, weight = piece.mixed
        for word, part in ((piece.word, 1 - weight), (other, weight)):
            if part and word not in self.ids:
                raise CodecError(f"{piece.name or 'a clip'}: {word!r} is none of the words: {', '.join(self.ids)}")
            if part:
                share[self.ids[word]] += part
        found[piece.before : piece.before + STEPS if piece.features is not None else None] = share
        return found

    def encode(self, pieces: Sequence[Clip]) -> tuple[np.ndarray, np.ndarray]:
        """Turn clips into `(batch, steps, features)` and the share of every word, `(batch, steps, classes)`.

        The share is -1 at steps that do not count: those before a clip, and those after it, which are silent.
        """
        rows = [in_steps(piece.wave) if self.samples else self._seen(piece) for piece in pieces]
        longest = max(map(len, rows), default=0)
        x = np.stack([np.pad(row, ((0, longest - len(row)), (0, 0)), "edge") for row in rows])
        y = np.full((len(rows), longest, self.classes), -1, np.float32)
        for row, piece in zip(y, pieces, strict=True):
            row[: len(piece)] = self.target(piece)
        return x, y

    def _seen(self, piece: Clip) -> np.ndarray:
        """Give the features of a clip, `(steps, features)`; those that training hides are as the mean."""
        features = log_mel(piece.wave) if piece.features is None else piece.features
        features = (features - self.mean) / self.deviation
        return np.nan_to_num(features, copy=False, nan=0.0).reshape(len(features), -1)

    def decode(self, ids: np.ndarray, like: Any = None) -> list[str]:  # noqa: ARG002
        """Turn the ids of words into words.

        Raises:
            CodecError: An id the codec does not have.
        """
        return [self.vocabulary[i] for i in known(ids, self.classes)]

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Give something like sound, `(batch, time, features)`: tones and noise that swell, fade and are silent."""
        if not self.samples:
            return rng.normal(0, 1, (batch, time, self.features)).astype(np.float32)
        seconds = np.arange(time * STEP) / RATE_HZ
        tone = np.sin(2 * np.pi * rng.uniform(100, 3000, (batch, 1)) * seconds)
        noise = rng.standard_normal((batch, time * STEP))
        swell = np.maximum(0, np.sin(2 * np.pi * (rng.uniform(0.5, 3, (batch, 1)) * seconds + rng.random((batch, 1)))))
        return (0.2 * swell * (tone + 0.3 * noise)).reshape(batch, time, STEP).astype(np.float32)


def ordered(words: Iterable[str]) -> tuple[str, ...]:
    """Put words in the order of classes: `_unknown_` and `_silence_`, which is always one, last."""
    return tuple(sorted({*words, SILENCE}, key=lambda word: (word == SILENCE, word == UNKNOWN, word)))


def make_codec(pieces: Iterable[Clip], bidirectional: bool = False) -> KeywordCodec:
    """Build a codec of the words of clips, with the mean and standard deviation of their features.

    Raises:
        DataError: They have no word.
    """
    pieces = list(pieces)
    words = ordered(piece.word for piece in pieces)
    if words == (SILENCE,):
        raise DataError("there are no clips of a word: give some")
    return KeywordCodec(words, *measured(pieces), bidirectional=bidirectional)


def default_codec(bidirectional: bool = False) -> KeywordCodec:
    """Build a codec of the words of Speech Commands, for untrained networks."""
    return KeywordCodec(WORDS, bidirectional=bidirectional)
