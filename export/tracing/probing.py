"""Look at a Keras model by running it: at which sizes it runs, and why it does not at others."""

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zoo.core.validation import first_line
from zoo.errors import ArgumentError, UnsupportedLayer
from zoo.runtime.signature import Tensor

from .calls import States
from .cells import path_of_scope, walk

Size = tuple[int, int]
Look = Callable[[int, int], tuple[States, list[np.ndarray]]]
"""`look(batch, time)`: run a model once; return its states and outputs."""

PROBES: Sequence[tuple[Size, Size]] = (
    ((2, 4), (3, 25)), ((2, 31), (3, 100)), ((2, 150), (3, 450)), ((2, 700), (3, 2000))
)  # fmt: skip
"""(batch, time) of the first looks, two at once: what differs between them is a free axis. The shortest that the model
takes count; the second is so much longer that strides and pools can't make both the same."""


def probe(
    network: Any, inputs: Sequence[Tensor], look: Look, runs: Callable[[int, int], None]
) -> tuple[tuple[Size, Size], list[tuple[States, list[np.ndarray]]]]:
    """Run a model at the first two sizes that it takes.

    Args:
        network: The model.
        inputs: Its inputs, for messages.
        look: Run it, traced.
        runs: Run it without tracing.

    Raises:
        ArgumentError: There are none.
        UnsupportedLayer: It runs, but not when it is traced.
    """
    failed: list[Exception] = []
    for sizes in PROBES:
        try:
            return sizes, [look(*size) for size in sizes]
        except (UnsupportedLayer, ArgumentError):
            raise
        except Exception as error:  # noqa: BLE001 (whatever a model raises)
            failed.append(error)
    cause = f"{type(failed[0]).__name__}: {first_line(failed[0])}"
    if any(_goes(runs, *size) for size, _ in PROBES):
        raise UnsupportedLayer(
            f"{failing(network, failed[0])} runs, but cannot be traced ({cause}): write it without Python control "
            "flow over values or lengths, with keras.ops, or export the model without it"
        ) from failed[0]
    told = ", ".join(f"{t.name} {t.dtype}{list(t.shape)}" for t in inputs)
    raise ArgumentError(f"{network.name!r} does not run on {told} ({cause}): give inputs= it takes") from failed[0]


def _goes(runs: Callable[[int, int], None], batch: int, time: int) -> bool:
    with contextlib.suppress(Exception):
        runs(batch, time)
        return True
    return False


def freed(
    network: Any,
    inputs: Sequence[Tensor],
    lengths: Sequence[int | None],
    look: Callable[[Sequence[Tensor], int, int], Any],
) -> tuple[list[Tensor], str]:
    """Free the time axes of inputs that have a length which the model may not need.

    Args:
        network: The model.
        inputs: Its inputs.
        lengths: Their lengths; None where the model itself says what it takes.
        look: `(inputs, batch, time)`: run the model with inputs of the given kind.

    Returns:
        The inputs, and why a length had to stay; empty if none had to.
    """
    pairs = list(zip(inputs, lengths, strict=True))
    free = [replace(t, shape=(None, None, *t.shape[2:])) if length else t for t, length in pairs]
    for sizes in PROBES:
        try:
            for size in sizes:
                look(free, *size)
            return free, ""
        except Exception as error:  # noqa: BLE001 (whatever a model raises at another length)
            failed = error
    fixed = [replace(t, shape=(None, length, *t.shape[2:])) if length else t for t, length in pairs]
    names = ", ".join(tensor.name for tensor, length in pairs if length)
    steps = ", ".join(dict.fromkeys(str(length) for length in lengths if length))
    cause = f"{type(failed).__name__}: {first_line(failed)}"
    return fixed, f"{names}: fixed to {steps} steps: {failing(network, failed)} takes no other number ({cause})"


def failing(network: Any, error: Exception) -> str:
    """Return the path of the innermost layer that an error of Keras or TensorFlow names; the model's name if none."""
    text = str(error)
    layers = [(path, layer) for path, layer in walk(network) if path]
    names = re.findall(r"of layer ['\"](.+?)['\"] is incompatible", text)
    kinds = re.findall(r"calling (\w+)\.call\(\)", text)
    paths = [path for path, layer in layers if layer.name in names]
    paths += [path for path, layer in layers if type(layer).__name__ in kinds[-1:]]
    if found := re.search(r"Detected at node ([\w./>-]+)", text):
        scope = path_of_scope(network, found[1])
        paths += [path for path, _ in layers if path == scope]
    return paths[0] if paths else str(network.name)
