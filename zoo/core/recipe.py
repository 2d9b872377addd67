"""Recipes: how a network is sized and trained."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

from zoo.core.validation import number
from zoo.errors import ArgumentError

SHARES = ("dropout_in", "dropout_out", "dropout_recurrent", "label_smoothing")
FROM_ZERO = (
    *SHARES, "layers", "filters", "head", "voices", "augment", "warmup", "weight_decay", "seed", "ema", "epoch_steps",
    "window", "height", "width", "rate_hz",
)  # fmt: skip
MOST = {"ema": 0.99999, **dict.fromkeys(SHARES, 0.95)}
READING = ("voices", "height", "width", "rate_hz", "colour", "crop", "mirror")
CHOICES = {
    "crop": ("fit", "mouth"),
    "schedule": ("cosine", "linear", "exponential", "constant"),
    "precision": ("float32", "mixed_bfloat16", "mixed_float16"),
}
"""Settings of a recipe: those that may be zero, the largest values, how files are read, the words that are accepted."""


@dataclass(frozen=True)
class Recipe:
    """How a network of a task is sized and trained.

    Attributes:
        units: Units of each recurrent layer.
        embedding: Size of the vector of each input feature; with `filters` of what the convolutions make of a step.
        layers: Recurrent layers; 0: as many as the architecture has.
        filters: Filters of each strided convolution below the recurrent layers, of video those of the first; 0: there
            is none.
        head: Units of a layer between the recurrent layers and the logits, which sees the input features too; 0: none.
        voices: Voices read from music files of one's own; 0: those of the model to start from, or four.
        height: Height of frames read from clips of one's own, in pixels; 0: that of the model to start from, or 64.
        width: Alike; 0: that of the model to start from, or the height.
        rate_hz: Frames per second read from clips of one's own; 0: those of the model to start from, or 25.
        colour: Read red, green and blue from clips of one's own.
        crop: How frames of clips of one's own are cut to that size: fit scales and cuts the longer side, mouth follows
            the mouth of a talking head.
        mirror: Show clips of one's own mirrored too, where left and right do not matter.
        dropout_in: Share of inputs of the recurrent layers dropped in training.
        dropout_out: Share of outputs of each recurrent layer dropped in training.
        dropout_recurrent: Share of the state dropped in training on its way to the next step.
        variational: Drop the same units at every step of a sequence (Gal & Ghahramani, NIPS 2016).
        label_smoothing: Share of the target spread evenly over all classes (Szegedy et al., CVPR 2016).
        augment: Strength of what changes recordings of speech, and clips, in training; 1 is usual.
        epochs: Most epochs; the learning rate falls over them.
        patience: Epochs without a better validation loss before stopping.
        batch: Windows, or whole pieces, in a batch.
        window: Length of a training window in steps of the raw data; 0: whole pieces, those of like length together.
        epoch_steps: Most optimizer steps of an epoch; 0: as many as the data has windows for.
        carry: Start a window from the state after the one before it (truncated back-propagation through time).
        learning_rate: Highest learning rate, reached after `warmup` steps.
        warmup: Optimizer steps of linear warm-up.
        schedule: How the learning rate falls after that: cosine, linear, exponential (to a hundredth) or constant.
        weight_decay: Decoupled weight decay of the kernels (Loshchilov & Hutter, ICLR 2019).
        clip: Largest norm of each gradient.
        ema: Decay of the running average of the weights that is validated and kept (Polyak & Juditsky, 1992); 0: none.
            It is less in runs so short that the average would reach back over more than a tenth of them.
        precision: What products are computed in: float32, mixed_bfloat16 or mixed_float16.
        xla: Compile the whole training step, not only recurrent loops; faster on a processor for small layers only.
        steps_per_execution: Optimizer steps in one call of the compiled function.
        seed: Seed of initial weights, dropout and data order.
    """

    units: int
    embedding: int
    layers: int = 0
    filters: int = 0
    head: int = 0
    voices: int = 0
    height: int = 0
    width: int = 0
    rate_hz: float = 0.0
    colour: bool = False
    crop: str = "fit"
    mirror: bool = False
    dropout_in: float = 0.1
    dropout_out: float = 0.35
    dropout_recurrent: float = 0.0
    variational: bool = False
    label_smoothing: float = 0.0
    augment: float = 1.0
    epochs: int = 110
    patience: int = 20
    batch: int = 64
    window: int = 32
    epoch_steps: int = 0
    carry: bool = False
    learning_rate: float = 6e-3
    warmup: int = 200
    schedule: str = "cosine"
    weight_decay: float = 1e-2
    clip: float = 1.0
    ema: float = 0.0
    precision: str = "float32"
    xla: bool = False
    steps_per_execution: int = 1
    seed: int = 1


def adjusted(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """Change settings of a recipe; words such as `"true"` or `"512"` are read as what the setting is.

    Raises:
        ArgumentError: There is no such setting, or its value is out of range.

    Example:
        >>> adjusted(Recipe(400, 20), {"units": "512", "xla": True}).units
        512
    """
    known = {entry.name: type(entry.default) if entry.default is not MISSING else int for entry in fields(Recipe)}
    for name in changes:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            meant = f"did you mean {close[0]}? " if close else ""
            raise ArgumentError(f"no setting is called {name!r}: {meant}there are: {', '.join(known)}")
    changed = replace(recipe, **{name: _setting(name, known[name], value) for name, value in changes.items()})
    if changed.carry and not changed.window:
        raise ArgumentError("carry=true goes from window to window, window=0 has none: set one of them otherwise")
    return changed


def _setting(name: str, kind: type, value: Any) -> Any:
    """Check the value of a setting."""
    if name in CHOICES or kind is bool:
        accepted = dict(zip(CHOICES[name], CHOICES[name], strict=True)) if name in CHOICES else TRUTH
        if str(value).lower() not in accepted:
            raise ArgumentError(f"{name}={value!r}: give one of {', '.join(accepted)}")
        return accepted[str(value).lower()]
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value)
    least = 0 if name in FROM_ZERO else {int: 1, float: 1e-9}[kind]
    return number(name, value, least, MOST.get(name, float("inf")), whole=kind is int)


TRUTH = {"true": True, "false": False}
