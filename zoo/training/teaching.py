"""Knowledge distillation: a network also learns what trained models, its teachers, return for the same inputs.

Reference: Hinton, Vinyals & Dean, Distilling the Knowledge in a Neural Network, 2015.
"""

from collections.abc import Sequence
from typing import Any

import keras

from zoo.core.architectures import ARCHITECTURES
from zoo.core.codec import Codec
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError, TrainingError
from zoo.networks import build
from zoo.networks.transfer import set_weights, weights
from zoo.presets.preset import Preset


def check(name: str, recipe: Recipe, loss: Any) -> None:
    """Refuse a model that cannot learn from teachers.

    Args:
        name: Of the model to train.
        recipe: Its recipe.
        loss: The task's loss.

    Raises:
        ArgumentError: The recipe carries states, or the loss has no distance from teachers.
    """
    if recipe.carry:
        raise ArgumentError(
            "carry=true: teachers start every window from zero states: add --set carry=false, or leave them out"
        )
    if not hasattr(loss, "taught"):
        raise ArgumentError(f"{name} cannot learn from teachers: its loss is not one of single steps: leave them out")


def compare(teachers: Sequence[Preset], codec: Codec, bidirectional: bool) -> None:
    """Compare the codecs of teachers with that of the model to train.

    Args:
        teachers: The presets to learn from.
        codec: Of the model to train.
        bidirectional: Whether it is.

    Raises:
        TrainingError: A teacher takes other inputs than the model, or knows other classes.
    """
    for teacher in teachers:
        own = teacher.codec
        alike = own.for_direction(bidirectional)
        faces = [(one.shape, one.dtype, one.symbols, one.classes) for one in (own.learning, codec.learning)]
        if alike.to_json() != codec.to_json() or faces[0] != faces[1]:
            raise TrainingError(
                f"{teacher.card.name} cannot be a teacher: it takes other inputs, or knows other classes, than the "
                "model to train: give one of the same task that was trained on the same data"
            )


def network(teacher: Preset) -> keras.Model:
    """Build the network of a teacher as it was trained: where the task computes features ahead, that of features."""
    learning = build.network(ARCHITECTURES[teacher.card.architecture], teacher.codec.learning, teacher.card.recipe)
    arrays = teacher.weights()
    set_weights(learning, {path: arrays[path] for path in weights(learning)})
    learning.trainable = False
    return learning
