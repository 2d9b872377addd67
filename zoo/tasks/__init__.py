"""Tasks, one file each: what goes in, what comes out, what it learns from and how it is judged.

A task file defines `TASK`. Files are found in this folder, and imported when their task is used.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zoo.checks import number
from zoo.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np

    from zoo.datasets import Dataset

LEAST = {int: 1, float: 1e-9}


class Context(Protocol):
    """What a left-to-right generator remembers outside its network, for a batch of pieces."""

    def x(self) -> np.ndarray:
        """Give the network's input for the next token, `(batch, 1, features)` int32."""

    def push(self, ids: np.ndarray) -> None:
        """Take the chosen tokens, `(batch,)`."""


class Codec(Protocol):
    """Raw data ↔ arrays; pure NumPy, deterministic, described by JSON."""

    classes: int  # tokens the network chooses among
    features: int  # integers that describe the input of one token
    symbols: int  # rows of the embedding table: every feature has its own range of ids
    group: int  # tokens that make one step of the raw data

    def encode(self, pieces: list[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Give inputs `(batch, time, features)` and targets `(batch, time)`, -1 where a piece has ended."""

    def decode(self, ids: np.ndarray) -> Any:
        """Give the raw piece of tokens `(time,)`."""

    def decode_step(self, ids: Any) -> Any:
        """Give the raw form of the tokens of one step, `(group,)`."""

    def context(self, batch: int) -> Context:
        """Start a batch of pieces."""

    def script(self, **options: Any) -> np.ndarray:
        """Give the tokens of a piece to generate, `(time,)`: known ones, and -1 where the network chooses."""

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Give random valid inputs, `(batch, time, features)`."""

    def tokens(self, piece: Any) -> np.ndarray:
        """Give the tokens of a piece, `(time,)`; a CodecError says why it does not fit."""

    def columns(self) -> list[dict[str, Any]]:
        """Name the columns of x, for those who drive an artifact without this package."""

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""


@dataclass(frozen=True)
class Recipe:
    """How a network of a task is sized and trained.

    Attributes:
        units: Units of each recurrent layer.
        embedding: Size of the vector of each input feature.
        dropout_in: Share of inputs of the recurrent layers dropped in training.
        dropout_out: Share of outputs of each recurrent layer dropped in training.
        epochs: Most epochs; the learning rate falls to zero over them.
        patience: Epochs without a better validation loss before stopping.
        batch: Windows in a batch.
        window: Length of a training window in steps of the raw data.
        learning_rate: Highest learning rate, reached after `warmup` steps, then lowered along a cosine.
        warmup: Optimizer steps of linear warm-up.
        weight_decay: Decoupled weight decay of the kernels (Loshchilov & Hutter, ICLR 2019).
        clip: Largest norm of each gradient.
        seed: Seed of initial weights, dropout and data order.
    """

    units: int
    embedding: int
    dropout_in: float = 0.1
    dropout_out: float = 0.35
    epochs: int = 110
    patience: int = 20
    batch: int = 64
    window: int = 32
    learning_rate: float = 6e-3
    warmup: int = 200
    weight_decay: float = 1e-2
    clip: float = 1.0
    seed: int = 1


def adjusted(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """Change settings of a recipe.

    Raises:
        ArgumentError: There is no such setting, or its value is out of range.
    """
    known = {entry.name: type(entry.default) if entry.default is not MISSING else int for entry in fields(Recipe)}
    checked = {}
    for name, value in changes.items():
        if name not in known:
            raise ArgumentError(f"no setting is called {name!r}; there are: {', '.join(known)}")
        least = 0 if name in ("dropout_in", "dropout_out", "warmup", "weight_decay", "seed") else LEAST[known[name]]
        most = 0.95 if name.startswith("dropout") else float("inf")
        checked[name] = number(name, value, least, most, whole=known[name] is int)
    return replace(recipe, **checked)


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        name: Second part of a model's name (`music` in `lstm_music`).
        kind: How models of the task are used; `generate` is left to right, one token after another.
        summary: One line for lists.
        dataset: What its models are trained on.
        prepare: Data set as read → split name → pieces the codec encodes.
        read_folder: Folder of the user's own files → split name → pieces.
        make_codec: Pieces → codec that fits them.
        read_codec: JSON description → codec.
        augment: Pieces → function of an index and a random generator that gives that piece changed, for training.
        default_codec: Codec for an untrained network.
        unit: What the metric is counted per (`step` in nats per step); `token` is reported beside it.
        recipes: Architecture name → recipe; `""` is the default.
    """

    name: str
    kind: str
    summary: str
    dataset: Dataset
    prepare: Callable[[dict[str, Any]], dict[str, list[Any]]]
    read_folder: Callable[[Path], dict[str, list[Any]]]
    make_codec: Callable[[list[Any]], Any]
    read_codec: Callable[[dict[str, Any]], Any]
    augment: Callable[[list[Any]], Callable[[int, np.random.Generator], Any]]
    default_codec: Any
    unit: str
    recipes: Mapping[str, Recipe] = field(default_factory=dict)

    def recipe(self, architecture: str) -> Recipe:
        """Return the recipe of an architecture, or the task's default."""
        return self.recipes.get(architecture, self.recipes[""])


def names() -> list[str]:
    """List the task files of this folder; a task is called like its file."""
    return [found.name for found in pkgutil.iter_modules(__path__)]


def find(name: str) -> Task:
    """Return a task by name.

    Raises:
        ArgumentError: There is no such task.
    """
    if name not in names():
        raise ArgumentError(f"task {name!r} is unknown to this version; it has: {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name}").TASK
