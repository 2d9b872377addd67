"""The loss that forecasts minimize: weighted quantile losses, and the likelihood of how errors persist."""

from typing import Any

import numpy as np

from zoo.tasks.forecast import head

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
COUNTS = (0.5, 1.0, 1.0, 4.0, 1.0, 1.0, 0.5)
"""Levels of the quantiles, and what each counts: the median is what is compared."""
LOGITS = np.log(np.array(LEVELS) / (1 - np.array(LEVELS))).astype(np.float32)
PERSISTENCE = 0.01
"""What the likelihood of the persistence counts; it teaches that one output alone."""
NEAR = 0.02
"""Distance from a teacher, in the scale of the history, below which it counts by its square."""
FARTHEST = 4.0  # normal scores that persistence is learned from


def quantile_loss(_smoothing: float = 0.0) -> Any:
    """Return the loss: quantile (pinball) losses of the values to forecast, in the scale of their series.

    Reference: Koenker & Bassett, Regression Quantiles, Econometrica 46 (1978).
    """
    import keras
    from keras import ops

    class QuantileLoss(keras.losses.Loss):
        @staticmethod
        def targets(y: Any, xp: Any) -> tuple[Any, Any]:
            return y[..., 1:], xp.where(y[..., 0] > 0, np.float32(1), np.float32(0))

        def call(self, y: Any, outputs: Any) -> Any:
            """Return the loss of every step, `(batch, time)`."""
            value, weight = y[..., 0], y[..., 1]
            found = head.shape(ops, outputs, y[..., 2:])
            total: Any = 0.0
            for level, logit, count in zip(LEVELS, LOGITS, COUNTS, strict=True):
                error = value - head.place(ops, found, logit)
                total += count * ops.maximum(level * error, (level - 1) * error)
            return weight * total / (sum(COUNTS) / 2) + PERSISTENCE * _persistence(ops, value, found)

        def taught(self, y: Any, outputs: Any, teachers: Any) -> Any:
            """Return how far the quantiles of every step are from the means of the teachers', `(batch, time)`."""
            weight, candidates = y[..., 1], y[..., 2:]
            found, others = (head.shape(ops, one, candidates) for one in (outputs, ops.stack(teachers)))
            total: Any = 0.0
            for logit, count in zip(LOGITS, COUNTS, strict=True):
                distance = head.place(ops, found, logit) - ops.mean(head.place(ops, others, logit), 0)
                total += count * (ops.sqrt(ops.square(distance) + NEAR**2) - NEAR)
            held = ops.square(found.persistence - ops.mean(others.persistence, 0))
            return weight * total / sum(COUNTS) + PERSISTENCE * held

    return QuantileLoss(reduction="mean_with_sample_weight")


def _persistence(ops: Any, value: Any, found: head.Shape) -> Any:
    """Return the negative log-likelihood of each normal score given the one before it, `(batch, time)`."""
    scores = ops.stop_gradient(ops.clip(head.normal_score(ops, head.logit_of(ops, found, value)), -FARTHEST, FARTHEST))
    before = ops.pad(scores[:, :-1], ((0, 0), (1, 0)))
    left = 1 - ops.square(found.persistence) + 1e-3
    return ops.log(left) / 2 + ops.square(scores - found.persistence * before) / (2 * left)
