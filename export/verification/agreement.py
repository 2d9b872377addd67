"""How often an artifact and Keras choose the same class, where outputs are scores of classes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.core.states import is_state, output_name
from zoo.runtime.signature import Face

SUM = 1e-3  # how near to 1 the sum of a distribution is


@dataclass
class Agreement:
    """Counts the rows of outputs in which both have their largest number at the same place.

    Attributes:
        face: Model and signature.
        rows: How many rows were compared, steps counted one by one.
        same: In how many of them the largest is the same; of several outputs, in all.
    """

    face: Face
    rows: int = 0
    same: int = 0

    def count(self, expected: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> None:
        """Count the rows of a call: outputs and states of Keras, and of the artifact."""
        for i in self._scores(expected):
            equal = expected[i].argmax(-1) == found[i].argmax(-1)
            self.rows += equal.size
            self.same += int(equal.sum())

    def measured(self) -> dict[str, float]:
        """Return the fraction of rows that agree, and their number; nothing if no output has scores of classes."""
        return {"argmax agreement": self.same / self.rows, "argmax rows": self.rows} if self.rows else {}

    def _scores(self, results: Sequence[np.ndarray]) -> Iterator[int]:
        """Yield the places of the outputs that are distributions, or linear outputs of a dense layer."""
        linear = _linear(self.face.source.network)
        for i, (tensor, array) in enumerate(zip(self.face.signature.outputs, results, strict=False)):
            states = {output_name(t.name) for t in self.face.signature.inputs if is_state(t.name)}
            if tensor.name in states or array.dtype.kind != "f" or array.ndim < 2 or array.shape[-1] < 2:
                continue
            if i in linear or is_distribution(array):
                yield i


def is_distribution(array: np.ndarray) -> bool:
    """Return whether all rows are probabilities."""
    return bool((array >= 0).all() and np.allclose(array.sum(-1), 1, atol=SUM))


def _linear(network: Any) -> set[int]:
    """Return the places of the outputs that a dense layer computes without an activation, such as logits."""
    import keras
    from keras import tree

    from zoo.layers.tied import TiedLogits

    found = set()
    for i, tensor in enumerate(tree.flatten(getattr(network, "outputs", None) or [])):
        layer = getattr(getattr(tensor, "_keras_history", None), "operation", None)
        layer = layer.layer if isinstance(layer, keras.layers.TimeDistributed) else layer
        if isinstance(layer, (keras.layers.Dense, TiedLogits)) and layer.activation is keras.activations.linear:
            found.add(i)
    return found
