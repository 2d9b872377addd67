"""Training: one way for every architecture and task, Keras `fit` underneath.

A run folder holds all of a run: `run.json` (what was asked), `log.csv`, `tensorboard/`, `checkpoint/` (weights,
optimizer, random state and progress after the last whole epoch; the best weights so far) and, in the end, `preset/`.
"""

import contextlib
import platform
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import keras

from zoo.core.card import Card
from zoo.core.codec import Codec
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError
from zoo.models.making import make
from zoo.networks.build import network
from zoo.networks.keras_engine import KerasEngine
from zoo.networks.transfer import ENCODER, copied, resize_vocabulary, set_weights, transfer_encoder, weights
from zoo.presets import preset as presets
from zoo.presets.catalog import Entry
from zoo.tasks.video import feature_cache as features
from zoo.tasks.video.codec import VideoCodec
from zoo.training import devices
from zoo.training.batches import Windows
from zoo.training.callbacks import draw
from zoo.training.fit import fit
from zoo.training.learner import compiled, freeze
from zoo.training.run_folder import _claim
from zoo.training.start import _beginning, _check, _check_start, _splits

FEW_STEPS = 100


def train(
    entry: Entry,
    recipe: Recipe,
    out: Path,
    command: str,
    data: Path | None = None,
    start: Path | None = None,
    frozen: Sequence[str] = (),
    used: Sequence[str] = (),
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
        frozen: Layers that are not trained.
        used: Devices that share every batch; see `zoo.training.devices.strategy`.
        resume: Go on after the last whole epoch of the run in `out`.
        verbose: Show progress.

    Returns:
        The card of the trained model.

    Raises:
        ArgumentError: There is no layer of a name in `frozen`, or no device of a name in `used`; or settings do not go
            with the model, or with the one to start from.
        TrainingError: `out` holds another run, there is nothing to resume, `start` is of another kind, or the loss is
            no number any more.
        DataError: The data is not to be had, or the run folder cannot be written.
    """
    task, chief = entry.task, devices.worker() == 0
    _check(entry, recipe)
    if frozen and not start:
        raise ArgumentError(f"freeze {', '.join(frozen)}: without a model to start from, weights that stay are random")
    spread = devices.strategy(used, recipe)
    before = presets.read(start) if start else None
    _check_start(entry, before)
    splits = _splits(task, recipe, data, before[1] if before else None, verbose)
    card, codec, recipe, kept = _beginning(entry, recipe, before, splits)
    paths = {key: str(path.resolve()) if path else "" for key, path in (("data", data), ("start", start))}
    request = {"name": entry.name, "recipe": asdict(recipe), **paths, "freeze": list(frozen)}
    keras.utils.set_random_seed(recipe.seed)
    final = network(entry.architecture, codec, recipe)  # in float32, whatever the training's precision is
    if card and start:
        arrays, new = presets.read_weights(start, card), weights(final, "float32")
        same = card.architecture == entry.architecture.name
        set_weights(final, resize_vocabulary(arrays, new, *kept) if same else transfer_encoder(arrays, new))
        if verbose and chief and not same:
            print(f"the encoder is {card.name}'s; what is above it learns from the beginning")
    freeze(final, list(frozen))  # names are checked before anything is written
    if chief:
        _claim(out, request, {"devices": list(used), "command": command}, resume)
    seen, learning, frozen = splits, codec.learning, list(frozen)
    if ENCODER in frozen and isinstance(codec, VideoCodec) and devices.workers() == 1:
        seen, learning = features.cached(final, codec, splits, out / "features")
        frozen.remove(ENCODER)
    keras.utils.set_random_seed(recipe.seed)  # dropout does not depend on what was built before
    with _precision(recipe), devices.scope(spread):
        net = network(entry.architecture, learning, recipe if learning.front else replace(recipe, filters=0))
        if card and start:
            copied(final, net)
        freeze(net, frozen)
        windows = Windows(seen["train"], learning, recipe, task.augment(seen["train"], recipe.augment))
        learner = compiled(net, recipe, windows.steps, spread.num_replicas_in_sync if spread else 1, codec.loss)
    if (total := windows.steps * recipe.epochs) < FEW_STEPS:
        shorter = " or --set window" if recipe.window else ""
        warnings.warn(f"only {total} optimizer steps: lower --set batch{shorter}, or raise --set epochs", stacklevel=3)
    checkpoint = fit(learner, spread, windows, seen["valid"], out, resume, verbose and chief)
    checkpoint.best(final)
    about = {
        "command": command,
        "epochs": checkpoint.state["epoch"],
        "minutes": round(checkpoint.state["minutes"], 1),
        "versions": _versions(),
        "data": _data_facts(entry, data) | ({"from": f"{card.name}, sha256 {card.weights_sha256}"} if card else {}),
    }
    return _finish(entry, final, codec, recipe, splits, about, out if chief else None)


@contextlib.contextmanager
def _precision(recipe: Recipe) -> Iterator[None]:
    """Build layers with the recipe's precision inside the block."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _finish(
    entry: Entry,
    net: keras.Model,
    codec: Codec,
    recipe: Recipe,
    splits: Mapping[str, Sequence[Any]],
    about: dict[str, Any],
    out: Path | None,
) -> Card:
    """Store the weights as float16, measure them as stored, write the preset with log and curves; None writes none."""
    arrays = weights(net)
    set_weights(net, arrays)
    card = Card(entry.name, entry.architecture.name, entry.task.name, recipe, net.count_params(), **about)
    model = make(card, codec, KerasEngine(net))
    metrics: dict[str, dict[str, float]] = {
        split: model.measure(splits[split]) for split in ("valid", "test") if split in splits
    }
    card = replace(card, metrics=metrics)
    if out is None:
        return card
    curves = draw(out / "log.csv", out / "curves.png", entry.task.unit if codec.front else "token")
    return presets.write(out / "preset", card, codec, arrays, [out / "log.csv", curves])


def _data_facts(entry: Entry, data: Path | None) -> dict[str, str]:
    if data:
        return {"name": f"own files ({data.name})", "licence": "not stated", "citation": ""}
    return entry.task.facts


def _versions() -> dict[str, str]:
    libraries = {name: metadata.version(name) for name in ("keras", keras.backend.backend(), "numpy")}
    return {"python": platform.python_version(), **libraries}
