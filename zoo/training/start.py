"""Where a training run starts from: its data, its codec and sizes, and the weights of the base model it fine-tunes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.core.architectures import encodes
from zoo.core.codec import Codec, SizedFrontEnd, counted
from zoo.core.recipe import Recipe, with_values
from zoo.core.storage import Joined
from zoo.core.task import Task
from zoo.errors import ArgumentError, DataError, TrainingError
from zoo.networks.build import network
from zoo.networks.transfer import resize_vocabulary, set_weights, weights
from zoo.presets.catalog import Entry
from zoo.presets.preset import Preset
from zoo.training import devices


@dataclass(frozen=True)
class Start:
    """What training starts from.

    Attributes:
        splits: Split → pieces.
        codec: Codec that fits the pieces.
        recipe: The recipe, with the sizes of the base model.
        network: The network in float32, with the weights of the base model.
    """

    splits: Mapping[str, Sequence[Any]]
    codec: Codec
    recipe: Recipe
    network: keras.Model


def check(entry: Entry, recipe: Recipe, base: Preset | None, frozen: Sequence[str]) -> None:
    """Refuse settings, and a base model, that do not go with the model to train.

    Raises:
        ArgumentError: Settings do not go together.
        TrainingError: The base model is of another task, or of another architecture, and has no front end.
    """
    if recipe.carry and entry.architecture.bidirectional:
        raise ArgumentError(f"carry=true: {entry.name} is bidirectional, it has no state to carry between windows")
    entry.task.check(recipe, entry.architecture)
    if base is None:
        if frozen:
            raise ArgumentError(
                f"freeze {', '.join(frozen)}: without a model to start from, frozen weights would be random"
            )
    elif not (_same(entry, base) or base.codec.frontend()):
        raise TrainingError(f"{base.card.name} cannot be the start of {entry.name}: give one of the same kind")


def taken_sizes(base: Preset, entry: Entry) -> list[str]:
    """List what is taken from a base model: settings of its codec, and sizes, of another kind its front end's."""
    accepted = ("encoder", "network") if _same(entry, base) else ("encoder",)
    rows, own = base.card.recipe.rows.items(), entry.task.recipe(entry.architecture.name).rows
    of_codec = base.card.task == entry.task_name
    return [
        name
        for name, row in rows
        if name in own and (row.metadata["size"] in accepted or (of_codec and row.metadata["of_codec"]))
    ]


def _same(entry: Entry, base: Preset) -> bool:
    return (base.card.architecture, base.card.task) == (entry.architecture.name, entry.task_name)


def begin(entry: Entry, recipe: Recipe, base: Preset | None, data: Path | None, verbose: bool) -> Start:
    """Read the data, fit the codec to it, and build the network with the weights of the base model.

    Args:
        entry: Catalog entry to train.
        recipe: Sizes and training settings.
        base: Preset to start from.
        data: The user's own files instead of the task's data set.
        verbose: Show progress, and what is taken from the base model.

    Raises:
        ArgumentError: The recipe says how files are read that are not read, or other than the base model takes.
        DataError: The data cannot be had, or there is none to train or to validate on.
    """
    splits = _splits(entry.task, recipe, base, data, verbose)
    if missing := [split for split in ("train", "valid") if not len(splits.get(split, ()))]:
        raise DataError(f"{data or entry.task_name} has no pieces for the split {', '.join(missing)}: give more data")
    pieces = Joined(splits["train"], splits["valid"])
    keras.utils.set_random_seed(recipe.seed)
    if base is None:
        codec = _made(entry, recipe, pieces)
        return Start(_counted(codec, splits), codec, recipe, network(entry.architecture, codec, recipe))
    sizes = base.card.recipe.to_dict()
    recipe = with_values(recipe, {name: sizes[name] for name in taken_sizes(base, entry)})
    if base.card.task == entry.task_name:
        codec, *kept = base.codec.extended(pieces)
        codec = codec if _same(entry, base) else codec.for_direction(entry.architecture.bidirectional)
    else:
        codec = _made(entry, recipe, pieces)
    net = network(entry.architecture, codec, recipe)
    arrays, new = base.weights(), weights(net, "float32")
    if not _same(entry, base):
        arrays = new | _front(base, entry, _below(codec, recipe, new))
    elif codec is not base.codec:
        arrays = resize_vocabulary(arrays, new, *kept)
    set_weights(net, arrays)
    if verbose and devices.worker() == 0 and not _same(entry, base):
        print(f"What is below the recurrent layers is that of {base.card.name}; all else starts untrained.")
    return Start(_counted(codec, splits), codec, recipe, net)


def _made(entry: Entry, recipe: Recipe, pieces: Sequence[Any]) -> Codec:
    """Return the codec that a task makes of pieces."""
    asked = {name: getattr(recipe.settings, name) for name in entry.task.of_codec}
    codec: Codec = entry.task.make_codec(pieces, entry.architecture.bidirectional, **asked)
    return codec


def _below(codec: Codec, recipe: Recipe, new: Mapping[str, np.ndarray]) -> Mapping[str, tuple[int, ...]]:
    """Return the shapes of the arrays below the recurrent layers of a network."""
    front = codec.frontend()
    if isinstance(front, SizedFrontEnd):
        return front.shapes(recipe)
    return {path: array.shape for path, array in new.items() if encodes(path)}


def _front(base: Preset, entry: Entry, expected: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Return the arrays of a base model below its recurrent layers.

    Raises:
        TrainingError: They are not those that the network to train has.
    """
    found = {path: array for path, array in base.weights().items() if path in expected}
    if not expected or {path: array.shape for path, array in found.items()} != dict(expected):
        raise TrainingError(
            f"{base.card.name} cannot be the start of {entry.name}: what is below its recurrent layers has another form"
        )
    return found


def _counted(codec: Codec, splits: Mapping[str, Sequence[Any]]) -> Mapping[str, Sequence[Any]]:
    """Return the splits in pieces as long as their tokens are many."""
    return {split: counted(codec, pieces) for split, pieces in splits.items()}


def _splits(
    task: Task, recipe: Recipe, base: Preset | None, data: Path | None, verbose: bool
) -> Mapping[str, Sequence[Any]]:
    """Read the pieces of a run, the user's own as the recipe says or else as the base model's codec has them."""
    values, usual = recipe.to_dict(), task.settings()
    for name in task.reading:
        if values[name] == getattr(usual, name):
            values[name] = _of_base(task, base, name, values[name])
            continue
        if not data:
            raise ArgumentError(f"{name}={values[name]}: it says how files of yours are read, and needs --data")
        if name in task.fixed and base and values[name] != (own := _of_base(task, base, name, values[name])):
            raise ArgumentError(f"{name}={values[name]}: the model to start from has {own}: leave it out")
    if not data:
        return task.splits_of(verbose)
    return task.read_own(data, {name: values[name] for name in task.reading})


def _of_base(task: Task, base: Preset | None, name: str, usual: Any) -> Any:
    """Return what a setting that is not given means: what the base model has, where its codec or the task says so."""
    if base is None:
        return usual
    if name in task.fixed:
        return getattr(base.codec, name, base.card.recipe.to_dict().get(name, usual))
    return usual or getattr(base.codec, name, usual)
