"""Video ↔ labels: frames go in as they are, and the logits of one label a frame come out.

The network tells the label of a frame `delay` frames later, so that one which only sees the past has seen what comes
next: `encode` adds as many frames at the end of a clip, the last one again.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core import frames
from zoo.core.codec import FrontEnd, described, known, padded
from zoo.core.frames import CROPS, LIPS, RATE_HZ, FrameDescription
from zoo.core.recipe import Recipe
from zoo.core.validation import MOST_SYMBOLS, checked, limits
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.media.clips import SILENCE, Clip
from zoo.tasks.video import poses
from zoo.tasks.video.landmarks import Landmarks

BACKGROUND = "none"  # label of nothing in the user's own clips
GRAMMAR = (
    ("bin", "lay", "place", "set"),
    ("blue", "green", "red", "white"),
    ("at", "by", "in", "with"),
    tuple("abcdefghijklmnopqrstuvxyz"),
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    ("again", "now", "please", "soon"),
)
"""The words of each part of GRID's sentences."""
DELAY, MAX_DELAY = 4, 100  # frames: usual for networks that only see the past, 160 ms; the most
DECODING = "the likeliest label of every frame; what y tells of frame t stands at step t + delay"
SENTENCE = "; the sentence: one word of each part of the grammar, in their order, likeliest over all frames"


NAMES = ("labels", "shape", "rate_hz", "delay", "crop", "rest", "grammar", "whole", "landmarks")


@dataclass(frozen=True)
class Description:
    """What codec.json contains."""

    labels: tuple[str, ...] = limits(
        shortest=1, longest=MOST_SYMBOLS, unique=True, each={"shortest": 1, "longest": 200}
    )
    shape: tuple[int, ...] = limits(shortest=1, longest=3, each={"least": 1, "most": 1 << 16})
    rate_hz: float = limits(least=0.1, most=1000)
    delay: int = limits(least=0, most=MAX_DELAY)
    crop: str = limits(choices=CROPS)
    rest: str = limits(longest=200)
    grammar: tuple[tuple[str, ...], ...] = limits(longest=100, each={"shortest": 1, "longest": 1000, "unique": True})
    whole: bool = limits()
    landmarks: Landmarks | None = limits(None)
    type: str = limits("video", choices=("video",))
    decoding: str = limits("")

    def __post_init__(self) -> None:
        """Refuse frames out of range, and words that are no labels.

        Raises:
            ArgumentError: There are some.
        """
        FrameDescription(self.shape, self.rate_hz, self.crop)
        if self.landmarks and self.shape != (self.landmarks.features,):
            raise ArgumentError(f"shape={self.shape}: {self.landmarks} are {self.landmarks.features} numbers")
        words = {word for part in self.grammar for word in part} | ({self.rest} if self.rest else set())
        if strange := sorted(words - set(self.labels)):
            raise ArgumentError(f"{', '.join(strange[:5])}: a word of the grammar, or of rest, is no label")


def _is_in(word: str, part: Sequence[str]) -> bool:
    return word in part


class VideoCodec:
    """Clips ↔ labels.

    Args:
        labels: Names of the classes, each once.
        shape: Of a frame: `(height, width)` grey, `(height, width, 3)` in colour, or `(features,)` numbers.
        rate_hz: Frames per second.
        delay: Frames that the network sees after a frame before it tells its label.
        crop: How frames of another size are brought to this one: `fit` scales and cuts the longer side, `mouth` finds
            the mouth of a talking head.
        rest: The label that stands for nothing, such as silence; "" if there is none.
        grammar: The words of each part of a sentence, if the labels are those of sentences.
        bidirectional: For a bidirectional network.
        landmarks: What vectors are, if they are landmarks: these are normalized, and those that are missing filled in.

    Raises:
        ArgumentError: A label twice or none, a size out of range, or a word that is no label.
    """

    group, symbols = 1, 0

    def __init__(
        self, labels: Sequence[str], shape: Sequence[int], rate_hz: float = 25.0, delay: int = 0, crop: str = "fit",
        rest: str = "", grammar: Sequence[Sequence[str]] = (), bidirectional: bool = False,
        landmarks: Landmarks | None = None,
    ) -> None:  # fmt: skip
        given = checked(Description, {
            "labels": list(labels), "shape": list(shape), "rate_hz": rate_hz, "delay": delay, "crop": crop,
            "rest": rest, "grammar": [list(part) for part in grammar], "whole": bool(bidirectional),
            "landmarks": landmarks.to_json() if landmarks else None,
        })  # fmt: skip
        self.vocabulary, self.grammar, self.shape = given.labels, given.grammar, given.shape
        self.pixels, self.rate_hz, self.delay = len(shape) > 1, given.rate_hz, given.delay
        self.crop, self.rest, self.bidirectional = crop, rest, bool(bidirectional)
        self.classes, self.features = len(self.vocabulary), int(np.prod(self.shape))
        self.dtype, self.edges = "uint8" if self.pixels else "float32", self.delay
        self.landmarks = given.landmarks
        self.ids = {label: i for i, label in enumerate(self.vocabulary)}

    @property
    def learning(self) -> "VideoCodec":
        """Give the codec of the part of a network that is trained: itself."""
        return self

    @property
    def height(self) -> int:
        """Give the height of a frame in pixels; 0 of vectors."""
        return self.shape[0] if self.pixels else 0

    @property
    def width(self) -> int:
        """Give the width of a frame in pixels; 0 of vectors."""
        return self.shape[1] if self.pixels else 0

    @property
    def colour(self) -> bool:
        """Tell whether frames have red, green and blue."""
        return len(self.shape) == 3

    def to_json(self) -> dict[str, Any]:
        """Describe the codec: labels, size, rate, delay, how frames are cut and logits decoded."""
        return {
            "type": "video", "labels": list(self.vocabulary), "shape": list(self.shape), "rate_hz": self.rate_hz,
            "delay": self.delay, "crop": self.crop, "rest": self.rest, "grammar": [list(part) for part in self.grammar],
            "whole": self.bidirectional, "decoding": DECODING + SENTENCE * bool(self.grammar),
            **({"landmarks": self.landmarks.to_json()} if self.landmarks else {}),
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "VideoCodec":
        """Build the codec that `to_json` described.

        Raises:
            CodecError: The description is not one of a video codec.
        """
        found = described(data, Description)
        return cls(*(getattr(found, name) for name in NAMES))

    def speaks(self, piece: Clip) -> bool:
        """Tell whether the labels of a clip are sentences of the grammar, one word of each part after the other."""
        said = [span.label for span in piece.spans if span.label != self.rest]
        parts = itertools.cycle(self.grammar)
        return bool(said and self.grammar) and not len(said) % len(self.grammar) and all(map(_is_in, said, parts))

    def extended(self, pieces: Iterable[Clip]) -> tuple["VideoCodec", np.ndarray, np.ndarray, np.ndarray]:
        """Take the labels of clips instead of its own, unless they are its own; see `zoo.core.codec.Codec`."""
        pieces = list(pieces)
        found = {span.label for piece in pieces for span in piece.spans}
        keep = found <= set(self.vocabulary) and (not self.grammar or all(map(self.speaks, pieces)))
        labels = self.vocabulary if keep else tuple(sorted(found))
        if len(labels) < 2:
            raise CodecError(f"all clips are of the class {', '.join(labels)}: give clips of two at least")
        if any(not one.same(self.landmarks) for piece in pieces[:1] if (one := piece.landmarks)):
            raise CodecError("the clips have other landmarks than the base model: give the same, or no base model")
        rate_hz, crop = (pieces[0].rate_hz, pieces[0].crop) if pieces else (self.rate_hz, self.crop)
        codec = VideoCodec(
            labels, self.shape, rate_hz, self.delay, crop, self.rest if keep or self.rest in found else "",
            self.grammar if keep else (), self.bidirectional, self.landmarks,
        )  # fmt: skip
        classes = np.array([self.ids.get(label, -1) for label in labels])
        return codec, np.zeros(0, int), classes, np.arange(1)

    def for_direction(self, bidirectional: bool) -> "VideoCodec":
        """Return the codec for bidirectional networks, or for causal ones, which have a delay."""
        if bidirectional == self.bidirectional:
            return self
        delay = 0 if bidirectional else DELAY
        return VideoCodec(
            self.vocabulary, self.shape, self.rate_hz, delay, self.crop, self.rest, self.grammar, bidirectional,
            self.landmarks,
        )  # fmt: skip

    def frontend(self) -> FrontEnd | None:
        """Return the front end: strided convolutions of each frame and those before it."""
        from zoo.layers.frames import FrameFrontEnd
        from zoo.tasks.video.frontend import BodyFrontEnd

        if self.landmarks:
            return BodyFrontEnd(self.landmarks, self.rate_hz, self.bidirectional)
        return FrameFrontEnd(self.shape, self.bidirectional)

    def describe(self, recipe: Recipe) -> tuple[str, str]:
        """Describe the front end and the classes; see `zoo.core.codec.Codec`."""
        if self.landmarks:
            what = f"{self.landmarks} a frame, brought to one origin and size of a body, and their motion"
            return f"{what} → {recipe.embedding}, normalized", f"{self.classes} classes"
        late = f" (the label of a frame is told {self.delay} frames later)" * bool(self.delay)
        return frames.described(self, recipe.settings.filters, recipe.embedding, late), f"{self.classes} classes"

    def columns(self) -> list[dict[str, Any]]:
        """Say what the columns of x are."""
        if self.landmarks:
            return self.landmarks.columns()
        if not self.pixels:
            return [{"name": "numbers", "offset": 0, "size": self.features}]
        kind = "red, green and blue" if self.colour else "grey"
        told = f"pixels from 0 to 255, {kind}, {self.rate_hz:g} frames a second, the last one {self.delay} times more"
        return [{"name": told, "offset": 0, "size": self.features}]

    def labels(self, piece: Clip) -> list[str]:
        """Name the labels of the frames of a clip."""
        return [piece.label_of(frame) for frame in range(len(piece))]

    def tokens(self, piece: Clip) -> np.ndarray:
        """Give the label of each frame, `(time,)`; -1 where it has none.

        Raises:
            CodecError: A label is not one of the codec's.
        """
        found = np.full(len(piece), -1, np.int32)
        for span in piece.spans:
            if span.label not in self.ids:
                raise CodecError(f"{piece.name or 'a clip'}: no label is called {span.label!r}: {self.vocabulary}")
            first, last = (int(np.ceil(min(at, len(found)) - 0.5)) for at in (span.start, span.end))
            found[max(0, first) : max(0, last)] = self.ids[span.label]
        return found

    def encode(self, pieces: Sequence[Clip]) -> tuple[np.ndarray, np.ndarray]:
        """Turn clips into `(batch, time, *shape)` and labels `(batch, time)`, -1 where there is none.

        Raises:
            CodecError: A clip has frames of another size.
        """
        for piece in pieces:
            if piece.shape != self.shape:
                raise CodecError(f"{piece.name or 'a clip'}: frames of {piece.shape}, {self.shape} wanted")
        longest = max(map(len, pieces), default=0) + self.delay
        still = [(0, 0)] * len(self.shape)
        x = [np.pad(self.frames(p), ((0, longest - len(p)), *still), "edge") for p in pieces]
        later = np.full(self.delay, -1, np.int32)
        return np.stack(x), padded([np.concatenate([later, self.tokens(piece)]) for piece in pieces], -1)

    def frames(self, piece: Clip) -> np.ndarray:
        """Return the frames of a clip as the network takes them, `(time, *shape)`: missing landmarks filled in."""
        found = piece.pixels
        if not self.landmarks or not poses.missing(found, self.landmarks).any():
            return found
        return np.stack(list(poses.filled(found, self.landmarks, self.bidirectional)))

    def decode(self, ids: np.ndarray, like: Any = None) -> str:  # noqa: ARG002
        """Name labels.

        Raises:
            CodecError: An id the codec does not have.
        """
        return " ".join(self.vocabulary[i] for i in known(ids, self.classes))

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Return something like film, `(batch, time, *shape)`, or random numbers."""
        found = frames.example(self, rng, batch, time)
        return self.landmarks.with_gaps(found, rng) if self.landmarks else found


def make_codec(pieces: Iterable[Clip], bidirectional: bool = False) -> VideoCodec:
    """Build a codec with the labels of clips; of GRID's sentences that of GRID.

    Raises:
        DataError: The clips have no labels, only one, or frames of several sizes.
    """
    pieces = list(pieces)
    found = {span.label for piece in pieces for span in piece.spans}
    shapes = {piece.shape for piece in pieces}
    if not found or len(shapes) != 1:
        raise DataError(f"clips of {sorted(shapes)} with {len(found)} labels: give labels, and frames of one size")
    if len(found) < 2:
        raise DataError(f"all clips are of the class {', '.join(found)}: give clips of two at least")
    grid = default_codec(bidirectional)
    if found <= set(grid.vocabulary) and all(grid.speaks(piece) for piece in pieces):
        return grid
    rest, one = BACKGROUND if BACKGROUND in found else "", pieces[0]
    return VideoCodec(
        sorted(found), shapes.pop(), one.rate_hz, crop=one.crop, rest=rest, bidirectional=bidirectional,
        landmarks=one.landmarks,
    )  # fmt: skip


def default_codec(bidirectional: bool = False) -> VideoCodec:
    """Build the codec of GRID's sentences."""
    labels = (SILENCE, *(word for part in GRAMMAR for word in part))
    delay = 0 if bidirectional else DELAY
    return VideoCodec(labels, LIPS, RATE_HZ, delay, "mouth", SILENCE, GRAMMAR, bidirectional)
