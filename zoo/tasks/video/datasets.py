"""Video data sets."""

from zoo.core.datasets import Dataset
from zoo.media.grid import GRID


def datasets() -> tuple[Dataset, ...]:
    """Return what the video models are trained on."""
    return (GRID,)
