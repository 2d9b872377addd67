"""Agreement of encoder–decoder artifacts with Keras."""

import numpy as np

from zoo.errors import VerificationError
from zoo.runtime.engine import BoundEngine
from zoo.runtime.pair import Pair
from zoo.runtime.signature import Face

from ..tracing.greedy import Greedy
from .compare import SEED, check_order, check_signature

GREEDY_SIZES = ((1, 9), (3, 14))
"""(batch, source time) at which the search inside a graph is compared with single steps."""


def check_search(face: Face, engine: BoundEngine, stepper: Pair, tolerance: float) -> tuple[dict[str, float], str]:
    """Compare the search inside a graph with single steps of both graphs in the same format and precision.

    Args:
        face: The search and its signature.
        engine: The opened artifact.
        stepper: Both graphs.
        tolerance: Largest difference from Keras that passes.

    Returns:
        `ids`: how many were compared; `near`: how many of them differed from another one that was as likely. And the
        sizes.

    Raises:
        VerificationError: Names, axes or dtypes differ (`.check` is `signature`), the same call twice does (`repeat`),
            or an id differs otherwise (`generate`).
    """
    check_order(face.signature, engine.order)
    check_signature(face.signature, engine.signature)
    compared, near = 0, 0
    rng, batch = np.random.default_rng(SEED), face.signature.inputs[0].shape[0]
    sizes = dict.fromkeys((batch or rows, time) for rows, time in GREEDY_SIZES)
    for rows, length in sizes:
        source = face.source.sample(rng, rows, length)
        [ids], [again] = engine.run(source), engine.run(source)
        if not np.array_equal(ids, again):
            raise VerificationError("repeat", f"the same call twice gave two answers at batch {rows}, time {length}")
        followed, rivals = _followed(ids, source, stepper, face.source, tolerance)
        compared, near = compared + followed, near + rivals
    where = "ids of " + ", ".join(f"batch {rows}, source time {length}" for rows, length in sizes)
    return {"ids": compared, "near": near}, where


def _followed(
    ids: np.ndarray, source: list[np.ndarray], stepper: Pair, greedy: Greedy, tolerance: float
) -> tuple[int, int]:
    """Follow ids `(batch, steps)` by single steps; return how many were compared, and how many were a near rival.

    Both networks may differ from each other as much as each from Keras: where two ids are no further apart, either is
    right, and the steps go on with the one that the loop chose.

    Args:
        ids: What the graph with the search inside returned.
        source: What it was given.
        stepper: Both graphs of single steps.
        greedy: The search.
        tolerance: Largest difference from Keras, relative to the root mean square of logits or to 1.

    Raises:
        VerificationError: Another id is likelier; `.check` is `generate`.
    """
    tokens, x, state = greedy.tokens, greedy.decoder.inputs[0], stepper.encode(*source)
    last, ended = np.full(len(ids), tokens.begin), np.zeros(len(ids), bool)
    compared = near = 0
    for t in range(ids.shape[1]):
        given = last[:, None] if len(x.shape) == 2 else np.equal.outer(last, np.arange(x.shape[2] or 0))[:, None]
        y, state = stepper.step(given.astype(x.dtype), state)
        scores = y.reshape(len(ids), -1) - tokens.penalties(y.shape[-1])
        best = np.where(ended, tokens.fill, scores.argmax(-1))
        found = ids[:, t]
        border = tolerance * max(1.0, float(np.sqrt(np.mean(np.square(y)))))
        close = scores[np.arange(len(ids)), found] >= scores.max(-1) - border
        right = (found == best) | (close & ~ended)
        if not right.all():
            row = int(np.argmin(right))
            raise VerificationError("generate", f"id {found[row]} instead of {best[row]} at place {t}")
        compared += int((~ended).sum())
        near += int((found != best).sum())
        last, ended = found, ended | (found == tokens.end)
    return compared, near
