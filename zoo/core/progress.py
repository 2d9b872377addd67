"""Progress bars."""

from collections.abc import Iterable
from typing import Any


def bar(iterable: Iterable[Any], show: bool, total: int | None, unit: str) -> Iterable[Any]:
    """Wrap an iterable in a progress bar."""
    if not show:
        return iterable
    from tqdm import tqdm

    return tqdm(iterable, total=total, unit=unit, leave=False)
