"""What a task is, and where tasks are found.

The core knows no task by name: a task is a folder of `zoo/tasks` with a `task.py` that defines `TASK`, or an entry
point of another package in the group `rnn_zoo.tasks`.
"""

from __future__ import annotations

import functools
import importlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.core.plugins import NAME, Table
from zoo.core.recipe import NoSettings, Recipe, core_rows
from zoo.errors import ArgumentError, DataError

if TYPE_CHECKING:
    import click
    import numpy as np

    from zoo.core.architectures import Architecture
    from zoo.core.datasets import Dataset

RESERVED = ("name", "out", "data", "start", "freeze", "teachers", "devices", "resume", "trial", "verbose")
"""Arguments of `zoo.train`, which no setting may be called."""
FOLDER = Path(__file__).parent.parent / "tasks"


def uncut(pieces: Sequence[Any]) -> Sequence[Any]:
    """Return pieces as they are."""
    return pieces


def unchanged(pieces: Sequence[Any], _recipe: Recipe) -> Callable[[int, np.random.Generator], Any]:
    """Augment nothing."""
    return lambda index, _rng: pieces[index]


def no_check(_recipe: Recipe, _architecture: Architecture) -> None:
    """Accept every recipe."""


def nothing() -> Sequence[Any]:
    """Return no rows."""
    return ()


@dataclass(frozen=True)
class Published:
    """A published figure to compare with.

    Attributes:
        name: Name of the model.
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

    Functions may be given as `imported("module:name")`, so that a list of models imports no codec.

    Attributes:
        name: Second part of a model's name (`lstm_<name>`).
        summary: One line for lists.
        unit: What the metric is counted per, such as `step`.
        model: `(card, codec, engine)` → model, a `zoo.models.model.Model`.
        make_codec: `(pieces, bidirectional, **settings of the codec)` → codec that fits the pieces, for
            networks of that direction.
        default_codec: `(bidirectional)` → the same without pieces, for an untrained network.
        read_codec: JSON description → codec.
        datasets: Returns the data sets that its models are trained on; a task without any learns from the user's data.
        prepare: Data sets as read, one argument each → split name → pieces that the codec encodes.
        read_folder: Folder (or file) of the user's own data, and the settings that say how it is read → split name →
            pieces; None if the task cannot read any. Pieces with an attribute `name` are named by it in messages.
        fit: `(piece, codec, options of fitting)` → piece that the codec encodes, or CodecError: for files of the user's
            own that a model is measured on. None: those that the codec encodes are as they are.
        fitting: Dataclass of the options of `fit`, declared like settings: `zoo evaluate` has them.
        augment: `(pieces, recipe)` → function of an index and a random generator that returns that piece changed.
        loss: `(label smoothing)` → loss; see `zoo.training.losses`. None: cross-entropy.
        metrics: Name in the log → loss without label smoothing, averaged over all tokens.
        monitor: Column of the log that the best epoch has the least of.
        loss_unit: What the loss is counted per.
        check: `(recipe, architecture)`: raise ArgumentError for settings that do not go together.
        cache_encoder: `(network, codec, splits, folder)` → splits and codec of what a frozen encoder computes, once;
            None if the task has no encoder to compute ahead.
        settings: Dataclass of the task's own settings; see `zoo.core.recipe.setting`.
        recipes: Architecture name → recipe; `""` is the default.
        protocols: Prefix of a metric's name → how pieces are cut for it, and whether the state is carried from one to
            the next.
        metric_names: Part of a metric's name → how it is written in text.
        in_bits: Ends of the names of metrics in nats that are shown in bits too.
        higher_is_better: Ends of the names of metrics of which more is better.
        tolerances: Cell (`""` for any) → largest difference of a float32 artifact from Keras, where the usual one is
            too strict.
        quantized_loss: How much worse the metric of an int8 artifact may be: fraction of it, and points.
        published: Figures of others, for the test split.
        splits: What the splits are, for the pages.
        limits: Architecture name → what its models cannot do, for their pages; `""` is the default.
        samples: Architecture name → how the sample on its page was made; `""` is the default.
        pictures: File name of a picture beside the weights → its caption on the page.
        commands: Returns the task's own commands.
        options: Returns the task's own options of `zoo generate`.
    """

    name: str
    summary: str
    unit: str
    model: Callable[..., Any]
    make_codec: Callable[..., Any]
    default_codec: Callable[..., Any]
    read_codec: Callable[[dict[str, Any]], Any]
    datasets: Callable[[], Sequence[Dataset]] = nothing
    prepare: Callable[..., Mapping[str, Sequence[Any]]] = dict
    read_folder: Callable[..., Mapping[str, Sequence[Any]]] | None = None
    fit: Callable[..., Any] | None = None
    fitting: type = NoSettings
    augment: Callable[[Sequence[Any], Recipe], Callable[[int, np.random.Generator], Any]] = unchanged
    loss: Callable[..., Any] | None = None
    metrics: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    monitor: str = "val_loss"
    loss_unit: str = "token"
    check: Callable[[Recipe, Architecture], None] = no_check
    cache_encoder: Callable[..., tuple[Mapping[str, Sequence[Any]], Any]] | None = None
    settings: type = NoSettings
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    protocols: Mapping[str, tuple[Callable[[Sequence[Any]], Sequence[Any]], bool]] = field(
        default_factory=lambda: {"": (uncut, False)}
    )
    metric_names: Mapping[str, str] = field(default_factory=dict)
    in_bits: Sequence[str] = ()
    higher_is_better: Sequence[str] = ()
    tolerances: Mapping[str, float] = field(default_factory=dict)
    quantized_loss: tuple[float, float] = (0.01, 0.0)
    published: Sequence[Published] = ()
    splits: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)
    samples: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    commands: Callable[[], Sequence[click.Command]] = nothing
    options: Callable[[], Sequence[click.Option]] = nothing

    def __post_init__(self) -> None:
        """Refuse a name, functions, settings and recipes that training could not use.

        Raises:
            ArgumentError: The name has other characters than a-z, 0-9 and _. A function is missing, or there are
                neither data sets nor a reader of the user's files. `monitor` is no column of the log of the validation
                split. A setting is not declared by `zoo.core.recipe.setting`, has no default, or its name is taken.
                There is no default recipe, or one has other settings.
        """
        self._check_parts()
        self._check_settings()

    def _check_parts(self) -> None:
        if not re.fullmatch(NAME, self.name):
            raise ArgumentError(f"task {self.name!r}: write its name with a-z, 0-9 and _ between them")
        for part in ("model", "make_codec", "default_codec", "read_codec"):
            if not callable(getattr(self, part)):
                raise ArgumentError(f"task {self.name!r}: {part} must be a function or a class")
        if self.datasets is nothing and self.read_folder is None:
            raise ArgumentError(f"task {self.name!r}: give datasets, read_folder or both")
        columns = ["val_loss", *(f"val_{name}" for name in self.metrics)]
        if self.monitor not in columns:
            raise ArgumentError(f"task {self.name!r}: monitor={self.monitor!r}: give one of {', '.join(columns)}")

    def _check_settings(self) -> None:
        for part in (self.settings, self.fitting):
            if not is_dataclass(part):
                raise ArgumentError(f"task {self.name!r}: settings must be a dataclass, {part!r} is none")
        for row in (*fields(self.settings), *fields(self.fitting)):
            if "help" not in row.metadata or row.default is MISSING:
                raise ArgumentError(f"task {self.name!r}: declare the setting {row.name} by setting(default, help=…)")
            if row.name in core_rows() or row.name in RESERVED or hasattr(Recipe, row.name):
                raise ArgumentError(f"task {self.name!r}: the name of the setting {row.name} is taken: choose another")
        if "" not in self.recipes:
            raise ArgumentError(f'task {self.name!r}: give recipes a row "" for architectures without one of their own')
        if wrong := [name for name, row in self.recipes.items() if type(row.settings) is not self.settings]:
            names = ", ".join(map(repr, wrong))
            raise ArgumentError(f"task {self.name!r}: the recipes {names} need settings={self.settings.__name__}(…)")

    def recipe(self, architecture: str) -> Recipe:
        """Return the recipe of an architecture, or the task's default."""
        return self.recipes.get(architecture, self.recipes[""])

    def splits_of(self, progress: bool = True) -> Mapping[str, Sequence[Any]]:
        """Read the data sets; return split name → pieces.

        Raises:
            DataError: A data set cannot be had, or there is none.
        """
        from zoo.core import datasets

        if not (rows := self.datasets()):
            raise DataError(f"the task {self.name} has no data set of its own: give files of your own as data")
        return self.prepare(*(datasets.load(dataset, progress) for dataset in rows))

    def read_own(self, folder: Path, values: Mapping[str, Any]) -> Mapping[str, Sequence[Any]]:
        """Read the user's own files.

        Args:
            folder: Where they are.
            values: Settings that say how they are read.

        Raises:
            ArgumentError: The task reads no files.
            DataError: They cannot be read.
        """
        if self.read_folder is None:
            raise ArgumentError(f"the task {self.name} cannot read files of yours: leave out data")
        return self.read_folder(folder, **values)

    @functools.cached_property
    def facts(self) -> dict[str, str]:
        """Name, licence and citation of the data, each once."""
        return {
            key: "; ".join(dict.fromkeys(getattr(dataset, key) for dataset in self.datasets()))
            for key in ("name", "licence", "citation")
        }

    @property
    def reading(self) -> list[str]:
        """Names of the settings that say how the user's own files are read."""
        return [entry.name for entry in fields(self.settings) if entry.metadata["reads_files"]]

    @property
    def of_files(self) -> dict[str, Field[Any]]:
        """Return name → field of those of them that are about the files, not about the model."""
        return {entry.name: entry for entry in fields(self.settings) if entry.metadata["of_files"]}

    @property
    def evaluation(self) -> dict[str, Field[Any]]:
        """Return name → field of the options that evaluating on the user's own files has."""
        return {**self.of_files, **{entry.name: entry for entry in fields(self.fitting)}}

    @property
    def of_codec(self) -> list[str]:
        """Names of the settings that say which codec a new model gets."""
        return [entry.name for entry in fields(self.settings) if entry.metadata["of_codec"]]

    def is_usual(self, recipe: Recipe) -> bool:
        """Return whether a recipe asks for the codec that the task's models usually have."""
        return all(getattr(recipe.settings, name) == getattr(self.settings(), name) for name in self.of_codec)

    @property
    def fixed(self) -> list[str]:
        """Names of those of them that a base model must share."""
        return [entry.name for entry in fields(self.settings) if entry.metadata["fixed"]]

    def words(self, metric: str) -> str:
        """Write the name of a metric as text, such as `nats per character (15 % hidden)`."""
        hidden = re.fullmatch(r"hidden_([a-z]+|\d+)_(.+)", metric)
        if not hidden:
            return " ".join(self.metric_names.get(part, part) for part in metric.split("_"))
        what, measured = hidden.groups()
        return f"{measured.replace('_', ' ')} ({what}{' %' * what.isdecimal()} hidden)"

    def with_bits(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """Add the metrics that are shown in bits too to those in nats."""
        bits = {n.replace("nats", "bits"): v / math.log(2) for n, v in metrics.items() if n.endswith((*self.in_bits,))}
        return {**metrics, **bits}

    def tolerance(self, cell: str) -> float:
        """Return how far a float32 artifact of a cell may differ from Keras; 0 if the task asks for no more."""
        return self.tolerances.get(cell, self.tolerances.get("", 0.0))

    def worsening(self, metric: str, before: float, after: float) -> float:
        """Return how much worse a metric has become."""
        return before - after if metric.endswith(tuple(self.higher_is_better)) else after - before


def _own(name: str) -> Callable[[], Task]:
    def load() -> Task:
        return importlib.import_module(f"zoo.tasks.{name}.task").TASK

    return load


@functools.cache
def table() -> Table[Task]:
    """Return all tasks by name: the folders of `zoo/tasks`, then those of other packages."""
    own = {path.parent.name: _own(path.parent.name) for path in sorted(FOLDER.glob("*/task.py"))}
    return Table(own, "rnn_zoo.tasks", Task)


def names() -> list[str]:
    """List the names of all tasks."""
    return table().names()


def find(name: str) -> Task:
    """Return a task by name.

    Raises:
        ArgumentError: There is no such task.
        PluginError: It is that of another package, and cannot be loaded.
    """
    if name not in table():
        raise ArgumentError(
            f"task {name!r:.60} is unknown here: the tasks are {', '.join(names())}; install the package that adds it, "
            "or update rnn-zoo"
        )
    return table()[name]


def foreign_settings(task: Task) -> list[str]:
    """List the settings of all tasks but one: version 0.1 wrote those of every task into each card."""
    return [entry.name for name in table().own if name != task.name for entry in fields(find(name).settings)]


def split_of(task: Task, split: str, progress: bool = True) -> Sequence[Any]:
    """Read the pieces of a split of a task's data set.

    Raises:
        ArgumentError: There is no such split.
        DataError: The data set cannot be had.
    """
    splits = task.splits_of(progress)
    if split not in splits:
        raise ArgumentError(f"split={split!r}: give one of {', '.join(splits)}")
    return splits[split]
