"""From logits to ids: greedy, temperature, top-k, top-p. NumPy only; the random numbers come from the caller."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.core.validation import number
from zoo.errors import ArgumentError

LEAST_P = 1e-9  # the smallest top_p: still one class
MOST_PENALTY = 1e6
MOST = 1 - 2.0**-52  # of random numbers: one more bit, and rounding could carry the sum past the last possible class


def check(
    temperature: float | Sequence[float] = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
) -> None:
    """Refuse sampling options outside their range.

    Args:
        temperature: At least 0; 0 is greedy, below 1 cautious, above 1 adventurous. Several take turns.
        top_k: Keep the k most likely classes; at least 1.
        top_p: Keep the most likely classes that together reach this probability; 1e-9 to 1.
        repetition_penalty: What the probability of a class chosen lately is divided by; at least 1.

    Raises:
        ArgumentError: A value is out of range; the message names the range.
    """
    for value in cycle(temperature):
        number("temperature", value, 0)
    if top_k is not None:
        number("top_k", top_k, 1, whole=True)
    if top_p is not None:
        number("top_p", top_p, LEAST_P, 1)
    number("repetition_penalty", repetition_penalty, 1, MOST_PENALTY)


def cycle(temperature: Any) -> list[Any]:
    """Give the temperatures that take turns.

    Raises:
        ArgumentError: There is none.
    """
    values = list(temperature) if isinstance(temperature, (list, tuple, np.ndarray)) else [temperature]
    if not values:
        raise ArgumentError("temperature=[]: give a number, or several that take turns")
    return values


def penalised(logits: np.ndarray, lately: np.ndarray, penalty: float) -> np.ndarray:
    """Divide the probability of classes chosen lately by a penalty, before the probabilities are scaled to one.

    Args:
        logits: `(batch, classes)`.
        lately: Their ids, `(batch, any number)`; -1 stands for none.
        penalty: The divisor.

    Reference:
        Keskar et al., CTRL: A Conditional Transformer Language Model for Controllable Generation, 2019, section 4.1,
        which divides the logits themselves.
    """
    if penalty == 1:
        return logits
    seen = np.zeros((len(logits), logits.shape[-1] + 1), bool)  # the last column is for "none"
    np.put_along_axis(seen, lately, True, -1)
    return np.where(seen[:, :-1], logits - float(np.log(penalty)), logits)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Normalise logits `(..., classes)` to log-probabilities in float64, natural log."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def sample(
    logits: np.ndarray,
    uniform: np.ndarray,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> np.ndarray:
    """Draw one class per row by inverting the cumulative distribution.

    Args:
        logits: `(batch, classes)`.
        uniform: `(batch,)` random numbers in [0, 1), one per row.
        temperature: Divides the logits; 0 takes the most likely class.
        top_k: Keep the k most likely classes.
        top_p: Keep the smallest set of most likely classes whose probability reaches p (Holtzman et al., The Curious
            Case of Neural Text Degeneration, ICLR 2020). With `top_k` too, that filter comes first.

    Returns:
        Ids, `(batch,)` int64.

    Example:
        >>> sample(np.log([[0.1, 0.6, 0.3]]), np.array([0.65]))
        array([1])
        >>> sample(np.log([[0.1, 0.6, 0.3]]), np.array([0.99]), top_k=1)
        array([1])
    """
    if temperature == 0:
        return logits.argmax(-1)
    # Methods of ufuncs, in place: for one row, those of arrays take twice the time.
    scaled = logits.astype(np.float64)
    scaled -= np.maximum.reduce(scaled, -1, keepdims=True)
    if temperature != 1:
        scaled /= max(temperature, 1e-6)  # below that it is greedy to the last bit
    if top_k is not None and top_k < scaled.shape[-1]:
        scaled[scaled < np.partition(scaled, -int(top_k))[:, -int(top_k), None]] = -np.inf
    shares = np.exp(scaled, scaled)
    if top_p is not None:
        shares /= shares.sum(-1, keepdims=True)
        ranked = -np.sort(-shares)
        kept = (ranked.cumsum(-1) - ranked < top_p).sum(-1, keepdims=True)  # a class goes once those before it reach p
        shares[shares < np.take_along_axis(ranked, kept - 1, -1)] = 0
    sums = np.add.accumulate(shares, -1, out=shares)
    if len(sums) == 1 and (total := float(sums[0, -1])) > 0:
        return sums[0].searchsorted([min(float(uniform[0]), MOST) * total], "right")
    target = np.minimum(uniform, MOST)[:, None] * sums[:, -1:]
    return (sums <= target).sum(-1)
