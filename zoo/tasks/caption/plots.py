"""Pictures of captions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.core.plots import figure, plain, save


def looks(alignment: Any, seconds: float, tokens: Sequence[str], path: Path) -> Path:
    """Draw where a model looked: seconds from left to right, subwords from top to bottom, dark where it looked most.

    Args:
        alignment: `(tokens, frames)`, rows that add up to 1.
        seconds: Length of the clip.
        tokens: Names of the rows.
        path: File.
    """
    drawn = figure(figsize=(8, 1.2 + 0.3 * len(tokens)), layout="constrained")
    axes = drawn.add_subplot()
    extent = (0, seconds, len(tokens) - 0.5, -0.5)
    axes.imshow(alignment, cmap="Blues", vmin=0, aspect="auto", extent=extent, interpolation="nearest")
    axes.set_yticks(range(len(tokens)), [plain(name.strip() or name) for name in tokens])
    axes.set_xlabel("seconds")
    axes.tick_params(length=0, labelsize=9)
    return save(drawn, path)
