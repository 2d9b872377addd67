"""Where a training run starts from: its data, its codec and sizes, and the model that it fine-tunes."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from zoo.core.card import Card
from zoo.core.codec import Codec
from zoo.core.recipe import READING, Recipe
from zoo.core.task import Task
from zoo.errors import ArgumentError, TrainingError
from zoo.presets import preset as presets
from zoo.presets.catalog import Entry

SIZES = ("units", "embedding", "layers", "filters", "head")  # settings that a model to start from has already
BELOW = ("embedding", "filters")  # those of what stands below the recurrent layers


def _check(entry: Entry, recipe: Recipe) -> None:
    """Refuse settings that do not go with a model.

    Raises:
        ArgumentError: There are some.
    """
    if recipe.carry and entry.architecture.bidirectional:
        raise ArgumentError(f"carry=true: {entry.name} reads backwards too, no state goes from window to window")
    if entry.task.kind == "transcribe" and (recipe.window or recipe.xla):
        raise ArgumentError(
            f"window={recipe.window}, xla={recipe.xla}: speech is trained on whole recordings, whose symbols have no "
            "known times, with a loss that XLA does not have: leave both out"
        )


def _check_start(entry: Entry, start: tuple[Card, Codec] | None) -> None:
    """Refuse a preset to start from that has nothing in common with a model.

    Raises:
        TrainingError: It is of another task, or of another architecture and has no encoder.
    """
    if start is None:
        return
    card, codec = start
    if card.task != entry.task.name or (card.architecture != entry.architecture.name and not codec.front):
        raise TrainingError(f"{card.name} cannot be the start of {entry.name}: give one of the same kind")


def _splits(task: Task, recipe: Recipe, data: Path | None, codec: Any, verbose: bool) -> Mapping[str, Sequence[Any]]:
    """Read the pieces of a run, the user's own as the recipe says or else as the codec to start from has them.

    Raises:
        ArgumentError: The recipe says how to read what is not read.
    """
    usual = Recipe(1, 1)
    for name in READING:
        if getattr(recipe, name) != getattr(usual, name) and not (data and name in task.reading):
            what = f"is not for {task.name}" if data else "needs --data"
            raise ArgumentError(f"{name}={getattr(recipe, name)}: it says how files of yours are read, and {what}")
    if not data:
        return task.splits_of(verbose)
    for name in (name for name in task.fixed if codec is not None and getattr(recipe, name)):
        if getattr(recipe, name) != (own := getattr(codec, name)):
            raise ArgumentError(f"{name}={getattr(recipe, name)}: the model to start from has {own}: leave it out")
    asked = {name: getattr(recipe, name) or getattr(codec, name, 0) for name in task.reading}
    return task.read_folder(data, **asked)


def _beginning(
    entry: Entry, recipe: Recipe, start: tuple[Card, Codec] | None, splits: Mapping[str, Sequence[Any]]
) -> tuple[Card | None, Codec, Recipe, tuple]:
    """Give the card to start from, if any, the codec, the recipe with its sizes, and which symbols are the old ones."""
    pieces = itertools.chain(splits["train"], splits["valid"])
    if not start:
        return None, entry.task.make_codec(pieces, masked=entry.architecture.bidirectional), recipe, ()
    card, codec = start
    same = card.architecture == entry.architecture.name
    codec, *kept = codec.extended(pieces)
    codec = codec if same else codec.for_direction(entry.architecture.bidirectional)
    sizes = SIZES if same else BELOW
    return card, codec, replace(recipe, **{size: getattr(card.recipe, size) for size in sizes}), tuple(kept)


def sizes_from(start: Path, entry: Entry) -> tuple[str, ...]:
    """List the sizes that are taken over from a preset to start from: of another architecture those of its encoder."""
    return SIZES if presets.read_card(start).architecture == entry.architecture.name else BELOW
