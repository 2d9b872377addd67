"""The seam between models and what runs their networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

if TYPE_CHECKING:
    import numpy as np

    from zoo.core.codec import GenerationCodec

EngineName = Literal["onnx", "keras"]
"""Engines that run a preset."""
ENGINES: tuple[EngineName, ...] = get_args(EngineName)


class Engine(Protocol):
    """Whatever can run a network: Keras, SavedModel, TFLite, ONNX Runtime.

    Attributes:
        name: What it is.
        concurrent: Several threads may call it at once.
    """

    name: str
    concurrent: bool

    @property
    def network(self) -> Any:
        """The `keras.Model` that it runs, or that its graph was made of; ArgumentError if there is none."""

    @property
    def loop_threshold(self) -> int | None:
        """Shortest piece for which the compiled loop is faster than single steps.

        0 if only the loop exists, None if there is no loop; see `zoo.networks.keras_engine.KerasEngine.generate`.
        """

    @property
    def chunk(self) -> int | None:
        """Tokens that one call of the loop makes; None: any number."""

    @property
    def batch(self) -> int | None:
        """Pieces that one call of `step` takes; None: any number."""

    @property
    def steps(self) -> int | None:
        """Time steps that one call of `step` takes; None: any number."""

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """Return the state before the first step: zeros."""

    def step(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x (batch, time, …)` from a state; return `y (batch, time, classes)` and the new state."""


class LoopEngine(Engine, Protocol):
    """An engine that can make many tokens in one call."""

    def generate(
        self, codec: GenerationCodec, script: np.ndarray, uniform: np.ndarray, temperatures: np.ndarray,
        top_k: int | None, top_p: float | None, memory: Any,
    ) -> tuple[np.ndarray, Any]:  # fmt: skip
        """Make tokens `(batch, time)`; see `zoo.networks.keras_engine.KerasEngine.generate`."""


class PairEngine(Engine, Protocol):
    """An engine of an encoder–decoder network: a state is the memory, its mask, and the states of the decoder."""

    def encode(self, source: np.ndarray) -> list[np.ndarray]:
        """Return the state before the first step for sources `(batch, time, …)`."""

    def attention(self, x: np.ndarray, state: Sequence[np.ndarray]) -> np.ndarray:
        """Return the weights of the steps of the source for each step of x, `(batch, time, source time)`."""
