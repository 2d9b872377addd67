"""What `fit` minimises and how: a network wrapped for training, its loss, metric, learning rate and optimizer."""

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import ArgumentError
from zoo.networks import ENCODER, encodes
from zoo.tasks import Recipe

SCHEDULES = {
    "cosine": lambda done: 0.5 * (1 + ops.cos(np.pi * done)),
    "linear": lambda done: 1 - done,
    "exponential": lambda done: ops.power(0.01, done),
    "constant": ops.ones_like,
}
"""Share of the highest learning rate when a share `done` of the steps after the warm-up is done."""


class Learner(keras.Model):
    """A network with explicit state, as a model of one output that `fit` can train.

    Takes `(x (batch, time, features), keep (batch, 1))`, gives logits `(batch, time, classes)`. Where `keep` is 1 the
    network starts from the state it ended with at the same row of the batch before (truncated back-propagation through
    time: no gradient goes back there), where it is 0 from zeros.

    Args:
        network: The network.
        batch: Rows whose states are carried on in training; None carries none.
    """

    def __init__(self, network: keras.Model, batch: int | None = None) -> None:
        super().__init__(name="learner")
        self.network = network
        self.sizes = [tensor.shape[-1] for tensor in network.inputs[1:]]
        names = [tensor.name for tensor in network.inputs[1:]]
        self.carried = [
            self.add_weight((batch, size), "zeros", name=f"carried_{name}", trainable=False, dtype="float32")
            for name, size in zip(names, self.sizes, strict=True)
            if batch
        ]
        shape = network.inputs[0].shape
        self((np.zeros((1, 1, *shape[2:]), network.inputs[0].dtype), np.zeros((1, 1), np.float32)))  # builds it

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Run the network from the carried state in training, from zeros otherwise."""
        x, keep = map(ops.convert_to_tensor, inputs)
        if training and self.carried:
            state = [ops.stop_gradient(carried * keep) for carried in self.carried]
        else:
            state = [ops.zeros((ops.shape(x)[0], size), "float32") for size in self.sizes]
        y, *new = keras.tree.flatten(self.network([x, *state], training=training))  # one alone is not in a list
        if training:
            for carried, value in zip(self.carried, new, strict=False):
                carried.assign(ops.cast(ops.stop_gradient(value), "float32"))
        return y


class Nats(keras.metrics.Mean):
    """Nats per token, pooled over all tokens; Keras's own metric would weigh batches of short pieces more.

    Args:
        loss: What gives the nats of every token, `(batch, time)`.
    """

    def __init__(self, loss: keras.losses.Loss) -> None:
        super().__init__(name="nats")
        self.loss = loss

    def update_state(self, y: Any, logits: Any, sample_weight: Any = None) -> Any:
        """Add targets `(batch, time)`, logits `(batch, time, classes)` and weights `(batch, time)`."""
        values = self.loss.call(y, logits)
        return super().update_state(ops.reshape(values, (-1,)), ops.reshape(sample_weight, (-1,)))


def _every_token(y: Any, xp: Any) -> tuple[Any, Any]:
    """Give targets as a loss takes them, and what each counts: 0 where a piece has ended, which is -1 in `y`."""
    counted = y if len(y.shape) == 2 else y[..., 0]
    return xp.maximum(y, 0), xp.where(counted >= 0, np.float32(1), np.float32(0))


class CrossEntropy(keras.losses.Loss):
    """Cross-entropy of whole-number targets and logits, in nats; a share of the target is spread over all classes."""

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__(name="cross_entropy", reduction="mean_with_sample_weight")
        self.smoothing = smoothing

    targets = staticmethod(_every_token)

    def call(self, y: Any, logits: Any) -> Any:
        """Return the loss of every token, `(batch, time)`."""
        nats = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        if not self.smoothing:
            return nats
        everywhere = ops.logsumexp(logits, -1) - ops.mean(logits, -1)
        return (1 - self.smoothing) * nats + self.smoothing * everywhere


class Keys(keras.losses.Loss):
    """Cross-entropy of many yes-no questions at every step, summed over them, in nats.

    Label smoothing moves every target by its half towards one half.
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__(name="keys", reduction="mean_with_sample_weight")
        self.smoothing = smoothing

    targets = staticmethod(_every_token)

    def call(self, y: Any, logits: Any) -> Any:
        """Return the loss of every step, `(batch, time)`, of targets and logits `(batch, time, keys)`."""
        wanted = ops.cast(y, logits.dtype) * (1 - self.smoothing) + self.smoothing / 2
        return ops.sum(ops.softplus(logits) - wanted * logits, -1)


class Alignment(keras.losses.Loss):
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


AVERAGED = 0.1  # largest part of a run that the weights are averaged over: a short one would end with its beginning
LOSSES: dict[str, Any] = {"classes": CrossEntropy, "keys": Keys, "ctc": Alignment}
"""What is minimised, by the kind of a codec's targets: one of many classes; any of many keys; symbols, when unknown."""


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


def compiled(network: keras.Model, recipe: Recipe, steps: int, replicas: int = 1, loss: str = "classes") -> Learner:
    """Wrap and compile a network for `steps` optimizer steps an epoch, with a loss of `LOSSES`.

    Of several replicas each clips its share of a gradient, before they are added.
    """
    total = max(recipe.epochs * steps, 2)
    rate = Schedule(recipe.learning_rate, min(recipe.warmup, total // 2), total, recipe.schedule)
    optimizer = AdamW(
        rate, weight_decay=recipe.weight_decay, beta_2=0.99, clipnorm=recipe.clip / replicas,
        use_ema=recipe.ema > 0, ema_momentum=min(recipe.ema, 1 - 1 / max(1, AVERAGED * total)),
    )  # fmt: skip
    optimizer.exclude_from_weight_decay(var_names=["bias", "embeddings"])
    learner = Learner(network, recipe.batch if recipe.carry else None)
    learner.compile(
        optimizer, LOSSES[loss](recipe.label_smoothing), weighted_metrics=[Nats(LOSSES[loss]())],
        jit_compile=recipe.xla, steps_per_execution=recipe.steps_per_execution,
    )  # fmt: skip
    return learner


def plain(optimizer: Any) -> Any:
    """Return the optimizer within the one that scales the loss for float16, if that is around it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def freeze(network: keras.Model, layers: list[str]) -> None:
    """Keep layers as they are in training; `encoder` stands for all below the recurrent ones.

    Raises:
        ArgumentError: There is no such layer with weights.
    """
    known = {layer.name: [layer] for layer in network.layers if layer.weights}
    known[ENCODER] = [layer for layer in network.layers if encodes(layer.name)]
    for name in layers:
        if name not in known:
            raise ArgumentError(f"no layer is called {name!r}; those with weights are: {', '.join(known)}")
        for layer in known[name]:
            layer.trainable = False
