"""Frames as networks take them: their size, color and rate. NumPy only; the layers are in `zoo.layers.frames`."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zoo.core.validation import limits
from zoo.errors import ArgumentError

CROPS = ("fit", "mouth")
LEAST, LARGEST = 16, 512  # pixels of a side
SEEN = 3  # frames that the network sees together
KERNELS = (5, 3, 3, 3)
GROWTH = (1, 2, 3, 4)  # filters of the convolutions of each frame, in those of the first
LIPS, RATE_HZ = (48, 96), 25.0
"""Height and width of the mouths of GRID in pixels, and how many frames there are in a second."""


class FrameCodec(Protocol):
    """What says which frames, or vectors in their place, a network takes: a codec, or a `FrameDescription`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a frame: `(height, width)` gray, `(height, width, 3)` in color, or `(features,)` numbers."""

    @property
    def rate_hz(self) -> float:
        """Frames per second."""

    @property
    def crop(self) -> str:
        """How frames of another size are brought to this one: a row of `zoo.media.crops.CROPS`."""

    @property
    def pixels(self) -> bool:
        """Whether frames are images."""

    @property
    def colour(self) -> bool:
        """Whether frames have red, green and blue."""


@dataclass(frozen=True)
class FrameDescription:
    """What codec.json contains of frames; see `FrameCodec`."""

    shape: tuple[int, ...] = limits(shortest=1, longest=3, each={"least": 1, "most": 1 << 16})
    rate_hz: float = limits(least=0.1, most=1000)
    crop: str = limits(choices=CROPS)

    def __post_init__(self) -> None:
        """Refuse frames out of range.

        Raises:
            ArgumentError: They are.
        """
        if len(self.shape) > 1 and not all(LEAST <= size <= LARGEST for size in self.shape[:2]):
            raise ArgumentError(f"shape={self.shape}: give sides of {LEAST} to {LARGEST} pixels")
        if self.shape[2:] not in ((), (3,)):
            raise ArgumentError(f"shape={self.shape}: give (height, width), (height, width, 3) or (features,)")

    @property
    def pixels(self) -> bool:
        """Whether frames are images."""
        return len(self.shape) > 1

    @property
    def colour(self) -> bool:
        """Whether frames have red, green and blue."""
        return len(self.shape) == 3


def described(codec: FrameCodec, filters: int, embedding: int, late: str = "") -> str:
    """Describe, for a model's page, what becomes of frames before the recurrent layers.

    Args:
        codec: The codec.
        filters: Filters of the first convolution.
        embedding: Numbers that a frame becomes.
        late: What is to be said behind the frames.
    """
    if not codec.pixels:
        return f"{codec.shape[0]} numbers a frame → {embedding}, normalized"
    size = " × ".join(map(str, codec.shape[:2]))
    several = ", ".join(str(times * filters) for times in GROWTH)
    return (
        f"{codec.rate_hz:g} frames a second of {size} {'colour' if codec.colour else 'grey'} pixels{late} → mean 0, "
        f"deviation 1 → each frame with the two before it → convolutions of {several} filters, 5 × 5 and 3 × 3, "
        f"each with a stride of 2 → {embedding} numbers, normalized"
    )


def example(codec: FrameCodec, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
    """Return something like film, `(batch, time, *shape)`: a picture that moves, and noise; or random numbers."""
    if not codec.pixels:
        return rng.standard_normal((batch, time, *codec.shape)).astype(np.float32)
    high, wide = (np.arange(size) for size in codec.shape[:2])
    at = np.cumsum(rng.normal(0, 0.3, (batch, time, 2)), axis=1)[..., None, None]
    down, along = at[:, :, 0] + high[:, None] / 6, at[:, :, 1] + wide[None] / 9
    light = 128 + 60 * np.sin(down) * np.cos(along)
    if codec.colour:
        light = np.stack([light, light[..., ::-1], 255 - light], -1)
    return np.clip(light + rng.normal(0, 8, light.shape), 0, 255).astype(np.uint8)
