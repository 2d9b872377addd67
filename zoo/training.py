"""Training: one loop for every architecture and task, Keras `fit` underneath.

A run folder holds all of a run: `run.json` (what was asked), `log.csv`, `tensorboard/`, `checkpoint/` (weights,
optimizer, random state and progress after the last whole epoch; the best weights so far) and, in the end, `preset/`.
"""

import itertools
import json
import math
import platform
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo import datasets, presets
from zoo.cards import Card
from zoo.catalog import Entry
from zoo.errors import CodecError, DataError, TrainingError
from zoo.files import replacing
from zoo.models import make
from zoo.networks import KerasEngine, network, set_weights, weights
from zoo.tasks import Codec, Recipe

MONITOR = "val_nats"
LAST, BEST, STATE = "last.weights.h5", "best.weights.h5", "state.json"
VALIDATION_BATCH = 16
FEW_STEPS = 100


def train(
    entry: Entry,
    recipe: Recipe,
    out: Path,
    command: str,
    data: Path | None = None,
    start: Path | None = None,
    resume: bool = False,
    verbose: bool = True,
) -> Card:
    """Train a model and write its preset folder to `out/preset`.

    The test split, where the data has one, is read once, after training, to fill the card.

    Args:
        entry: Catalog entry to train.
        recipe: Sizes and training settings.
        out: Run folder.
        command: Command line that repeats this run, for the card.
        data: Folder of the user's own files instead of the task's data set.
        start: Preset folder to start from (fine-tuning); its codec and sizes are taken over.
        resume: Go on after the last whole epoch of the run in `out`.
        verbose: Show progress bars.

    Returns:
        The card of the trained model.

    Raises:
        TrainingError: `out` holds another run, there is nothing to resume, or `start` is of another kind.
        DataError: The data is not to be had, or none of it fits the codec of `start`.
    """
    task = entry.task
    splits = task.read_folder(data) if data else task.prepare(datasets.load(task.dataset, verbose))
    if start:
        card, codec = presets.read(start)
        if (card.architecture, card.task) != (entry.architecture.name, task.name):
            raise TrainingError(f"{card.name} cannot be the start of {entry.name}: give one of the same kind")
        recipe = replace(recipe, units=card.recipe.units, embedding=card.recipe.embedding)
        splits = {split: _fitting(pieces, codec, split) for split, pieces in splits.items()}
    else:
        codec = task.make_codec(splits["train"] + splits["valid"])
    request = {"name": entry.name, "recipe": asdict(recipe), "data": str(data or ""), "start": str(start or "")}
    _claim(out, request, resume)

    keras.utils.set_random_seed(recipe.seed)
    net = network(entry.architecture, codec, recipe)
    if start:
        set_weights(net, presets.read_weights(start, card))
    windows = Windows(splits["train"], codec, recipe, task.augment(splits["train"]))
    model = _compiled(net, recipe, windows.steps)
    if (total := windows.steps * recipe.epochs) < FEW_STEPS:
        warnings.warn(f"only {total} optimizer steps: lower --batch or --window, or raise --epochs", stacklevel=3)
    checkpoint = Checkpoint(out / "checkpoint", recipe.patience)
    first = checkpoint.restore(model) if resume else 0
    if first < recipe.epochs and not checkpoint.exhausted():
        _trim(out / "log.csv", first)
        model.fit(
            windows.dataset(first, net),
            steps_per_epoch=windows.steps,
            initial_epoch=first,
            epochs=recipe.epochs,
            validation_data=_whole(splits["valid"], codec, net),
            callbacks=[
                keras.callbacks.CSVLogger(str(out / "log.csv"), append=first > 0),
                keras.callbacks.TensorBoard(str(out / "tensorboard"), write_graph=False),
                checkpoint,
            ],
            shuffle=False,  # the windows come shuffled
            verbose=1 if verbose else 0,
        )
    checkpoint.best(model)
    about = {
        "command": command,
        "epochs": checkpoint.state["epoch"],
        "minutes": round(checkpoint.state["minutes"], 1),
        "versions": _versions(),
        "data": _data_facts(entry, data) | ({"from": f"{card.name}, sha256 {card.weights_sha256}"} if start else {}),
    }
    return _finish(entry, net, codec, recipe, splits, about, out)


def _claim(out: Path, request: dict[str, Any], resume: bool) -> None:
    """Make the run folder ours, or recognise it as the run to go on with."""
    note = out / "run.json"
    if resume:
        try:
            before = dict(json.loads(note.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise TrainingError(f"{out} holds no run to resume ({error}): start without --resume") from error
        changed = [key for key in request if before.get(key) != request[key]]
        if changed:
            raise TrainingError(f"{out} is a run with another {', '.join(changed)}: resume with the same options")
    else:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise TrainingError(f"{out} is not empty: add --resume to go on with that run, or choose another --out")
        with replacing(note) as scratch:
            scratch.write_text(json.dumps(request, indent=2) + "\n")


def _compiled(net: keras.Model, recipe: Recipe, steps: int) -> keras.Model:
    """Wrap a network for `fit`: logits only, pooled loss, decaying learning rate."""
    model = keras.Model(net.inputs, net.outputs[0])
    total = max(recipe.epochs * steps, 2)
    warmup = min(recipe.warmup, total // 2)
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / max(warmup, 1), total - warmup, warmup_target=recipe.learning_rate, warmup_steps=warmup
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, beta_2=0.99, clipnorm=recipe.clip)
    optimizer.exclude_from_weight_decay(var_names=["bias", "embeddings"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight")
    model.compile(optimizer, loss, weighted_metrics=[Nats(name="nats")], jit_compile=False)
    return model


class Nats(keras.metrics.Mean):
    """Nats per token, pooled over all tokens; Keras's own metric would weigh batches of short pieces more."""

    def update_state(self, y: Any, logits: Any, sample_weight: Any = None) -> Any:
        """Add targets `(batch, time)`, logits `(batch, time, classes)` and weights `(batch, time)`."""
        values = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        return super().update_state(keras.ops.reshape(values, (-1,)), keras.ops.reshape(sample_weight, (-1,)))


def _fitting(pieces: Sequence[Any], codec: Codec, split: str) -> list[Any]:
    """Leave out the pieces that a codec cannot hold, with a warning each.

    Raises:
        DataError: None is left.
    """
    kept = []
    for i, piece in enumerate(pieces):
        try:
            codec.tokens(piece)
            kept.append(piece)
        except CodecError as error:
            warnings.warn(f"left out piece {i + 1} of {split}: {error}", stacklevel=3)
    if not kept:
        raise DataError(f"no piece of {split} fits the model to start from: train anew without --from")
    return kept


def _trim(log: Path, epochs: int) -> None:
    """Drop what a killed run logged of an epoch that it did not finish."""
    if log.exists():
        lines = log.read_text().splitlines(keepends=True)
        log.write_text("".join(lines[: epochs + 1]) if epochs else "")


class Windows:
    """Training windows of pieces, in an order that depends on the seed and the epoch alone.

    Each epoch augments every piece anew, cuts it at a random phase (its beginning is always a window of its own),
    and takes as many of the windows, shuffled, as hold about as many tokens as the data. Each starts from zero state.
    """

    def __init__(self, pieces: Sequence[Any], codec: Codec, recipe: Recipe, augment: Any) -> None:
        self.count, self.codec, self.recipe, self.augment = len(pieces), codec, recipe, augment
        self.window = recipe.window * codec.group
        self.steps = max(1, sum(map(len, pieces)) // (recipe.window * recipe.batch))

    def epoch(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield inputs `(batch, time, features)` and targets `(batch, time)`, -1 past a piece's end."""
        rng = np.random.default_rng([self.recipe.seed, epoch])
        x, y = self.codec.encode([self.augment(i, rng) for i in range(self.count)])
        x = np.pad(x, ((0, 0), (0, self.window), (0, 0)), mode="edge")
        y = np.pad(y, ((0, 0), (0, self.window)), constant_values=-1)
        cuts: list[tuple[int, int]] = []
        while len(cuts) < self.steps * self.recipe.batch:  # more than one round only where data is short
            for piece, tokens in enumerate((y >= 0).sum(1)):
                phase = int(rng.integers(1, self.recipe.window + 1)) * self.codec.group
                cuts += [(piece, at) for at in (0, *range(phase, int(tokens), self.window))]
        chosen = rng.permutation(cuts)[: self.steps * self.recipe.batch]
        for rows in chosen.reshape(self.steps, self.recipe.batch, 2):
            at = rows[:, :1], rows[:, 1:] + np.arange(self.window)
            yield x[at], y[at]

    def dataset(self, first: int, net: keras.Model) -> tf.data.Dataset:
        """Stream epochs without end, from epoch `first` on, in the form `fit` takes, prepared ahead of use."""

        def endless() -> Iterator[tuple]:
            for epoch in itertools.count(first):
                yield from (_fit_form(x, y, net) for x, y in self.epoch(epoch))

        sample = next(iter(self.epoch(first)))
        form = tf.nest.map_structure(lambda a: tf.TensorSpec(a.shape, a.dtype), _fit_form(*sample, net))
        return tf.data.Dataset.from_generator(endless, output_signature=form).prefetch(2)


def _fit_form(x: np.ndarray, y: np.ndarray, net: keras.Model) -> tuple:
    """Add zero states and weights, 0 past a piece's end: `((x, states …), y, weights)`."""
    states = KerasEngine(net).initial_state(len(x))
    return (x, *states), np.maximum(y, 0), (y >= 0).astype(np.float32)


def _whole(pieces: Sequence[Any], codec: Codec, net: keras.Model) -> tf.data.Dataset:
    """Give whole pieces, those of like length together, each from its beginning."""
    ordered = sorted(pieces, key=len)
    groups = [ordered[i : i + VALIDATION_BATCH] for i in range(0, len(ordered), VALIDATION_BATCH)]
    batches = [_fit_form(*codec.encode(group), net) for group in groups]
    form = tf.nest.map_structure(
        lambda a: tf.TensorSpec((None, *(None, *a.shape[2:])[: a.ndim - 1]), a.dtype), batches[0]
    )
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=form)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))


class Checkpoint(keras.callbacks.Callback):
    """Keeps, after every epoch and whole or not at all, what a run needs to go on as if it had not stopped.

    Weights and optimizer are in `last.weights.h5`, the weights of the best epoch in `best.weights.h5`, dropout's random
    state and how far the run is in `state.json`. Stops after `patience` epochs without improvement.
    """

    def __init__(self, folder: Path, patience: int) -> None:
        super().__init__()
        self.folder, self.patience = folder, patience
        self.state: dict[str, Any] = {"epoch": 0, "best": float("inf"), "best_epoch": 0, "minutes": 0.0}
        self.began = time.perf_counter()

    def restore(self, model: keras.Model) -> int:
        """Load the last checkpoint, if there is one, into a compiled model; return the epoch to go on with.

        Raises:
            TrainingError: The checkpoint is damaged.
        """
        if not self.folder.exists():
            return 0
        try:
            self.state |= json.loads((self.folder / STATE).read_text())
            model.optimizer.build(model.trainable_variables)
            model.load_weights(self.folder / LAST)
            for variable, value in zip(_random_state(model), self.state["random"], strict=True):
                variable.assign(value)
            return int(self.state["epoch"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{self.folder} cannot be resumed: {error}; start anew with another --out") from error

    def best(self, model: keras.Model) -> None:
        """Load the weights of the best epoch.

        Raises:
            TrainingError: The checkpoint is damaged.
        """
        try:
            model.load_weights(self.folder / BEST)
        except (OSError, ValueError, KeyError) as error:
            raise TrainingError(f"{self.folder / BEST} is damaged: {error}; start anew with another --out") from error

    def exhausted(self) -> bool:
        """Tell whether the best epoch lies `patience` epochs back."""
        return self.state["epoch"] - self.state["best_epoch"] >= self.patience

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the checkpoint.

        Raises:
            TrainingError: The loss is no number any more.
            DataError: The checkpoint cannot be written; the one before is still there.
        """
        value, now = float((logs or {})[MONITOR]), time.perf_counter()
        if not math.isfinite(value):
            raise TrainingError(f"the loss is {value} in epoch {epoch + 1}: lower --learning-rate and start anew")
        state = {**self.state, "epoch": epoch + 1, "minutes": self.state["minutes"] + (now - self.began) / 60}
        state["random"] = [keras.ops.convert_to_numpy(variable).tolist() for variable in _random_state(self.model)]
        improved = value < self.state["best"]
        if improved:
            state |= {"best": value, "best_epoch": epoch + 1}
        with replacing(self.folder, folder=True) as scratch:
            self.model.save_weights(scratch / LAST)
            source = scratch / LAST if improved else self.folder / BEST
            shutil.copyfile(source, scratch / BEST)
            (scratch / STATE).write_text(json.dumps(state) + "\n")
        self.state, self.began = state, now
        if self.exhausted():
            self.model.stop_training = True


def _random_state(model: keras.Model) -> list[Any]:
    """List the random states of the dropout layers, which Keras's weight files leave out."""
    return [variable for variable in model.variables if "seed_generator" in variable.path]


def _finish(
    entry: Entry,
    net: keras.Model,
    codec: Codec,
    recipe: Recipe,
    splits: dict[str, Any],
    about: dict[str, Any],
    out: Path,
) -> Card:
    """Store the weights as float16, measure them as stored, write the preset."""
    arrays = weights(net)
    set_weights(net, arrays)
    card = Card(entry.name, entry.architecture.name, entry.task.name, recipe, net.count_params(), **about)
    model = make(card, codec, KerasEngine(net))
    metrics: dict[str, dict[str, float]] = {
        split: model.score(splits[split]) for split in ("valid", "test") if split in splits
    }
    return presets.write(out / "preset", replace(card, metrics=metrics), codec, arrays, (out / "log.csv").read_text())


def _data_facts(entry: Entry, data: Path | None) -> dict[str, str]:
    if data:
        return {"name": f"own files ({data.name})", "licence": "not stated", "citation": ""}
    return {key: getattr(entry.task.dataset, key) for key in ("name", "licence", "citation")}


def _versions() -> dict[str, str]:
    libraries = {name: metadata.version(name) for name in ("keras", "tensorflow", "numpy")}
    return {"python": platform.python_version(), **libraries}
