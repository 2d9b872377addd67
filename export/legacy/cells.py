"""Recurrent cells of Keras 1 and 2 in NumPy, from the arrays of a file: what the new layers are checked against.

Nothing here uses the translation of configurations, the layouts of Keras 3 or Keras's functions: a fault in one of them
shows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]
FUNCTIONS: dict[str, Function] = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "hard_sigmoid": lambda z: np.clip(0.2 * z + 0.5, 0, 1),
    "relu": lambda z: np.maximum(z, 0),
    "linear": lambda z: z,
    "softsign": lambda z: z / (1 + np.abs(z)),
    "softplus": lambda z: np.logaddexp(z, 0),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "exponential": np.exp,
}
"""Activation in a file → what it computes."""
GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
"""Kind of cell → number of its gates, the candidate included."""
KERAS1 = {"LSTM": "icfo", "GRU": "zrh"}
"""Gates in the order of Keras 1's arrays, three a gate."""
KERAS2 = {"LSTM": "ifco", "GRU": "zrh", "SimpleRNN": "h"}
"""Gates in the order of Keras 2's arrays, in which they stand side by side."""


def kind_of(name: str) -> str:
    """Return `LSTM`, `GRU` or `SimpleRNN` for the class of a layer or cell; empty for any other."""
    plain = name.removeprefix("CuDNN").removesuffix("Cell").removesuffix("V1").removesuffix("V2")
    return plain if plain in GATES else ""


def checkable(name: str, config: Mapping[str, Any]) -> bool:
    """Return whether a layer of a file can be computed here: a recurrent one whose activations are in `FUNCTIONS`."""
    used = [config.get(key, "tanh") for key in ("activation", "recurrent_activation", "inner_activation")]
    return bool(kind_of(name)) and all(isinstance(value, str) and value in FUNCTIONS for value in used)


def step(
    name: str, config: Mapping[str, Any], arrays: Sequence[np.ndarray], x: np.ndarray, state: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Take one step of a cell.

    Args:
        name: Class of the layer or cell in the file; `checkable` says which can be computed.
        config: Its configuration in the file.
        arrays: Its arrays in the file, in their order.
        x: Input `(batch, features)`.
        state: `h`, and `c` of an LSTM, `(batch, units)` each.

    Returns:
        The new state, `(batch, units)` each.
    """
    kind, cudnn = kind_of(name), name.startswith("CuDNN")
    products = _products(kind, cudnn, [array.astype(float) for array in arrays], x.astype(float))
    f = FUNCTIONS[config.get("activation", "tanh")]
    default = "sigmoid" if cudnn else "hard_sigmoid"
    s = FUNCTIONS[config.get("recurrent_activation", config.get("inner_activation", default))]
    h = state[0].astype(float)
    if kind == "SimpleRNN":
        return [f(products["h"][0] + products["h"][1](h))]
    if kind == "LSTM":
        z = {gate: inside + around(h) for gate, (inside, around) in products.items()}
        c = s(z["f"]) * state[1] + s(z["i"]) * f(z["c"])
        return [s(z["o"]) * f(c), c]
    update, reset = (s(products[gate][0] + products[gate][1](h)) for gate in "zr")
    inside, around = products["h"]
    after = cudnn or config.get("reset_after", False)
    candidate = f(inside + (reset * around(h) if after else around(reset * h)))
    return [update * h + (1 - update) * candidate]


def _products(
    kind: str, cudnn: bool, arrays: Sequence[np.ndarray], x: np.ndarray
) -> dict[str, tuple[np.ndarray, Function]]:
    """Return for every gate what the input adds to it, with its bias, and a function that gives what `h` adds."""
    count = GATES[kind]
    if len(arrays) == 3 * count and count > 1:
        return {
            gate: (x @ arrays[3 * i] + arrays[3 * i + 2], lambda h, u=arrays[3 * i + 1]: h @ u)  # type: ignore[misc]
            for i, gate in enumerate(KERAS1[kind])
        }
    kernel, recurrent = arrays[:2]
    units = recurrent.shape[0]
    bias = arrays[2].ravel() if len(arrays) > 2 else np.zeros(count * units)
    inner = bias[count * units :] if bias.size == 2 * count * units else np.zeros(count * units)
    found: dict[str, tuple[np.ndarray, Function]] = {}
    for i, gate in enumerate(KERAS2[kind]):
        mine = slice(i * units, (i + 1) * units)
        w, u = kernel[:, mine], recurrent[:, mine]
        if cudnn:  # cuDNN reads the same numbers as matrices (units, features)
            w, u = w.reshape(units, -1).T, u.reshape(units, -1).T
        found[gate] = x @ w + bias[mine], lambda h, u=u, b=inner[mine]: h @ u + b  # type: ignore[misc]
    return found
