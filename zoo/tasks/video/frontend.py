"""What stands below the recurrent layers of a network that sees: convolutions of each frame beside those before it.

Landmarks are brought to one origin and one size of a body, frame by frame; those that are missing are masked. Beside
each stands how far it has moved since the frame before, for which causal networks have the last frame as state.

Frames are whole numbers, as cameras and files give them. Each is brought to a mean of 0 and a deviation of 1, so that
light and contrast do not count, and seen together with the `SEEN - 1` frames before it, so that motion does. These are
explicit state, flat, zeros at the beginning: `f0_0`. A network that reads backwards too starts from zeros.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from zoo.core.recipe import Recipe
from zoo.core.validation import checked
from zoo.errors import ArgumentError
from zoo.layers.streaming import PACKAGE, Front, Regroup, behind, last_of, projected, regrouped
from zoo.tasks.video.landmarks import Landmarks

SEEN = 3  # frames
KERNELS = (5, 3, 3, 3)
SMALLEST_BODY = 1e-6  # in the unit of the landmarks
SPAN_S = 1 / 3  # of the motion that stands beside a landmark
LEAST = 10.0  # of 255, added to the deviation of a frame's pixels: noise of a black frame is no picture


@dataclass(frozen=True)
class VideoFrontEnd:
    """Strided convolutions of each frame beside those before it; vectors are projected, landmarks normalized before.

    Attributes:
        shape: Of a frame: `(height, width)`, `(height, width, 3)` or `(features,)`.
        bidirectional: For a bidirectional network, which has no states.
        growth: Filters of each convolution, in those of the first.
        landmarks: What vectors are, if they are landmarks.
        rate_hz: Frames per second.
    """

    shape: tuple[int, ...]
    bidirectional: bool
    growth: tuple[int, ...]
    landmarks: Landmarks | None = None
    rate_hz: float = 25.0

    @property
    def pixels(self) -> bool:
        """Whether frames are images."""
        return len(self.shape) > 1

    def sizes(self, _recipe: Recipe) -> dict[str, int]:
        """Return the state inputs below the recurrent layers, name → size."""
        if self.landmarks and not self.bidirectional:
            return {"f0_0": len(self.landmarks.joints) * (self.landmarks.axes + 1)}
        if self.bidirectional or not self.pixels:
            return {}
        return {"f0_0": (SEEN - 1) * int(np.prod(self.shape))}

    def shapes(self, recipe: Recipe) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights.

        Raises:
            ArgumentError: There are images and no filters.
        """
        if not self.pixels:
            return projected(self.shape[0] * (2 if self.landmarks else 1), recipe.embedding)
        if not (filters := recipe.settings.filters):
            raise ArgumentError("filters=0: images go through convolutions: give at least 1")
        found: dict[str, tuple[int, ...]] = {}
        channels, sides = SEEN * (3 if len(self.shape) == 3 else 1), self.shape[:2]
        for i, (growth, kernel) in enumerate(zip(self.growth, KERNELS, strict=True)):
            found[f"convolution_{i}/kernel"] = (kernel, kernel, channels, growth * filters)
            found[f"convolution_{i}/bias"] = (growth * filters,)
            channels, sides = growth * filters, tuple(-(-side // 2) for side in sides)
        return found | projected(sides[0] * sides[1] * channels, recipe.embedding)

    def below(self, x: Any, recipe: Recipe, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Return what the recurrent layers get, `(batch, time, recipe.embedding)`, and the new states.

        Args:
            x: `(batch, time, height, width)`, or with a last axis of 3, uint8; or `(batch, time, features)`.
            recipe: Filters of the first convolution, size of the result.
            states: Those of `sizes`.
        """
        hidden, new = x, []
        if self.pixels:
            hidden, last = Frames(name="frames")([x, next(iter(states), None)])
            new = [] if self.bidirectional else [last]
            for i, (growth, kernel) in enumerate(zip(self.growth, KERNELS, strict=True)):
                convolution = layers.Conv2D(
                    growth * recipe.settings.filters, kernel, 2, "same", activation="relu", name=f"convolution_{i}"
                )
                hidden = convolution(hidden)
            hidden = layers.Flatten(name="flat")(hidden)
            hidden = InTime(name="in_time")([hidden, x])
        elif self.landmarks:
            bodies = Bodies(self.landmarks.to_json(), self.rate_hz, name="bodies")
            hidden, last = bodies([hidden, next(iter(states), None)])
            new = [] if self.bidirectional else [last]
            hidden = layers.Dropout(recipe.settings.joint_dropout, noise_shape=(None, 1, None, 1), name="joints")(
                hidden
            )
            hidden = Regroup(1, (-1,), name="flat")(hidden)
        hidden = layers.Dense(recipe.embedding, name="embedding")(hidden)
        return layers.LayerNormalization(name="normalization")(hidden), new


@keras.saving.register_keras_serializable(PACKAGE)
class Frames(Front):
    """Frames `(batch, time, height, width, …)` → pictures `(batch * time, height, width, channels)`.

    The channels are those of a frame and of the `SEEN - 1` before it.
    """

    def call(self, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Bring each frame to a mean of 0 and a deviation of 1; put it behind those before it."""
        x, state = inputs
        shape = x.shape[2:] if len(x.shape) == 5 else (*x.shape[2:], 1)
        line = ops.cast(ops.reshape(x, (ops.shape(x)[0], ops.shape(x)[1], *shape)), self.compute_dtype)
        line = line - ops.mean(line, axis=(2, 3, 4), keepdims=True)
        line = line / (ops.sqrt(ops.mean(ops.square(line), axis=(2, 3, 4), keepdims=True)) + LEAST)
        line = behind(line, state, SEEN - 1)
        last, time = last_of(line, SEEN - 1), ops.shape(x)[1]
        seen = ops.concatenate([line[:, i : time + i] for i in range(SEEN)], -1)
        return ops.reshape(seen, (-1, *shape[:2], SEEN * shape[2])), last


@keras.saving.register_keras_serializable(PACKAGE)
class InTime(Front):
    """`[y (batch * time, features), x (batch, time, …)]` → `(batch, time, features)`."""

    def call(self, inputs: Sequence[Any]) -> Any:
        """Reshape."""
        y, x = inputs
        return ops.reshape(y, (ops.shape(x)[0], ops.shape(x)[1], y.shape[-1]))


@keras.saving.register_keras_serializable(PACKAGE)
class Bodies(Front):
    """Landmarks `(batch, time, joints * axes)` → `(batch, time, joints, 2 * axes)` of bodies of size 1 at the origin.

    Behind its place stands the motion of a joint since the frame before, in sizes of a body per `SPAN_S`; 0 if it is
    missing in one of both. The state, `joints * (axes + 1)` numbers, is the last place of each and whether it is there.

    Origin and size are those of each frame, by the joints that are not missing (NaN), which become 0. Where
    those of the origin, or of the size, are all missing, mean and root mean square distance of the others are taken.

    Args:
        landmarks: The description, as `Landmarks.to_json` gives it.
        rate_hz: Frames per second.
    """

    def __init__(self, landmarks: Mapping[str, Any], rate_hz: float, **options: Any) -> None:
        super().__init__(**{**options, "dtype": "float32"})  # coordinates may be pixels: bfloat16 has three digits
        self.landmarks, self.rate_hz = checked(Landmarks, landmarks), rate_hz

    def call(self, inputs: Sequence[Any]) -> tuple[Any, Any]:
        """Normalize; return bodies and the new state."""
        x, state = inputs
        points, seen = self._normalized(x)
        places = behind(ops.concatenate([points, seen], -1), state, 1)
        before = places[:, :-1]
        motion = (points - before[..., :-1]) * seen * before[..., -1:] * (SPAN_S * self.rate_hz)
        return ops.concatenate([points, motion], -1), last_of(places, 1)

    def _normalized(self, x: Any) -> tuple[Any, Any]:
        """Return places `(batch, time, joints, axes)`, and 1 where a joint is there, `(batch, time, joints, 1)`."""
        about = self.landmarks
        points = regrouped(x, 1, (len(about.joints), about.axes))
        missing = ops.isnan(points)
        seen = 1 - ops.cast(ops.any(missing, -1, keepdims=True), "float32")
        points = seen * ops.where(missing, ops.zeros_like(points), points)
        points = points - _mean(points, seen, about.indices(about.origin))
        size = ops.sqrt(_mean(ops.sum(ops.square(points), -1, keepdims=True), seen))
        if about.size:
            first, last = (about.indices(names) for names in zip(*about.size, strict=True))
            lines = ops.take(points, first, 2) - ops.take(points, last, 2)
            both = ops.take(seen, first, 2) * ops.take(seen, last, 2)
            lengths = ops.sqrt(ops.sum(ops.square(lines), -1, keepdims=True))
            size = ops.where(ops.any(both > 0, 2, keepdims=True), _mean(lengths, both), size)
        return points * seen / ops.maximum(size, SMALLEST_BODY), seen

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return {**super().get_config(), "landmarks": self.landmarks.to_json(), "rate_hz": self.rate_hz}


def _mean(values: Any, seen: Any, joints: Sequence[int] = ()) -> Any:
    """Return the mean of values `(batch, time, joints, …)` over the joints that are seen; some of them, if any is."""
    every = ops.sum(values * seen, 2, keepdims=True) / ops.maximum(ops.sum(seen, 2, keepdims=True), 1)
    if not joints:
        return every
    chosen = ops.take(seen, joints, 2)
    return ops.where(ops.any(chosen > 0, 2, keepdims=True), _mean(ops.take(values, joints, 2), chosen), every)
