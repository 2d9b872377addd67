"""Clips with what is said of them."""

import re
import unicodedata
from dataclasses import dataclass

from zoo.media.clips import Clip

MOST_FRAMES = 3000
"""Of a clip: two minutes at 25 frames per second."""
MOST_BYTES = 1000
"""Of a caption, in UTF-8."""


@dataclass(frozen=True)
class Captioned:
    """A clip and its captions.

    Attributes:
        clip: The clip.
        captions: What is said of it, one sentence or more.
        chosen: Which caption a network is to learn, where one is.
    """

    clip: Clip
    captions: tuple[str, ...]
    chosen: int = 0

    def __len__(self) -> int:
        """Return the number of frames: clips of similar length share a batch."""
        return len(self.clip)

    @property
    def name(self) -> str:
        """Return where the clip is from, for messages."""
        return self.clip.name

    @property
    def caption(self) -> str:
        """Return the chosen caption."""
        return self.captions[self.chosen]


def tidy(text: str) -> str:
    """Return a caption with single spaces and composed letters (Unicode NFC)."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()
