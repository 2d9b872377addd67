"""What a task is, and where tasks are found."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np

    from zoo.core.datasets import Dataset


def as_they_are(pieces: Sequence[Any]) -> Sequence[Any]:
    """Leave pieces uncut."""
    return pieces


@dataclass(frozen=True)
class Published:
    """A published figure to put beside ours.

    Attributes:
        name: Of the model.
        metric: Which of our metrics it is to be compared with.
        value: The figure.
        size: Parameters, as published.
        source: Where it is from, and how it differs.
    """

    name: str
    metric: str
    value: float
    size: str
    source: str


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        name: Second part of a model's name (`music` in `lstm_music`).
        kind: How models of the task are used; `generate` is left to right, one token after another.
        summary: One line for lists.
        datasets: What its models are trained on.
        prepare: Data sets as read, one argument each → split name → pieces the codec encodes.
        read_folder: Folder of the user's own files, and the settings in `reading` → split name → pieces.
        make_codec: Pieces, `masked` (whether the network sees both sides) → codec that fits them.
        read_codec: JSON description → codec.
        augment: Pieces, strength → function of an index and a random generator that gives that piece changed.
        default_codec: The same without pieces, for an untrained network.
        unit: What the metric is counted per (`step` in nats per step); `token` is reported beside it.
        protocols: Name that is put before a metric → how pieces are cut for it, and whether the state is carried on
            from one to the next.
        recipes: Architecture name → recipe; `""` is the default.
        published: Figures of others, for the test split.
        splits: What the splits are, for the cards.
        limits: Architecture name → what its models cannot do, for their cards; `""` is the default.
        reading: Settings of a recipe that say how the user's own files are read.
        fixed: Those of them that a model to start from must share.
        quantized_loss: How much worse the metric of an int8 artifact may be: share of it, and points.
    """

    name: str
    kind: str
    summary: str
    datasets: Sequence[Dataset]
    prepare: Callable[..., dict[str, list[Any]]]
    read_folder: Callable[..., Mapping[str, Sequence[Any]]]
    make_codec: Callable[..., Any]
    read_codec: Callable[[dict[str, Any]], Any]
    augment: Callable[[Sequence[Any], float], Callable[[int, np.random.Generator], Any]]
    default_codec: Callable[..., Any]
    unit: str
    protocols: Mapping[str, tuple[Callable[[Sequence[Any]], Sequence[Any]], bool]]
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    published: Sequence[Published] = ()
    splits: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)
    reading: Sequence[str] = ()
    fixed: Sequence[str] = ()
    quantized_loss: tuple[float, float] = (0.01, 0.0)

    def recipe(self, architecture: str) -> Recipe:
        """Return the recipe of an architecture, or the task's default."""
        return self.recipes.get(architecture, self.recipes[""])

    def splits_of(self, progress: bool = True) -> dict[str, list[Any]]:
        """Read the data sets; give split name → pieces.

        Raises:
            DataError: A data set is not to be had.
        """
        from zoo.core import datasets

        return self.prepare(*(datasets.load(dataset, progress) for dataset in self.datasets))

    @property
    def facts(self) -> dict[str, str]:
        """Say what the data is, under which licence, and whom to cite."""
        return {
            key: "; ".join(getattr(dataset, key) for dataset in self.datasets)
            for key in ("name", "licence", "citation")
        }

    def limit(self, architecture: str) -> str:
        """Say what models of an architecture do badly."""
        return self.limits.get(architecture, self.limits.get("", ""))


def names() -> list[str]:
    """List the task files of this folder; a task is called like its file."""
    folder = Path(__file__).parent.parent / "tasks"
    return sorted(path.parent.name for path in folder.glob("*/task.py"))


def find(name: str) -> Task:
    """Return a task by name.

    Raises:
        ArgumentError: There is no such task.
    """
    if name not in names():
        raise ArgumentError(f"task {name!r} is unknown to this version; it has: {', '.join(names())}")
    return importlib.import_module(f"zoo.tasks.{name}.task").TASK


def split_of(task: Task, split: str, progress: bool = True) -> Sequence[Any]:
    """Read the pieces of a split of a task's data set.

    Raises:
        ArgumentError: There is no such split.
        DataError: The data set is not to be had.
    """
    splits = task.splits_of(progress)
    if split not in splits:
        raise ArgumentError(f"split={split!r}: give one of {', '.join(splits)}")
    return splits[split]
