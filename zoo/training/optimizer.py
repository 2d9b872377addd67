"""The optimizer and its learning-rate schedule."""

from typing import Any

import keras
import numpy as np
from keras import ops

SCHEDULES = {
    "cosine": lambda done: 0.5 * (1 + ops.cos(np.pi * done)),
    "linear": lambda done: 1 - done,
    "exponential": lambda done: ops.power(0.01, done),
    "constant": ops.ones_like,
}
"""Share of the highest learning rate when a share `done` of the steps after the warm-up is done."""


AVERAGED = 0.1  # largest part of a run that the weights are averaged over: a short one would end with its beginning


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from near zero, then a fall.

    Args:
        highest: Learning rate at the end of the warm-up.
        warmup: Steps of warm-up.
        total: All steps, warm-up and fall.
        shape: Row of `SCHEDULES`.
    """

    def __init__(self, highest: float, warmup: int, total: int, shape: str = "cosine") -> None:
        self.highest, self.warmup, self.total, self.shape = highest, warmup, total, shape

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of an optimizer step, counted from 0."""
        step = ops.cast(step, "float32")
        done = ops.clip((step - self.warmup) / max(self.total - self.warmup, 1), 0.0, 1.0)
        rising = (step + 1) / max(self.warmup, 1)
        return self.highest * ops.where(step < self.warmup, rising, SCHEDULES[self.shape](done))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {"highest": self.highest, "warmup": self.warmup, "total": self.total, "shape": self.shape}


class AdamW(keras.optimizers.AdamW):
    """AdamW that sums the gradients of a row of an embedding before it uses them.

    Keras's own, on TensorFlow, adds every use of a row to the averages one by one, the squares too: rows used n times
    move up to √n times as far as they should, and other than on the other backends.
    """

    def apply(self, grads: Any, trainable_variables: Any = None) -> Any:
        """Take one step with gradients that are whole tensors."""
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            grads = [None if gradient is None else tf.convert_to_tensor(gradient) for gradient in grads]
        return super().apply(grads, trainable_variables)


def plain(optimizer: Any) -> Any:
    """Return the optimizer within the one that scales the loss for float16, if that is around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)
