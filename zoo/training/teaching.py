"""Knowledge distillation: a network also learns what trained models, its teachers, return for the same inputs.

Reference: Hinton, Vinyals & Dean, Distilling the Knowledge in a Neural Network, 2015.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.core.architectures import ARCHITECTURES
from zoo.core.codec import Codec
from zoo.core.recipe import Recipe
from zoo.errors import ArgumentError, TrainingError
from zoo.networks import build
from zoo.networks.transfer import copied
from zoo.presets.network import network as trained
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
        raise ArgumentError("carry=true: teachers start every window anew: add --set carry=false, or leave them out")
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
    copied(trained(teacher), learning)
    learning.trainable = False
    return learning


class Taught(keras.losses.Loss):
    """A loss of which the distance from teachers, each started from zero states, is a part.

    Args:
        loss: The task's loss, whose `taught` is the distance of every token.
        teachers: Their networks.
        share: How much of the whole the distance is.
    """

    def __init__(self, loss: Any, teachers: Sequence[keras.Model], share: float) -> None:
        super().__init__(name="taught", reduction=loss.reduction)
        self.loss, self.teachers, self.share = loss, teachers, share

    def outputs(self, x: Any) -> list[Any]:
        """Return what each teacher returns for inputs `(batch, time, features)`."""
        x = ops.convert_to_tensor(x)
        return [self._output(teacher, x) for teacher in self.teachers]

    def _output(self, teacher: keras.Model, x: Any) -> Any:
        zeros = [ops.zeros((ops.shape(x)[0], state.shape[-1]), "float32") for state in teacher.inputs[1:]]
        return ops.stop_gradient(keras.tree.flatten(teacher([x, *zeros], training=False))[0])

    def call(self, y: Any, outputs: Any) -> Any:
        """Return the loss of every token: of targets, and of outputs of the network and of each teacher."""
        own, *teachers = outputs
        return (1 - self.share) * self.loss.call(y, own) + self.share * self.loss.taught(y, own, teachers)
