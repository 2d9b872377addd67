"""Functions computed from exp, log and sqrt, which every runtime has: for NumPy, and for `keras.ops` in a graph."""

from typing import Any


def arcsinh(xp: Any, x: Any) -> Any:
    """Return the inverse hyperbolic sine."""
    return xp.sign(x) * xp.log(xp.abs(x) + xp.sqrt(x * x + 1))


def sinh(xp: Any, x: Any) -> Any:
    """Return the hyperbolic sine."""
    return (xp.exp(x) - xp.exp(-x)) / 2


def softplus(xp: Any, x: Any) -> Any:
    """Return `log(1 + exp(x))`, for large numbers too."""
    return xp.maximum(x, 0) + xp.log(1 + xp.exp(-xp.abs(x)))
