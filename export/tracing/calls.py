"""The calls of recurrent layers in one forward pass, and the states that enter and leave the network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from zoo.core.states import input_name

from .cells import STATES, Track

Through = Callable[[Sequence[Track], Any, Any], list[tuple[Any, list[Any]]]]
"""`through(tracks, x, mask)`: run cells over the same input, each in its direction.

`x (batch, time, …)`; `mask (batch, time)` bool or None: a masked step leaves the state as it is. Returns, track by
track, the hidden states `h` of all steps `(batch, time, …)` in the order of time (None if the track does not want
them), and the last state.
"""


@dataclass(frozen=True)
class Slot:
    """A state that enters and leaves the network because no input of the model gives it.

    Attributes:
        path: Path of its layer.
        name: `h0_0`, `c0_0`, `h0_1`, …: counted by cells in the order they are called.
        shape: Without the batch axis.
    """

    path: str
    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """One run through a recurrent layer.

    Attributes:
        path: Path of the layer.
        tracks: Its cells: one, those of a stack from the input on, or the two directions; their `state` is empty.
        masked: Whether there was a mask.
        given: Whether it was given its initial state.
        returned: Whether it returns its last state to the model.
        live: Cell by cell, whether an output of the model depends on it.
        results: Cell by cell, the tensors that depend on it, while they are of interest.
    """

    path: str
    tracks: tuple[Track, ...]
    masked: bool = False
    given: bool = False
    returned: bool = False
    live: tuple[bool, ...] = ()
    results: tuple[tuple[Any, ...], ...] = field(default=(), repr=False, compare=False)

    @property
    def used(self) -> list[Track]:
        """Return the cells that an output depends on; all of them where that is not known."""
        return [track for track, live in zip(self.tracks, self.live or [True] * len(self.tracks), strict=True) if live]


def _graph() -> Any:
    """Return the graph that is being traced."""
    import tensorflow as tf

    return tf.compat.v1.get_default_graph()


@dataclass
class States:
    """The states of one forward pass.

    Attributes:
        every: All recurrent layers that the model gives no state show theirs, not only the stateful ones.
        given: What enters, slot by slot; None starts with zeros.
        unused: Paths of layers that no output depends on: they start with zeros and show no state.
        slots: What was found to enter, in the order of the calls.
        new: What leaves, slot by slot.
        calls: Every run through a recurrent layer, as Keras itself made it.
    """

    every: bool = False
    given: Sequence[Any] | None = None
    unused: frozenset[str] = frozenset()
    slots: list[Slot] = field(default_factory=list)
    new: list[Any] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    where: dict[int, int] = field(default_factory=dict)  # stateful layer → its first slot
    graph: Any = field(default_factory=_graph, repr=False)  # that of the forward pass

    def enter(self, layer: Any, path: str, x: Any, initial: Any, cells: Sequence[Any]) -> tuple[list[Any], int | None]:
        """Return the state that a layer starts from, flat, and the first of its slots if it has any."""
        from keras import ops, tree

        if initial is not None:
            return [ops.cast(tensor, "float32") for tensor in tree.flatten(initial)], None
        zeros = tree.flatten(layer.get_initial_state(ops.shape(x)[0]))
        if self.graph is not _graph():  # inside of a loop, which the state of one of its rounds does not leave
            return zeros, None
        if not (layer.stateful or self.every) or any(path == p or path.startswith(f"{p}/") for p in self.unused):
            return zeros, None
        if id(layer) in self.where:  # called before: it continues from there
            at = self.where[id(layer)]
            return self.new[at : at + len(zeros)], at
        at = len(self.slots)
        index = sum(slot.name.startswith("h") for slot in self.slots)
        names = [input_name(kind, index + i) for i, cell in enumerate(cells) for kind in STATES[cell.kind]]
        self.slots += [Slot(path, n, tuple(z.shape[1:])) for n, z in zip(names, zeros, strict=True)]
        start = zeros if self.given is None else list(self.given[at : at + len(zeros)])
        self.new += start
        if layer.stateful:
            self.where[id(layer)] = at
        return start, at

    def leave(self, at: int | None, state: Sequence[Any]) -> None:
        """Record a layer's last state."""
        if at is not None:
            self.new[at : at + len(state)] = state
