"""Representative inputs, by which a converter calibrates integer activations."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zoo.errors import ArgumentError
from zoo.runtime.signature import Face, bind

from .formats import Options


def samples(representative: Iterable[Any] | None) -> list[Any] | None:
    """Return representative inputs as a list, also those of a generator; None if there are none.

    Raises:
        ArgumentError: They are not iterable.
    """
    if representative is None:
        return None
    if not isinstance(representative, Iterable):
        raise ArgumentError(f"representative={representative!r}: give inputs, each an array or a list of arrays")
    return list(representative)


def calibrated(options: Options, face: Face) -> Options:
    """Return options whose representative inputs are arrays in the order of a face's inputs.

    Raises:
        ArgumentError: One of them does not fit the inputs of the model.
    """
    return options if options.representative is None else replace(options, representative=_bound(face, options))


def _bound(face: Face, options: Options) -> list[list[np.ndarray]]:
    """Bind representative inputs to the inputs of a face.

    A state that a sample does not have is zero in the first sample, and then the one that the sample before ended with:
    calibration has to see the states of chained calls.
    """
    found: list[list[np.ndarray]] = []
    states: dict[str, np.ndarray] = {}
    for sample in options.representative or ():
        named = sample if isinstance(sample, dict) else {}
        by_position: Sequence[Any] = [] if named else list(sample) if isinstance(sample, (list, tuple)) else [sample]
        arrays = bind(face.signature.inputs, by_position, named)
        given = {tensor.name for tensor in face.signature.inputs[: len(by_position)]} | set(named)
        for i, tensor in enumerate(face.signature.inputs):
            if tensor.name in states and tensor.name not in given:
                arrays[i] = states[tensor.name]
        found.append(arrays)
        if face.signature.states:
            results = face.source.run(arrays)
            states = {face.signature.inputs[i].name: results[o] for i, o in face.signature.states}
    return found
