"""A network wrapped and compiled for training."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.core.architectures import encodes
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError
from zoo.networks.transfer import ENCODER
from zoo.training.losses import CrossEntropy, Taught
from zoo.training.optimizer import AVERAGED, AdamW, Schedule


class Learner(keras.Model):
    """A network with explicit state, as a model of one output that `fit` can train.

    Takes `(x (batch, time, features), keep (batch, 1))`, gives logits `(batch, time, classes)`. Where `keep` is 1 the
    network starts from the state it ended with at the same row of the batch before (truncated back-propagation through
    time: no gradient goes back there), where it is 0 from zeros.

    Args:
        network: The network.
        batch: Rows whose states are carried on in training; None carries none.
        averages: Name in the log → loss that is averaged over all tokens there.
        taught: The loss with teachers; None without any.
    """

    def __init__(
        self, network: keras.Model, batch: int | None = None, averages: Mapping[str, keras.losses.Loss] | None = None,
        taught: Taught | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name="learner")
        self.network, self.averages, self.taught = network, dict(averages or {}), taught
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

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the loss; in training, that of the teachers where there are any."""
        if self.taught is None or not training:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        return self.taught(y, [y_pred, *self.taught.outputs(x[0])], sample_weight)

    def token_losses(self, x: Any, y: Any, logits: Any) -> Any:
        """Return the training loss of every token of inputs, targets and logits, `(batch, time)`."""
        if self.taught is None:
            return self.loss.call(y, logits)
        return self.taught.call(y, [logits, *self.taught.outputs(x)])


class Average(keras.metrics.Mean):
    """A loss averaged over all tokens; Keras's own metric would weigh batches of short pieces more.

    Args:
        name: Name in the log.
        loss: Its `call` returns the value of every token, `(batch, time)`.
    """

    def __init__(self, name: str, loss: keras.losses.Loss) -> None:
        super().__init__(name=name)
        self.loss = loss

    def update_state(self, y: Any, logits: Any, sample_weight: Any = None) -> Any:
        """Add targets `(batch, time)`, logits `(batch, time, classes)` and weights `(batch, time)`."""
        values = self.loss.call(y, logits)
        return super().update_state(ops.reshape(values, (-1,)), ops.reshape(sample_weight, (-1,)))


def compiled(
    network: keras.Model,
    recipe: Recipe,
    steps: int,
    replicas: int = 1,
    loss: Callable[..., keras.losses.Loss] = CrossEntropy,
    metrics: Mapping[str, Callable[[], keras.losses.Loss]] | None = None,
    teachers: Sequence[keras.Model] = (),
) -> Learner:
    """Wrap and compile a network for training.

    Args:
        network: The network.
        recipe: Learning rate, optimizer, label smoothing, precision.
        steps: Optimizer steps per epoch.
        replicas: Devices that share a batch. Each clips its share of a gradient, before the shares are added.
        loss: `(label smoothing)` → loss; see `zoo.core.task.Task`.
        metrics: Name in the log → loss without label smoothing.
        teachers: Networks whose outputs it learns too.
    """
    total = max(recipe.epochs * steps, 2)
    rate = Schedule(recipe.learning_rate, min(recipe.warmup, total // 2), total, recipe.schedule)
    optimizer = AdamW(
        rate, weight_decay=recipe.weight_decay, beta_2=0.99, clipnorm=recipe.clip / replicas,
        use_ema=recipe.ema > 0, ema_momentum=min(recipe.ema, 1 - 1 / max(1, AVERAGED * total)),
    )  # fmt: skip
    optimizer.exclude_from_weight_decay(var_names=["bias", "embeddings"])
    averages = {name: make() for name, make in (metrics or {}).items()}
    own = loss(recipe.label_smoothing)
    taught = Taught(own, teachers, recipe.taught) if teachers else None
    learner = Learner(network, recipe.batch if recipe.carry else None, averages, taught)
    learner.compile(
        optimizer, own, weighted_metrics=[Average(*row) for row in averages.items()],
        jit_compile=recipe.xla, steps_per_execution=recipe.steps_per_execution,
    )  # fmt: skip
    return learner


def freeze(network: keras.Model, layers: Sequence[str]) -> None:
    """Keep layers as they are in training; `encoder` stands for all below the recurrent ones.

    Layers inside of others, such as of an encoder, have their own names.

    Raises:
        ArgumentError: There is no such layer with weights.
    """
    inner = [layer for part in network.layers if isinstance(part, keras.Model) for layer in part.layers]
    known = {layer.name: [layer] for layer in (*network.layers, *inner) if layer.weights}
    known[ENCODER] = [layer for layer in network.layers if encodes(layer.name)]
    for name in layers:
        if name not in known:
            raise ArgumentError(f"no layer is called {name!r}; those with weights are: {', '.join(known)}")
        for layer in known[name]:
            layer.trainable = False
