"""The front end of the video models: frames, vectors, or landmarks of bodies.

Landmarks are brought to one origin and one size of a body, frame by frame; those that are missing are masked. Beside
each stands how far it has moved since the frame before, for which causal networks have the last frame as state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from zoo.core.recipe import Recipe
from zoo.core.validation import checked
from zoo.layers.streaming import PACKAGE, Front, Regroup, behind, last_of, projected, projection, regrouped
from zoo.tasks.video.landmarks import Landmarks

SMALLEST_BODY = 1e-6  # in the unit of the landmarks
SPAN_S = 1 / 3  # of the motion that stands beside a landmark


@dataclass(frozen=True)
class BodyFrontEnd:
    """Landmarks, normalized and projected.

    Attributes:
        landmarks: What vectors are.
        rate_hz: Frames per second.
        stateless: There are no states: motion begins with each call.
    """

    landmarks: Landmarks
    rate_hz: float
    stateless: bool

    def sizes(self, _recipe: Recipe) -> dict[str, int]:
        """Return the state inputs below the recurrent layers, name → size."""
        return {} if self.stateless else {"f0_0": len(self.landmarks.joints) * (self.landmarks.axes + 1)}

    def shapes(self, recipe: Recipe) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the weights."""
        return projected(2 * self.landmarks.features, recipe.embedding)

    def below(self, x: Any, recipe: Recipe, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Return what the recurrent layers get of x `(batch, time, features)`, and the new states."""
        hidden, last = Bodies(self.landmarks.to_json(), self.rate_hz, name="bodies")([x, next(iter(states), None)])
        dropped = layers.Dropout(recipe.settings.joint_dropout, noise_shape=(None, 1, None, 1), name="joints")(hidden)
        hidden = projection(Regroup(1, (-1,), name="flat")(dropped), recipe.embedding)
        return hidden, [] if self.stateless else [last]


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
