"""What codecs compute with token by token, outside of a graph: NumPy, and for one number Python."""

from types import SimpleNamespace
from typing import Any

import numpy as np


def _expand_dims(array: np.ndarray, axis: int) -> np.ndarray:
    """Add an axis; for one token NumPy's own function takes ten times as long."""
    return array[(slice(None),) * axis + (None,)]


ARRAYS: Any = SimpleNamespace(**{**vars(np), "expand_dims": _expand_dims})
"""NumPy's functions, as `look` and `after` of a codec take them."""

SCALARS: Any = SimpleNamespace(where=lambda shown, one, other: one if shown else other, maximum=max, minimum=min)
"""The same for Python's numbers, as far as there is need: for one piece an array is several times as slow."""
