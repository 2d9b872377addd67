"""What all models have in common."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from zoo.core.calibration import UNCALIBRATED, Calibration
from zoo.core.card import Card
from zoo.core.codec import Codec, UnitCodec
from zoo.core.engine import Engine
from zoo.core.task import Task, find, split_of
from zoo.errors import ArgumentError, CodecError
from zoo.models.evaluation import own_pieces

if TYPE_CHECKING:
    import keras

Piece = TypeVar("Piece")
MAX_PIECES = 1024  # made at once
EVALUATION_BATCH = 64
MOST_NATS = 700.0  # of which the exponential is a number


@dataclass(repr=False)
class Model:
    """What all models have in common.

    Attributes:
        card: What is known of it.
        codec: Raw data ↔ tokens.
        engine: What runs its network.
        fixed_steps: Its methods also work with an engine that takes a fixed number of time steps.
        others: Method of a related class that this one does not have → what to use.
    """

    fixed_steps: ClassVar[bool] = False
    others: ClassVar[Mapping[str, str]] = {}

    card: Card
    codec: Codec
    engine: Engine

    def __repr__(self) -> str:
        """Show which model, and what runs it."""
        return f"{self.card.name} ({self.card.parameters:,} parameters) on {self.engine.name}"

    @property
    def network(self) -> "keras.Model":
        """The Keras network with its weights, built when it is asked for if another engine runs the model.

        Raises:
            ArgumentError: It is an artifact, which has no Keras network.
            PresetError: The files of the preset have changed.
            MissingExtra: Keras is not installed.
        """
        return self.engine.network

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Raise an error that says what to use instead, where something does the same."""
            if name in type(self).others:
                raise AttributeError(f"{self.card.name} has no {name}: {type(self).others[name]}")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def measure(self, pieces: Sequence[Any], progress: bool = False) -> dict[str, float]:
        """Return metrics of the model on pieces, the most important one first; `tokens` counts what was measured."""
        raise NotImplementedError

    def calibrate(self, pieces: Sequence[Any]) -> Calibration:  # noqa: ARG002
        """Fit what turns scores into confidences to pieces that the model was not trained on; nothing, by default."""
        return UNCALIBRATED

    def trial(self, steps: int, seed: int) -> Any:
        """Return what the model makes of `steps` random time steps, to compare engines by `==`: not an array."""
        raise NotImplementedError

    def evaluate(
        self,
        split: str = "test",
        progress: bool = True,
        data: str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> dict[str, float]:
        """Measure the model on a split of the data set of its task, or on a folder of the user's own files.

        Args:
            split: Which split of the task's data set.
            progress: Show progress.
            data: Files of the user's own, as `zoo.train` takes them; all of them are measured, those that a model was
                trained on too. Those that do not fit the model are left out, with a warning for each.
            options: How files are read and made to fit, by the task: `encoding`, `replace` for text.

        Returns:
            Values as in `measure`.

        Raises:
            ArgumentError: There is no such split or option.
            DataError: The data is not to be had.
            CodecError: It is not what the model was made for, such as clips of other classes.
        """
        task = find(self.card.task)
        if data is None and options:
            raise ArgumentError(f"{', '.join(options)}: options for files of yours, which are given by data")
        if data is None:
            pieces = split_of(task, split, progress)
        else:
            pieces = own_pieces(self.card.name, task, self.card.recipe, self.codec, Path(data), options)
        try:
            return self.measure(pieces, progress)
        except CodecError as error:
            where = data or f"{split} of {task.facts['name']}"
            hint = "" if data else ": give files of yours, data="
            raise CodecError(f"{self.card.name} was not made for {where} ({error}){hint}") from error


def unit_of(codec: Codec, task: Task) -> str:
    """Return what a token of a model is: the unit of its task, or that of its codec."""
    return codec.unit if isinstance(codec, UnitCodec) else task.unit


def perplexity(nats: float) -> float:
    """Return the perplexity of a mean of nats: among how many equally likely tokens that would be a choice.

    Example:
        >>> round(perplexity(4.6052), 1)
        100.0
    """
    return math.exp(min(nats, MOST_NATS))


def make(card: Card, codec: Codec, engine: Engine) -> Any:
    """Build the model of a card's task around an engine."""
    return find(card.task).model(card, codec, engine)


def overlapping(parts: Iterable[np.ndarray], margin: int) -> Iterator[tuple[np.ndarray, slice]]:
    """Give parts of something long `(time, …)` with a margin on both sides, and say which steps of each count.

    Args:
        parts: One after the other, none shorter than the margin but the last.
        margin: Steps of the neighbours that are read too.
    """
    source = iter(parts)
    held = next(source, None)
    before = None if held is None else held[:0]
    while held is not None and before is not None:
        following = next(source, None)
        after = held[:0] if following is None else following[:margin]
        yield np.concatenate([before, held, after]), slice(len(before), len(before) + len(held))
        before, held = held[len(held) - margin :] if margin else held[:0], following
