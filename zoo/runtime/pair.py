"""The engine of an encoder–decoder network: the networks that it consists of, whatever runs them."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zoo.core.states import output_name
from zoo.errors import ArgumentError, ArtifactError

Network = Callable[..., dict[str, np.ndarray]]
"""Inputs in their order → outputs by name, in their order."""


class Pair:
    """Runs an encoder–decoder network; see `zoo.core.engine.PairEngine`.

    What the encoder returns enters the decoder after `x`. Of that, what leaves the decoder again, `h0_0` as `hn_0`, is
    different in the next call; all else, such as the memory, stays.

    Args:
        name: What runs it.
        encoder: `source` → what enters the decoder.
        decoder: `x` and what the encoder returned → `y`, `attention` where it has any, `hn_0`, ….
        between: Names of what the encoder returns, as the decoder calls it.
        build: Returns the Keras network of both; None for an artifact.
        concurrent: Several threads may call it at once.
        fixed: Rows of a call, and steps of one of the decoder, where they are fixed.
        classes: Outputs of the decoder for each step, where they are known.

    Attributes:
        about: How an artifact was made, from its manifest; None for a preset.
        opened: The two artifacts or graphs that it consists of, if it does.
    """

    loop_threshold = chunk = None

    def __init__(
        self, name: str, encoder: Network, decoder: Network, between: Sequence[str],
        build: Callable[[], Any] | None = None, concurrent: bool = True,
        fixed: tuple[int | None, int | None] = (None, None), classes: int | None = None,
    ) -> None:  # fmt: skip
        self.classes, (self.batch, self.steps) = classes, fixed
        self.name, self.encoder, self.decoder, self.between = name, encoder, decoder, tuple(between)
        self.build, self.concurrent = build, concurrent
        self.about: dict[str, Any] | None = None
        self.opened: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        """Return the format and what it consists of."""
        return f"{self.name} encoder and decoder: encode(source), step(x, state)"

    @functools.cached_property
    def network(self) -> Any:
        """Return the Keras network.

        Raises:
            ArgumentError: It is an artifact, which has none.
        """
        if self.build is None:
            raise ArgumentError(f"{self!r} have no Keras network: load the model that they were exported from")
        return self.build()

    def initial_state(self, batch: int) -> list[np.ndarray]:
        """Refuse to start without a source.

        Raises:
            ArgumentError: Always.
        """
        raise ArgumentError(f"initial_state({batch}): a decoder starts from a source: call encode(source)")

    def encode(self, *source: np.ndarray) -> list[np.ndarray]:
        """Return the state before the first step for sources `(batch, time, …)`."""
        return list(in_calls(self.encoder, source, self.batch).values())

    def step(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Run `x (batch, time, …)` from a state; return `y (batch, time, classes)` and the new state.

        Raises:
            ArgumentError: The artifact takes another number of steps at a time.
            ArtifactError: What the decoder returns has other sizes than x and the state.
        """
        found, new = self._run(x, state)
        return next(iter(found.values())), new

    def attention(self, x: np.ndarray, state: Sequence[np.ndarray]) -> np.ndarray:
        """Return the weights of the steps of the source for each step of x, `(batch, time, source time)`."""
        return self._run(x, state)[0]["attention"]

    def _run(self, x: np.ndarray, state: Sequence[np.ndarray]) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
        """Run the decoder, in calls of as many steps as it is fixed to; return its outputs and the new state.

        Raises:
            ArgumentError: x has another number of steps than those of some calls.
            ArtifactError: What it returns has other sizes than x and the state.
        """
        size, parts, new = self.steps or x.shape[1], [], list(state)
        if x.shape[1] % size:
            raise ArgumentError(f"this artifact takes {size} steps at a time: {x.shape[1]} cannot be run")
        for at in range(0, x.shape[1], size):
            found = in_calls(self.decoder, [x[:, at : at + size], *new], self.batch)
            before, new = new, [found.pop(output_name(name), old) for name, old in zip(self.between, new, strict=True)]
            shapes = [[one.shape for one in arrays] for arrays in (before, new)]
            if shapes[0] != shapes[1] or any(one.shape[0] != len(x) for one in found.values()):
                sizes = ", ".join(f"{name} {one.shape}" for name, one in found.items())
                raise ArtifactError(f"the decoder is damaged: of x {x.shape} it returns {sizes}")
            parts.append(found)
        joined = {name: np.concatenate([part[name] for part in parts], 1) for name in parts[0]}
        return (joined if len(parts) > 1 else parts[0]), new


def in_calls(network: Network, arrays: Sequence[np.ndarray], size: int | None) -> dict[str, np.ndarray]:
    """Run a network in calls of as many rows as it is fixed to; the last row fills up the last call.

    Args:
        network: Inputs → outputs by name.
        arrays: Inputs `(batch, …)`.
        size: Rows of a call; None takes any number.
    """
    if size in (None, len(arrays[0])):
        return network(*arrays)
    parts = []
    for at in range(0, len(arrays[0]), size):
        some = [array[at : at + size] for array in arrays]
        missing = size - len(some[0])
        some = [np.concatenate([array, np.repeat(array[-1:], missing, 0)]) for array in some]
        parts.append({name: one[: size - missing] for name, one in network(*some).items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
