"""Forecasting as one Keras model: a history and random numbers in, quantiles and sample paths out."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.layers.streaming import PACKAGE
from zoo.tasks.forecast import head
from zoo.tasks.forecast.candidates import Layout
from zoo.tasks.forecast.steps import steps_of


@keras.saving.register_keras_serializable(PACKAGE)
class DescribedSteps(layers.Layer):
    """Histories `(batch, layout.history)`, and 1 or 0 where they are known, → what a network sees, and the scale.

    Returns `x (batch, context + horizon, features)`, the candidates of the horizon `(batch, horizon, candidates)`,
    center and spread `(batch, 1)`.

    Args:
        layout: Fields of `Layout`.
    """

    def __init__(self, layout: Sequence[int], **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.layout = Layout(*layout)

    def call(self, inputs: Sequence[Any]) -> tuple[Any, Any, Any, Any]:
        """Compute features, candidates and scale."""
        history, known = inputs[0], ops.cast(inputs[1] > 0.5, "float32")
        x, found, scale = steps_of(ops, history * known, known, self.layout)
        return x, found, scale.center, scale.spread

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "layout": [*vars(self.layout).values()][:4]}


@keras.saving.register_keras_serializable(PACKAGE)
class DrawnForecasts(layers.Layer):
    """A network's outputs, candidates, scale and normal numbers → quantiles and sample paths.

    Returns `quantiles (batch, horizon, levels)` and `paths (batch, samples, horizon)`.

    Args:
        levels: Of the quantiles, between 0 and 1.
        factor: Of all distances from the median.
    """

    def __init__(self, levels: Sequence[float], factor: float = 1.0, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.levels, self.factor = tuple(levels), factor

    def call(self, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Compute quantiles, and paths whose steps hang together as the network says."""
        y, found, center, spread, normals = inputs
        horizon = found.shape[1]
        shape = head.shape(ops, y[:, -horizon:], found)
        logits = np.log(np.array(self.levels) / (1 - np.array(self.levels))).astype(np.float32)
        quantiles = self._placed(shape, -1, logits, center, spread)
        return quantiles, self._placed(
            shape, 1, head.logit_of_normal(head.persisted(ops, shape, normals)), center, spread
        )

    def _placed(self, shape: head.Shape, axis: int, logits: Any, center: Any, spread: Any) -> Any:
        wide = head.Shape(*(ops.expand_dims(value, axis) for value in vars(shape).values()))
        distance = head.place(ops, wide, logits) - wide.location
        return center[:, :, None] + spread[:, :, None] * (wide.location + self.factor * distance)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "levels": list(self.levels), "factor": self.factor}


def rollout(network: keras.Model, layout: Layout, levels: Sequence[float], samples: int, factor: float) -> keras.Model:
    """Return a model of inputs `history`, `known`, `normals` and outputs `quantiles`, `paths`.

    Args:
        network: Of a forecast model without covariates.
        layout: Context, horizon and seasons, which are fixed.
        levels: Of the quantiles.
        samples: Sample paths.
        factor: Of all distances from the median.
    """
    history = keras.Input((layout.history,), name="history")
    known = keras.Input((layout.history,), name="known")
    normals = keras.Input((samples, layout.horizon), name="normals")
    x, found, center, spread = DescribedSteps([*vars(layout).values()][:4], name="described")([history, known])
    states = [ops.repeat(ops.zeros_like(center), tensor.shape[-1], axis=1) for tensor in network.inputs[1:]]
    y, *_ = keras.tree.flatten(network([x, *states]))
    quantiles, paths = DrawnForecasts(levels, factor, name="drawn")([y, found, center, spread, normals])
    return keras.Model([history, known, normals], {"quantiles": quantiles, "paths": paths}, name=network.name)
