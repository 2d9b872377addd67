"""From what a network returns to distributions: a mixture of candidates, a width on either side, tails.

With NumPy, or with `keras.ops` inside of a graph. A distribution has the quantile function

    location + width * sinh(tail * logit(p)) / tail,

with a width of its own below and above the location, which is the median: a logistic distribution with heavier tails.
All of it is in the scale of the history; see `zoo.tasks.forecast.codec`.
"""

from dataclasses import dataclass
from typing import Any

from zoo.tasks.forecast.candidates import NAMES
from zoo.tasks.forecast.elementary import arcsinh, sinh, softplus

CANDIDATES = len(NAMES)
OUTPUTS = CANDIDATES + 5
"""Numbers that a network returns for each step: of the candidates, and those of `Shape`."""
CORRECTION = 0.1  # of the scale, for each unit that the network returns
WIDTH, TAIL, LEAST = -1.5, -1.0, 1e-2  # what widths and tails begin with, and the smallest of them
NARROWEST = 1e-6
NORMAL = (1.5976, 0.070565992)
"""`logit(Φ(x))` is about `1.5976 x + 0.0706 x³`, Φ being the normal distribution: Φ differs by less than 2e-4 (Page,
Approximations to the cumulative normal function and its inverse, Applied Statistics 26, 1977)."""


@dataclass(frozen=True)
class Shape:
    """Parameters of the distributions of steps, `(batch, steps)` each.

    Attributes:
        location: The median.
        below: Width below it.
        above: Width above it.
        tail: How heavy the tails are; near 0 they are those of a logistic distribution.
        persistence: Correlation of a step with the one before it, -1 to 1, of normal scores: for sample paths.
    """

    location: Any
    below: Any
    above: Any
    tail: Any
    persistence: Any


def shape(xp: Any, y: Any, candidates: Any) -> Shape:
    """Return the parameters that a network's outputs `(batch, steps, OUTPUTS)` stand for.

    Args:
        xp: NumPy, or `keras.ops`.
        y: The outputs.
        candidates: Of each step, `(batch, steps, CANDIDATES)`.
    """
    chances = xp.exp(y[..., :CANDIDATES] - xp.max(y[..., :CANDIDATES], axis=-1, keepdims=True))
    chosen = xp.sum(chances * candidates, axis=-1) / xp.sum(chances, axis=-1)
    correction, below, above, tail, persistence = (y[..., CANDIDATES + i] for i in range(5))
    return Shape(
        chosen + CORRECTION * correction,
        softplus(xp, below + WIDTH) + NARROWEST,
        softplus(xp, above + WIDTH) + NARROWEST,
        softplus(xp, tail + TAIL) + LEAST,
        xp.tanh(persistence),
    )


def place(xp: Any, found: Shape, logit: Any) -> Any:
    """Return the quantiles at `logit(p)`, which has the axes of the parameters, or fits them."""
    z = sinh(xp, found.tail * logit) / found.tail
    return found.location + z * xp.where(z < 0, found.below, found.above)


def logit_of(xp: Any, found: Shape, values: Any) -> Any:
    """Return `logit(p)` of values whose quantile functions are `found`: the inverse of `place`."""
    distance = values - found.location
    z = distance / xp.where(distance < 0, found.below, found.above)
    return arcsinh(xp, found.tail * z) / found.tail


def normal_score(xp: Any, logit: Any) -> Any:
    """Return the normal number that is as likely as a logit: `Φ⁻¹(p)`, by the inverse of `NORMAL`."""
    third = (NORMAL[0] / NORMAL[1] / 3) ** 0.5
    return 2 * third * sinh(xp, arcsinh(xp, logit / (2 * NORMAL[1] * third**3)) / 3)


def persisted(xp: Any, found: Shape, normals: Any) -> Any:
    """Return normal scores of sample paths, each step correlated with the one before it as a network says.

    Args:
        xp: NumPy, or `keras.ops`.
        found: Parameters `(batch, steps)`.
        normals: Standard normal numbers, `(batch, samples, steps)`.
    """
    scores = [normals[..., 0]]
    for step in range(1, normals.shape[-1]):
        held = found.persistence[:, None, step]
        scores.append(held * scores[-1] + xp.sqrt(1 - held * held) * normals[..., step])
    return xp.stack(scores, axis=-1)


def logit_of_normal(score: Any) -> Any:
    """Return `logit(Φ(score))`; see `NORMAL`."""
    return score * (NORMAL[0] + NORMAL[1] * score * score)
