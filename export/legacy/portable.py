"""Write the old `hard_sigmoid` by Keras 3's own functions, so that a converted file needs no other package.

Keras 1 and 2 compute `clip(x / 5 + 1 / 2, 0, 1)`, Keras 3 `clip(x / 6 + 1 / 2, 0, 1)`: the old function of `z` is the
new one of `1.2 z`. Where `z` is linear in the weights of the layer, those are multiplied by 1.2.
"""

from collections.abc import Sequence

import numpy as np

FACTOR = 1.2
LINEAR = ("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "SimpleRNN", "SimpleRNNCell")
"""Classes whose activation is of something linear in all of their weights."""
GATED = {"LSTM": (4, (0, 1, 3)), "LSTMCell": (4, (0, 1, 3)), "ConvLSTM1D": (4, (0, 1, 3)), "ConvLSTM2D": (4, (0, 1, 3)),
         "ConvLSTM3D": (4, (0, 1, 3)), "GRU": (3, (0, 1)), "GRUCell": (3, (0, 1))}  # fmt: skip
"""Class → number of gates, and those that the recurrent activation is of."""
CANDIDATES = {"GRU": 2, "GRUCell": 2}
"""Class → the gate that `activation` is of. In an LSTM it is also of the cell state, which no weight multiplies."""


def foldable(kind: str, argument: str) -> bool:
    """Return whether the weights of a layer can be multiplied instead of one of its activations changed."""
    if argument == "recurrent_activation":
        return kind in GATED
    return kind in LINEAR or kind in CANDIDATES


def folded(kind: str, arguments: Sequence[str], arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the weights of a layer multiplied so that Keras 3's `hard_sigmoid` computes the old one.

    Args:
        kind: Class of Keras 3.
        arguments: The activations that were changed: `activation`, `recurrent_activation` or both.
        arrays: Weights in Keras 3's layout; the gates are along the last axis.
    """
    scaled = [array.copy() for array in arrays]
    if kind in LINEAR:
        return [array * np.float32(FACTOR) for array in scaled]
    count, gates = GATED[kind]
    chosen = [*(gates if "recurrent_activation" in arguments else ()),
              *([CANDIDATES[kind]] if "activation" in arguments else ())]  # fmt: skip
    for array in scaled:
        size = array.shape[-1] // count
        for gate in chosen:
            array[..., gate * size : (gate + 1) * size] *= np.float32(FACTOR)
    return scaled
