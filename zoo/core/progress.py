"""Progress bars."""

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from typing import Any


def tqdm() -> Any:
    """Return the class of progress bars: in a notebook that has ipywidgets its own, elsewhere text on stderr."""
    module = "tqdm.notebook" if "ipykernel" in sys.modules and importlib.util.find_spec("ipywidgets") else "tqdm"
    return importlib.import_module(module).tqdm


def bar(iterable: Iterable[Any], show: bool, total: int | None, unit: str) -> Iterable[Any]:
    """Wrap an iterable in a progress bar."""
    if not show:
        return iterable
    return tqdm()(iterable, total=total, unit=unit, leave=False)
