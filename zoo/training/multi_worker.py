"""Training on several machines: the same steps as `fit`, each machine with its share of every batch.

Keras's `fit` does not run under `MultiWorkerMirroredStrategy`; a step run through `strategy.run` does. Every machine
makes the same windows and takes its rows of each batch; gradients are summed over all of them, so that losses are those
of one machine with the whole batch. Every machine validates, so that all stop together; the first alone writes.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo.core.validation import first_line
from zoo.errors import TrainingError
from zoo.training import devices
from zoo.training.batches import Windows
from zoo.training.learner import Learner
from zoo.training.optimizer import plain

GONE = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.InternalError, tf.errors.CancelledError)
"""What TensorFlow says when another machine does not answer any more."""


def fit(
    learner: Learner,
    strategy: Any,
    windows: Windows,
    first: int,
    valid: Iterable[tuple],
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Train from epoch `first` on.

    Args:
        learner: Built and compiled in the scope of the strategy.
        strategy: `tf.distribute.MultiWorkerMirroredStrategy`.
        windows: Training windows.
        first: Epoch to begin with.
        valid: Batches to validate with, as `zoo.training.batches.whole` gives them.
        callbacks: Called as `fit` would; only of the first machine, apart from what they decide.

    Raises:
        TrainingError: Another machine is gone, or is about to train something else.
    """
    recipe, names = windows.recipe, ["loss", *learner.averages]
    step, validated = _step(learner, strategy, recipe.clip), _validation(learner)
    calls = keras.callbacks.CallbackList(callbacks, model=learner, epochs=recipe.epochs, steps=windows.steps)
    learner.stop_training = False
    try:
        _agree(strategy, first, repr((recipe, int(windows.lengths.sum()))))
        calls.on_train_begin()
        for epoch in range(first, recipe.epochs):
            calls.on_epoch_begin(epoch)
            sums = np.zeros(len(names) + 1)
            for i, batch in enumerate(_share(windows, epoch)):
                sums += [float(value) for value in step(*batch)]
                calls.on_train_batch_end(i, {"loss": sums[0] / sums[-1]})
            calls.on_test_begin()
            measured = validated(valid)
            calls.on_test_end(measured)
            calls.on_epoch_end(epoch, {**dict(zip(names, (sums[:-1] / sums[-1]).tolist(), strict=True)), **measured})
            if learner.stop_training:
                break
    except GONE as error:
        reason = first_line(error)
        raise TrainingError(f"another machine is gone ({reason}): start all of them again with --resume") from error
    calls.on_train_end()


def _agree(strategy: Any, first: int, run: str) -> None:
    """Compare what the machines are about to do.

    Raises:
        TrainingError: They would not train the same.
    """
    mine, count = devices.worker(), devices.workers()
    local = max(1, strategy.num_replicas_in_sync // count)  # all replicas of a machine say the same
    row = tf.constant([first, zlib.crc32(run.encode()) % (1 << 20)], tf.float32)

    @tf.function(autograph=False)
    def gathered() -> Any:
        def replica() -> Any:
            table = tf.one_hot(mine, count)[:, None] * row / local
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, table)

        return strategy.experimental_local_results(strategy.run(replica))[0]

    epochs, runs = gathered().numpy().round().T
    if len({*epochs}) > 1 or len({*runs}) > 1:
        what = f"go on with epochs {', '.join(f'{epoch + 1:.0f}' for epoch in epochs)}"
        raise TrainingError(
            f"the machines {what if len({*epochs}) > 1 else 'have other settings or data'}: give all the same command, "
            "with --resume or all without, and the same run folder"
        )


def _validation(learner: Learner) -> Callable[[Iterable[tuple]], dict[str, float]]:
    """Return a function that measures loss and metrics per token as `fit` does, on this machine alone."""
    forward = tf.function(lambda x, keep: learner((x, keep), training=False), autograph=False, reduce_retracing=True)
    measures = {"loss": learner.loss, **learner.averages}

    def validated(valid: Iterable[tuple]) -> dict[str, float]:
        sums, tokens = dict.fromkeys(measures, 0.0), 0.0
        for (x, keep), y, counts in valid:
            logits = forward(x, keep)
            for name, loss in measures.items():
                sums[name] += float(tf.reduce_sum(loss.call(y, logits) * counts))
            tokens += float(tf.reduce_sum(counts))
        return {f"val_{name}": value / tokens for name, value in sums.items()}

    return validated


def _share(windows: Windows, epoch: int) -> Iterator[tuple]:
    """Take this machine's rows of every batch, and what the targets of the whole count."""
    count, mine = devices.workers(), devices.worker()
    for x, keep, y in windows.epoch(epoch):
        rows = slice(mine * len(x) // count, (mine + 1) * len(x) // count)
        yield tuple(map(tf.constant, (x[rows], keep[rows], y[rows], np.float32(windows.targets(y, np)[1].sum()))))


def _step(learner: Learner, strategy: Any, clip: float) -> Callable:
    """Return a function that takes one optimizer step; it returns the sums of loss and metrics, and the tokens."""
    optimizer, count = plain(learner.optimizer), strategy.num_replicas_in_sync
    local = count // devices.workers()  # replicas of this machine, which share its rows
    optimizer.clipnorm = None  # here it is the sum that is clipped
    smoothed, measures = learner.loss, [learner.loss, *learner.averages.values()]
    variables = learner.trainable_variables
    with strategy.scope():
        optimizer.build(variables)

    def replica(x: Any, keep: Any, y: Any, tokens: Any) -> tuple:
        context = tf.distribute.get_replica_context()
        mine, rows = context.replica_id_in_sync_group % local, tf.shape(x)[0]
        x, keep, y = (array[mine * rows // local : (mine + 1) * rows // local] for array in (x, keep, y))
        targets, counts = smoothed.targets(y, keras.ops)
        with tf.GradientTape() as tape:
            logits = learner((x, keep), training=True)
            loss = tf.reduce_sum(learner.token_losses(x, targets, logits) * counts)
            share = loss / tokens
        own = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(share, [v.value for v in variables])]
        gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, own)
        # Keras sums over the machines once more
        gradients = [tf.clip_by_norm(gradient, clip) / count for gradient in gradients]
        optimizer.apply(gradients, variables)
        sums = [loss, *(tf.reduce_sum(m.call(targets, logits) * counts) for m in measures[1:]), tf.reduce_sum(counts)]
        return tuple(context.all_reduce(tf.distribute.ReduceOp.SUM, sums))

    @tf.function(jit_compile=False, autograph=False, reduce_retracing=True)
    def step(*batch: Any) -> Any:
        return [strategy.experimental_local_results(value)[0] for value in strategy.run(replica, args=batch)]

    return step
