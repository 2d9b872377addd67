"""Layouts in which Keras 1, Keras 2 and cuDNN stored the arrays of a layer → that of Keras 3.

Reference: Keras 1.2 has 12 arrays for an LSTM and 9 for a GRU; cuDNN has transposed gates and two biases.
"""

from collections.abc import Callable, Sequence

import numpy as np

from .files import Stored
from .parts import Part

KERAS1_GATES = {"LSTM": (0, 2, 1, 3), "ConvLSTM2D": (0, 2, 1, 3), "GRU": (0, 1, 2)}
"""Class → places of Keras 2's gates in Keras 1's order: LSTM i c f o → i f c o."""


def converted(
    leaf: Part, arrays: list[np.ndarray], stored: Stored, tell: Callable[[str, str], None]
) -> list[np.ndarray]:
    """Return the arrays of a layer in the layout of Keras 3.

    Args:
        leaf: The layer.
        arrays: Its arrays in the file, in their order.
        stored: The file.
        tell: Notes what was mapped: `tell(what, where)`.
    """
    kind = type(leaf.layer).__name__
    gates = {"LSTM": 4, "LSTMCell": 4, "GRU": 3, "GRUCell": 3}.get(kind, 0)
    if kind in KERAS1_GATES and len(arrays) == 3 * len(KERAS1_GATES[kind]):
        tell("the arrays of single gates were joined", leaf.name)
        arrays = _joined(arrays, KERAS1_GATES[kind])
    if gates and len(arrays) == 3 and _is_cudnn(leaf, arrays, gates):
        tell("weights in cuDNN's layout were transposed, gate by gate", leaf.name)
        arrays = _from_cudnn(arrays, gates)
    if kind in ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "SeparableConv2D") and arrays:
        arrays = [_kernel(leaf, arrays[0], stored, tell), *arrays[1:]]
    if kind == "BatchNormalization":
        arrays = arrays[: len(leaf.layer.weights)]  # those of renormalization matter in training alone
    return arrays


def _joined(arrays: Sequence[np.ndarray], order: Sequence[int]) -> list[np.ndarray]:
    """Join Keras 1's arrays, `W, U, b` of every gate."""
    return [np.concatenate([arrays[3 * gate + part] for gate in order], axis=-1) for part in range(3)]


def _is_cudnn(leaf: Part, arrays: Sequence[np.ndarray], gates: int) -> bool:
    """Return whether arrays are those of a cuDNN layer, whose bias has two vectors in a row."""
    units = arrays[1].shape[0]
    return leaf.kind.startswith("CuDNN") or arrays[2].shape == (2 * gates * units,)


def _from_cudnn(arrays: Sequence[np.ndarray], gates: int) -> list[np.ndarray]:
    """Return the arrays of a cuDNN layer in Keras's layout; an LSTM there has the sum of the two biases."""
    kernel, recurrent, bias = arrays

    def gate_by_gate(matrix: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return np.concatenate([change(part) for part in np.split(matrix, gates, axis=1)], axis=1)

    kernel = gate_by_gate(kernel, lambda part: part.T.reshape(part.shape, order="F"))
    recurrent = gate_by_gate(recurrent, np.transpose)
    both = bias.reshape(2, -1)
    return [kernel, recurrent, both.sum(axis=0) if gates == 4 else both]


def _kernel(leaf: Part, kernel: np.ndarray, stored: Stored, tell: Callable[[str, str], None]) -> np.ndarray:
    """Return the kernel of a convolution as `(*size, channels, filters)`."""
    wanted = tuple(leaf.layer.kernel.shape) if hasattr(leaf.layer, "kernel") else kernel.shape
    if stored.generation == 1:
        if type(leaf.layer).__name__ == "Conv1D" and kernel.ndim == 4:
            if kernel[:, 0].shape != wanted:  # Keras 1.1 and before: (filters, channels, length, 1)
                kernel = kernel.transpose(2, 3, 1, 0)
            kernel = kernel[:, 0]
        elif leaf.config.get("dim_ordering") == "th":
            kernel = np.moveaxis(kernel, (0, 1), (-1, -2))
        tell("kernels of convolutions were reordered", leaf.name)
    if kernel.shape != wanted and kernel.ndim == 4 and kernel.transpose(2, 3, 1, 0).shape == wanted:
        kernel = kernel.transpose(2, 3, 1, 0)
    if stored.backend == "theano":
        tell("kernels of Theano's convolutions were flipped", leaf.name)
        axes = tuple(range(kernel.ndim - 2))
        kernel = np.flip(kernel, axes)
    return np.ascontiguousarray(kernel)
