"""Video ↔ a sentence: frames go in as they are, and subwords come out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core import frames
from zoo.core.codec import FrontEnd, described
from zoo.core.frames import LIPS, RATE_HZ, FrameDescription
from zoo.core.pairs import BEGIN, PAD
from zoo.core.recipe import Recipe
from zoo.core.sentences import SPECIAL, SentenceCodec, given, learned, subwords_of, wanted
from zoo.core.subwords import Subwords, SubwordsDescription
from zoo.core.validation import limits
from zoo.errors import CodecError, DataError
from zoo.tasks.caption.pieces import Captioned

BYTE = 256


@dataclass(frozen=True)
class Description(FrameDescription, SubwordsDescription):
    """What codec.json contains."""

    type: str = limits("caption", choices=("caption",))


class CaptionCodec(SentenceCodec):
    """Clips ↔ sentences.

    The source is `(batch, time, height, width)`, or with a last axis of 3, uint8, or `(batch, time, features)` float32;
    it ends with its last frame that is not all zeros. In training x has one row of pixels more, or one number: the id
    of the subword before, the first pixel times 256 plus the second.

    Args:
        subwords: Subwords of the captions.
        form: Size, color and rate of the frames.
    """

    def __init__(self, subwords: Subwords, form: FrameDescription) -> None:
        super().__init__(subwords)
        self.form, self.source_shape = form, form.shape
        first, *rest = form.shape
        self.shape = (first + 1, *rest)
        self.features = int(np.prod(self.shape))
        self.source_dtype = self.dtype = "uint8" if form.pixels else "float32"

    @property
    def rate_hz(self) -> float:
        """Frames per second."""
        return self.form.rate_hz

    @property
    def crop(self) -> str:
        """How frames of another size are brought to this one."""
        return self.form.crop

    @property
    def height(self) -> int:
        """Height of a frame in pixels; 0 of vectors."""
        return self.form.shape[0] if self.form.pixels else 0

    @property
    def width(self) -> int:
        """Width of a frame in pixels; 0 of vectors."""
        return self.form.shape[1] if self.form.pixels else 0

    @property
    def colour(self) -> bool:
        """Whether frames have red, green and blue."""
        return self.form.colour

    def frontend(self) -> FrontEnd:
        """Return the front end: strided convolutions of each frame and those before it; vectors are projected."""
        from zoo.layers.frames import FrameFrontEnd

        return FrameFrontEnd(self.source_shape, stateless=True)

    def describe(self, recipe: Recipe) -> tuple[str, str]:
        """Describe the front end and the classes; see `zoo.core.codec.Codec`."""
        below = frames.described(self.form, recipe.settings.filters, recipe.embedding)
        return below, f"{self.classes} subwords"

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        about = {"shape": list(self.form.shape), "rate_hz": self.rate_hz, "crop": self.crop}
        return {"type": "caption", "merges": list(self.subwords.merges), **about}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CaptionCodec":
        """Build the codec that `to_json` described.

        Raises:
            CodecError: It is no description of one.
        """
        found = described(data, Description)
        return cls(subwords_of(found), FrameDescription(found.shape, found.rate_hz, found.crop))

    def columns(self) -> list[dict[str, Any]]:
        """Describe the columns of x."""
        size = int(np.prod(self.source_shape))
        kind = ("pixels from 0 to 255, " + ("red, green and blue" if self.colour else "gray")) * self.form.pixels
        what = f"{kind or 'numbers'}, {self.rate_hz:g} frames a second"
        before = {"name": "subword before, of the caption", "offset": size, "size": self.features - size}
        return [{"name": what, "offset": 0, "size": size}, before]

    def encode(self, pieces: Sequence[Captioned]) -> tuple[np.ndarray, np.ndarray]:
        """Return x `(batch, time, *shape)` and the subwords to predict `(batch, time)`, -1 past the end of a caption.

        Raises:
            CodecError: A clip has frames of another size.
        """
        rows = [self.ids(piece.caption) for piece in pieces]
        sources, before = [self._frames(piece) for piece in pieces], given(rows)
        time = 1 + max(map(len, (*sources, *before)), default=0)  # the last step is padding, which is repeated
        x = np.zeros((len(pieces), time, *self.shape), self.dtype)
        for row, source, ids in zip(x, sources, before, strict=True):
            row[: len(source), :-1] = source
            self._write(row, ids)
        return x, wanted(rows, time)

    def _frames(self, piece: Captioned) -> np.ndarray:
        if piece.clip.shape != self.source_shape:
            raise CodecError(f"{piece.name or 'a clip'}: frames of {piece.clip.shape}, {self.source_shape} wanted")
        return piece.clip.pixels

    def _write(self, x: np.ndarray, ids: np.ndarray) -> None:
        """Write ids `(some,)` behind the frames of x `(time, *shape)`."""
        last = x[: len(ids), -1]
        if not self.form.pixels:
            last[:] = ids
            return
        both = np.stack([ids // BYTE, ids % BYTE], 1)
        last[:, :2] = both[..., None] if self.colour else both

    def split(self, xp: Any, x: Any) -> tuple[Any, Any]:
        """Return the source and the inputs of the decoder; see `zoo.core.codec.PairCodec`."""
        source, last = x[:, :, :-1], x[:, :, -1]
        whole = _whole(xp, last)
        if not self.form.pixels:
            return source, whole
        pixels = whole[..., 0] if self.colour else whole
        return source, pixels[:, :, 0] * BYTE + pixels[:, :, 1]

    def mask(self, xp: Any, source: Any) -> Any:
        """Return where a source has not ended, `(batch, time)` bool: up to its last frame that is not all zeros."""
        axes = tuple(range(2, 2 + len(self.source_shape)))
        seen = xp.max(_whole(xp, source) if self.form.pixels else xp.abs(source), axis=axes) > 0
        places = xp.cumsum(xp.ones_like(seen, dtype="int32"), axis=1)
        return places <= xp.max(xp.where(seen, places, xp.zeros_like(places)), axis=1, keepdims=True)

    def sources(self, pieces: Sequence[Any]) -> np.ndarray:
        """Return the frames of clips with captions, or arrays of frames, `(batch, time, *source_shape)`."""
        found = [self._frames(piece) if isinstance(piece, Captioned) else piece for piece in pieces]
        x = np.zeros((len(found), max(map(len, found), default=0), *self.source_shape), self.source_dtype)
        for row, source in zip(x, found, strict=True):
            row[: len(source)] = source
        return x

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Return random clips and captions, `(batch, time, *shape)`."""
        x = np.zeros((batch, time, *self.shape), self.dtype)
        x[:, :, :-1] = self.example_source(rng, batch, time)
        for row in x:
            self._write(row, np.append([BEGIN], rng.integers(len(SPECIAL), self.symbols, time - 1)))
        return x

    def example_source(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Return something like clips of several lengths, `(batch, time, *source_shape)`."""
        found = frames.example(self.form, rng, batch, time)
        lengths = rng.integers(1, time + 1, batch)
        for row, length in zip(found, lengths, strict=True):
            row[length:] = PAD
        return found


def _whole(xp: Any, numbers: Any) -> Any:
    """Return numbers as int32: TFLite has no maximum of bytes, and their products overflow."""
    return xp.cast(numbers, "int32") if hasattr(xp, "cast") else numbers.astype(np.int32)


def make_codec(pieces: Iterable[Captioned], bidirectional: bool = False, vocabulary: int = 400) -> CaptionCodec:  # noqa: ARG001
    """Learn the subwords of captions.

    Args:
        pieces: Clips with captions.
        bidirectional: Whether the encoder is; it takes the same.
        vocabulary: Subwords in all; fewer if there is not enough text.

    Raises:
        DataError: The clips have frames of several sizes.
        MissingExtra: `tokenizers` is not installed.
    """
    pieces = list(pieces)
    forms = {(piece.clip.shape, piece.clip.rate_hz, piece.clip.crop) for piece in pieces}
    if len(forms) != 1:
        raise DataError(f"clips of {sorted(forms)}: give frames of one size")
    texts = (text for piece in pieces for text in piece.captions)
    return CaptionCodec(learned(texts, vocabulary), FrameDescription(*forms.pop()))


def default_codec(bidirectional: bool = False) -> CaptionCodec:  # noqa: ARG001
    """Build a codec of bytes and the frames of GRID, for untrained networks."""
    return CaptionCodec(Subwords(()), FrameDescription(LIPS, RATE_HZ, "mouth"))
