"""Data sets of clips with captions."""

from collections.abc import Mapping, Sequence

from zoo.core.datasets import Dataset
from zoo.core.extras import require
from zoo.media.clips import SILENCE, Clip
from zoo.media.grid import GRID
from zoo.tasks.caption.pieces import Captioned


def datasets() -> tuple[Dataset, ...]:
    """Return what the caption models are trained on."""
    return (GRID,)


def prepare(clips: Mapping[str, Sequence[Clip]]) -> dict[str, list[Captioned]]:
    """Return the splits of GRID: clips with the sentence that is said.

    Raises:
        MissingExtra: What reads and measures captions is not installed.
    """
    require("training captions needs", "pycocoevalcap", "sacrebleu", "tokenizers")
    return {split: [Captioned(clip, (sentence(clip),)) for clip in some] for split, some in clips.items()}


def sentence(clip: Clip) -> str:
    """Return the words of a clip of GRID."""
    return " ".join(span.label for span in clip.spans if span.label != SILENCE)
