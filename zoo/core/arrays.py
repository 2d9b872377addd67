"""Array functions for codecs that compute token by token, outside of a graph: NumPy, or plain Python for one number."""

from types import SimpleNamespace
from typing import Any

import numpy as np


def _expand_dims(array: np.ndarray, axis: int) -> np.ndarray:
    """Add an axis; for one token NumPy's own function takes ten times as long."""
    return array[(slice(None),) * axis + (None,)]


ARRAYS: Any = SimpleNamespace(**{**vars(np), "expand_dims": _expand_dims})
"""NumPy's functions, as `look` and `after` of a codec take them."""

SCALARS: Any = SimpleNamespace(where=lambda shown, one, other: one if shown else other, maximum=max, minimum=min)
"""The functions that codecs need for Python numbers: for one piece, arrays are several times slower."""
