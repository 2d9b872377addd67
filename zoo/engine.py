"""The seam between models and what runs their networks."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np


class Engine(Protocol):
    """Whatever can run a network: Keras, SavedModel, TFLite, ONNX Runtime.

    One that can also make many tokens in one call has a method `generate`; see `zoo.keras_engine.KerasEngine`.
    """

    name: str

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """Give the state before the first step."""

    def step(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x (batch, time, …)` from a state; give `y (batch, time, classes)` and the new state."""


def bar(iterable: Iterable[Any], show: bool, total: int | None, unit: str) -> Iterable[Any]:
    """Wrap an iterable in a progress bar."""
    if not show:
        return iterable
    from tqdm import tqdm

    return tqdm(iterable, total=total, unit=unit, leave=False)
