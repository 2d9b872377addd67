"""Training: one way for every architecture and task, Keras `fit` underneath.

A run folder holds all of a run: `run.json` (what was asked for), `log.csv`, `tensorboard/`, `checkpoint/` (weights,
optimizer, random state and progress after the last whole epoch; the best weights so far) and, in the end, `preset/`.
"""

import contextlib
import logging
import math
import platform
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from typing import Any

import keras
import numpy as np

from zoo.core.card import Card
from zoo.core.codec import Codec
from zoo.core.recipe import Recipe
from zoo.networks.build import network
from zoo.networks.keras_engine import engine_of
from zoo.networks.transfer import ENCODER, copied, set_weights, weights
from zoo.presets import preset as presets
from zoo.training import devices, start, teaching
from zoo.training.batches import Windows
from zoo.training.callbacks import Checkpoint, draw
from zoo.training.fit import fit
from zoo.training.learner import Learner, compiled, freeze
from zoo.training.losses import CrossEntropy
from zoo.training.run_folder import Request, claim, owned
from zoo.training.start import Start

FEW_STEPS = 100
TRIED, MEASURED = ("valid",), ("valid", "test")
"""Splits that the card has metrics of: after a trial, and otherwise."""


LOGGER = logging.getLogger(__name__)


def train(request: Request) -> Card:
    """Train a model and write its preset folder to `out/preset`.

    The test split, where the data has one, is read once, after training, to fill the card; in a trial it is not.

    Args:
        request: What is to be trained, on what, and how.

    Returns:
        The card of the trained model.

    Raises:
        ArgumentError: A layer to freeze or a device does not exist; or settings do not go with the model, or with the
            one to start from.
        TrainingError: `out` holds another run or is in use by another process, there is nothing to resume, the base
            model is of another kind, or the loss became NaN or infinite.
        DataError: The data cannot be had, or the run folder cannot be written.
    """
    start.check(request.entry, request.recipe, request.base, request.frozen)
    if request.teachers:
        teaching.check(request.entry.name, request.recipe, (request.entry.task.loss or CrossEntropy)())
    with owned(request.out) if devices.worker() == 0 else contextlib.nullcontext():
        return _trained(request)


def _trained(request: Request) -> Card:
    spread = devices.strategy(request.devices, request.recipe)
    begun = start.begin(request.entry, request.recipe, request.base, request.data, request.verbose)
    sizes = ", ".join(f"{len(pieces):,} {split}" for split, pieces in begun.splits.items())
    LOGGER.info("%s: %s pieces, %s parameters", request.entry.name, sizes, f"{begun.network.count_params():,}")
    freeze(begun.network, request.frozen)  # names are checked before anything is written
    teaching.compare(request.teachers, begun.codec, request.entry.architecture.bidirectional)
    if devices.worker() == 0:
        claim(request, begun.recipe)
    learner, windows, valid = _prepared(request, begun, spread)
    monitor = request.entry.task.monitor
    checkpoint = fit(learner, spread, windows, valid, request.out, monitor, request.resume, request.verbose)
    LOGGER.info("%s: trained, %s chose the epoch", request.entry.name, monitor)
    checkpoint.best(begun.network)
    return _finished(request, begun, checkpoint)


def _prepared(request: Request, begun: Start, spread: Any) -> tuple[Learner, Windows, Sequence[Any]]:
    """Build the part of the network that is trained, and its training windows; return the validation pieces too."""
    task, recipe = request.entry.task, begun.recipe
    splits, learning, frozen = _encoded(request, begun)
    keras.utils.set_random_seed(recipe.seed)  # dropout does not depend on what was built before
    with _precision(recipe), devices.scope(spread):
        net = network(request.entry.architecture, learning, recipe)
        if request.base:
            copied(begun.network, net)
        freeze(net, frozen)
        augment = task.augment(splits["train"], recipe)
        loss = task.loss or CrossEntropy
        windows = Windows(splits["train"], learning, recipe, augment, loss().targets)
        replicas = spread.num_replicas_in_sync if spread else 1
        teachers = [teaching.network(teacher) for teacher in request.teachers]
        learner = compiled(net, recipe, windows.steps, replicas, loss, task.metrics, teachers)
    if (total := windows.steps * recipe.epochs) < FEW_STEPS:
        shorter = " or --set window" if recipe.window else ""
        warnings.warn(f"only {total} optimizer steps: lower --set batch{shorter}, or raise --set epochs", stacklevel=4)
    return learner, windows, splits["valid"]


def _encoded(request: Request, begun: Start) -> tuple[Mapping[str, Sequence[Any]], Codec, list[str]]:
    """Return the pieces that are trained on, their codec, and the frozen layers that are left.

    What a frozen encoder computes is computed once, where the task can.
    """
    frozen, cache = list(request.frozen), request.entry.task.cache_encoder
    if cache is None or ENCODER not in frozen or request.teachers or devices.workers() > 1:
        return begun.splits, begun.codec.learning, frozen
    splits, codec = cache(begun.network, begun.codec, begun.splits, request.out / "features")
    return splits, codec, [name for name in frozen if name != ENCODER]


@contextlib.contextmanager
def _precision(recipe: Recipe) -> Iterator[None]:
    """Build layers with the recipe's precision inside the block."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _finished(request: Request, begun: Start, checkpoint: Checkpoint) -> Card:
    """Store the weights as float16, measure them as stored, write the preset with log and curves."""
    entry, net, out = request.entry, begun.network, request.out
    arrays = weights(net)
    set_weights(net, arrays)
    card = Card(
        entry.name, entry.architecture.name, entry.task_name, begun.recipe, net.count_params(),
        command=request.command, epochs=checkpoint.state["epoch"], minutes=round(checkpoint.state["minutes"], 1),
        versions=_versions(), data=_data_facts(request),
    )  # fmt: skip
    model = entry.task.model(card, begun.codec, engine_of(net, begun.codec))
    model.card = replace(card, calibration=model.calibrate(begun.splits.get("valid", ())))
    splits = [split for split in (TRIED if request.trial else MEASURED) if split in begun.splits]
    card = replace(model.card, metrics={split: _plain(model.measure(begun.splits[split])) for split in splits})
    if devices.worker() > 0:
        return card
    curves = draw(out / "log.csv", out / "curves.png", entry.task.monitor, entry.task.loss_unit)
    return presets.write(out / "preset", card, begun.codec, arrays, [out / "log.csv", curves], request.add_graph)


def _plain(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return metrics as finite numbers of Python, which JSON can hold: a task may compute them with NumPy."""
    found = {name: np.asarray(value).item() for name, value in metrics.items()}
    if left_out := [f"{name} {value}" for name, value in found.items() if not math.isfinite(value)]:
        warnings.warn(f"the card is without {', '.join(left_out)}, which is no finite number", stacklevel=2)
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _data_facts(request: Request) -> dict[str, str]:
    """Return name, licence and citation of the data, the base model and the teachers."""
    own = (
        {"name": f"own files ({request.data.name})", "licence": "not stated", "citation": ""} if request.data else None
    )
    facts = own or request.entry.task.facts
    others = {"from": [request.base] if request.base else [], "teachers": request.teachers}
    return facts | {
        key: "; ".join(f"{one.card.name}, sha256 {one.card.weights_sha256}" for one in presets)
        for key, presets in others.items()
        if presets
    }


def _versions() -> dict[str, str]:
    libraries = {name: metadata.version(name) for name in ("keras", keras.backend.backend(), "numpy")}
    return {"python": platform.python_version(), **libraries}
