"""The seam between models and what runs their networks."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class Engine(Protocol):
    """Whatever can run a network: Keras, SavedModel, TFLite, ONNX Runtime.

    Attributes:
        name: What it is.
        worth: From how many tokens on its method `generate`, which makes many in one call, is the faster way; 0: the
            only one; None: there is none. See `zoo.networks.keras_engine.KerasEngine.generate`.
        chunk: How many tokens such a call makes; None: any number.
        steps: How many steps `step` takes in a call; None: any number.
        concurrent: Several threads may call it at once.
    """

    name: str
    concurrent: bool

    @property
    def worth(self) -> int | None:
        """From how many tokens on `generate` is the faster way."""

    @property
    def chunk(self) -> int | None:
        """How many tokens a call of `generate` makes."""

    @property
    def steps(self) -> int | None:
        """How many steps a call of `step` takes."""

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """Give the state before the first step."""

    def step(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x (batch, time, …)` from a state; give `y (batch, time, classes)` and the new state."""
