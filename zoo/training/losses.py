"""The losses that training minimizes.

Beside `targets` and `call` a loss has `taught`, the distance from what teachers return, if it can learn from any; see
`zoo.training.teaching`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


def every_token(y: Any, xp: Any) -> tuple[Any, Any]:
    """Give targets as a loss takes them, and what each counts: 0 where a piece has ended, which is -1 in `y`."""
    counted = y if len(y.shape) == 2 else y[..., 0]
    return xp.maximum(y, 0), xp.where(counted >= 0, np.float32(1), np.float32(0))


def average(shares: Callable[[Any], Any], teachers: Sequence[Any]) -> Any:
    """Return the mean of what `shares` makes of the logits of each teacher."""
    return ops.mean(ops.stack([shares(logits) for logits in teachers]), 0)


class CrossEntropy(keras.losses.Loss):
    """Cross-entropy of whole-number targets and logits, in nats; a share of the target is spread over all classes."""

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__(name="cross_entropy", reduction="mean_with_sample_weight")
        self.smoothing = smoothing

    targets = staticmethod(every_token)

    def call(self, y: Any, logits: Any) -> Any:
        """Return the loss of every token, `(batch, time)`."""
        y = ops.maximum(ops.cast(y, "int32"), 0)
        nats = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        if not self.smoothing:
            return nats
        # The mean of the cross-entropies of all classes is that of y, plus its logit, minus the mean of the logits.
        wanted = ops.squeeze(ops.take_along_axis(logits, ops.expand_dims(y, -1), -1), -1)
        return nats + self.smoothing * (wanted - ops.mean(logits, -1))

    def taught(self, y: Any, logits: Any, teachers: Sequence[Any]) -> Any:  # noqa: ARG002
        """Return the cross-entropy of every token with the mean of the teachers' distributions, `(batch, time)`."""
        return -ops.sum(average(ops.softmax, teachers) * ops.log_softmax(logits), -1)


class ClipCrossEntropy(CrossEntropy):
    """Cross-entropy of every step; of a sequence of one class alone, also of the mean of its logits, at every step.

    So a network whose sequences are classified as wholes learns both, without knowing which steps show the class.
    """

    @staticmethod
    def targets(y: Any, xp: Any) -> tuple[Any, Any]:
        """Return classes `(batch, time)`, -1 at steps that do not count, and 1 at those that do."""
        return y, every_token(y, xp)[1]

    def call(self, y: Any, logits: Any) -> Any:
        """Return the loss of every step, `(batch, time)`."""
        y = ops.cast(y, "int32")
        label = ops.max(y, 1, keepdims=True)
        alone = ops.all((y == label) | (y < 0), 1, keepdims=True) & (label >= 0)
        clip = super().call(label, pooled(y[..., None], logits)[:, None])
        return super().call(y, logits) + ops.cast(alone, clip.dtype) * clip


class BinaryCrossEntropy(keras.losses.Loss):
    """Cross-entropy of many yes-no questions at every step, summed over them, in nats.

    Label smoothing moves every target by its half towards one half.
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__(name="keys", reduction="mean_with_sample_weight")
        self.smoothing = smoothing

    targets = staticmethod(every_token)

    def call(self, y: Any, logits: Any) -> Any:
        """Return the loss of every step, `(batch, time)`, of targets and logits `(batch, time, keys)`."""
        wanted = ops.cast(y, logits.dtype) * (1 - self.smoothing) + self.smoothing / 2
        return ops.sum(ops.softplus(logits) - wanted * logits, -1)

    def taught(self, y: Any, logits: Any, teachers: Sequence[Any]) -> Any:  # noqa: ARG002
        """Return the cross-entropy of every step with the mean of the teachers' chances, `(batch, time)`."""
        return ops.sum(ops.softplus(logits) - average(ops.sigmoid, teachers) * logits, -1)


class PooledCrossEntropy(keras.losses.Loss):
    """Cross-entropy of the mean of the logits over the steps of a sequence that count, in nats per sequence.

    The mean of the logits of a dense layer is the logits of the mean of what is below it. A fraction of the target is
    spread over all classes.
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__(name="pooled_cross_entropy", reduction="mean_with_sample_weight")
        self.smoothing = smoothing

    @staticmethod
    def targets(y: Any, xp: Any) -> tuple[Any, Any]:
        """Return shares of classes `(batch, time, classes)`, -1 at steps that do not count, and 1 per sequence."""
        return y, xp.where(xp.max(y[..., 0], axis=1) >= 0, np.float32(1), np.float32(0))

    def call(self, y: Any, logits: Any) -> Any:
        """Return the loss of every sequence, `(batch,)`, of logits `(batch, time, classes)`."""
        target, mean = pooled(y), pooled(y, logits)
        target = (1 - self.smoothing) * target + self.smoothing / logits.shape[-1]
        return -ops.sum(target * ops.log_softmax(mean), -1)

    def taught(self, y: Any, logits: Any, teachers: Sequence[Any]) -> Any:
        """Return the cross-entropy of every sequence with the mean of the teachers' distributions, `(batch,)`."""
        shares = average(lambda logits: ops.softmax(pooled(y, logits)), teachers)
        return -ops.sum(shares * ops.log_softmax(pooled(y, logits)), -1)


class PooledAccuracy(PooledCrossEntropy):
    """Fraction of sequences whose class is that of the largest mean of the logits over the steps that count."""

    def call(self, y: Any, logits: Any) -> Any:
        """Return 1 or 0 for every sequence, `(batch,)`."""
        return ops.cast(ops.argmax(pooled(y), -1) == ops.argmax(pooled(y, logits), -1), "float32")


def pooled(y: Any, values: Any = None) -> Any:
    """Return the mean of values `(batch, time, classes)` over the steps that are not -1 in `y`, or of `y`."""
    counted = ops.cast(y[..., :1] >= 0, "float32")
    total = ops.sum(counted * ops.cast(y if values is None else values, "float32"), 1)
    return total / ops.maximum(ops.sum(counted, 1), 1)


class CTCLoss(keras.losses.Loss):
    """Connectionist temporal classification: nats per symbol over all alignments of the symbols with the steps.

    The blank is the last class. Label smoothing draws every step towards all classes.

    Reference: Graves, Fernández, Gomez & Schmidhuber, Connectionist Temporal Classification, ICML 2006.
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__(name="ctc", reduction="mean_with_sample_weight")
        self.smoothing = smoothing

    @staticmethod
    def targets(y: Any, xp: Any) -> tuple[Any, Any]:
        """Give symbols `(batch, symbols)`, -1 past the last, and how many there are of each sequence, `(batch,)`."""
        return y, xp.sum(xp.where(y >= 0, np.float32(1), np.float32(0)), axis=1)

    def call(self, y: Any, logits: Any) -> Any:
        """Return the loss of every sequence, `(batch,)`, by the symbol; of logits `(batch, time, classes)`."""
        y = ops.cast(y, "int32")
        count = ops.sum(ops.cast(y >= 0, "int32"), axis=1)
        nats = _ctc(y, count, ops.cast(logits, "float32")) / ops.cast(ops.maximum(count, 1), "float32")
        if not self.smoothing:
            return nats
        everywhere = ops.mean(ops.logsumexp(logits, -1) - ops.mean(logits, -1), axis=1)
        return (1 - self.smoothing) * nats + self.smoothing * everywhere


def _ctc(y: Any, count: Any, logits: Any) -> Any:
    """Give the CTC loss of every sequence, `(batch,)`; TensorFlow's own kernel is many times as fast as Keras's."""
    batch, time, classes = ops.shape(logits)
    if keras.backend.backend() != "tensorflow":
        length = ops.zeros_like(count) + time
        return ops.ctc_loss(ops.maximum(y, 0), logits, count, length, mask_index=classes - 1)
    import tensorflow as tf

    places = tf.where(y >= 0)
    return tf.raw_ops.CTCLoss(
        inputs=tf.transpose(logits, (1, 0, 2)), labels_indices=places, labels_values=tf.gather_nd(y, places),
        sequence_length=tf.fill([batch], time), ignore_longer_outputs_than_inputs=True,
    )[0]  # fmt: skip


class Taught(keras.losses.Loss):
    """A loss of which the distance from teachers, each started from zero states, is a part.

    Reference: Hinton, Vinyals & Dean, Distilling the Knowledge in a Neural Network, 2015.

    Args:
        loss: The task's loss, whose `taught` is the distance of every token.
        teachers: Their networks.
        share: How much of the whole the distance is.
    """

    def __init__(self, loss: Any, teachers: Sequence[keras.Model], share: float) -> None:
        super().__init__(name="taught", reduction=loss.reduction)
        self.loss, self.teachers, self.share = loss, teachers, share

    def outputs(self, x: Any) -> list[Any]:
        """Return what each teacher returns for inputs `(batch, time, features)`."""
        x = ops.convert_to_tensor(x)
        return [self._output(teacher, x) for teacher in self.teachers]

    def _output(self, teacher: keras.Model, x: Any) -> Any:
        zeros = [ops.zeros((ops.shape(x)[0], state.shape[-1]), "float32") for state in teacher.inputs[1:]]
        return ops.stop_gradient(keras.tree.flatten(teacher([x, *zeros], training=False))[0])

    def call(self, y: Any, outputs: Any) -> Any:
        """Return the loss of every token: of targets, and of outputs of the network and of each teacher."""
        own, *teachers = outputs
        return (1 - self.share) * self.loss.call(y, own) + self.share * self.loss.taught(y, own, teachers)
