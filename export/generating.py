"""The loop of generation as a network of its own: prompt ids and random numbers in, ids out, all in one call."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.formats import BoundEngine, Face, Signature, Tensor
from export.lowering import Through
from export.source import Source
from export.verify import SEED, check_signature
from zoo.codecs import Context
from zoo.errors import VerificationError
from zoo.sampling import sample

GENERATED = ((1, 60), (3, 90))
"""(batch, time) at which loops are compared with single steps."""
BORDER = 1e-5  # how near random numbers, and logits, are to a border within rounding
TIMED = ("prompt", "uniform", "ids")
INPUTS = (
    Tensor("prompt", (None, None), "int32"),
    Tensor("uniform", (None, None), "float32"),
    Tensor("temperature", (None, None), "float32"),
    Tensor("top_k", (None,), "int32"),
    Tensor("top_p", (None,), "float32"),
)


class Loop:
    """What `Source` is for a network: the loop that makes tokens with it, sampling inside.

    It takes `prompt (batch, time)` int32, known ids and -1 where it chooses; `uniform (batch, time)` float32, a random
    number in [0, 1) for each; `temperature (batch, any number)` float32, which take turns from place to place, those of
    the prompt too; `top_k (batch,)` int32, 0 for all; `top_p (batch,)` float32, 1 for all. It gives `ids (batch, time)`
    int32: those of the prompt, and the chosen ones. Its time grows with the square of a length beyond some thousands.

    Args:
        step: The network, with the states of all its layers.
        codec: Of the network.
    """

    frozen: Sequence[str] = ()
    slots: Sequence[Any] = ()
    lengths = 1  # of the prompt and of the random numbers

    def __init__(self, step: Source, codec: Any) -> None:
        self.step, self.codec, self.network, self.calls = step, codec, step.network, step.calls
        self.inputs, self.outputs = INPUTS, (Tensor("ids", (None, None), "int32"),)

    def timed(self, tensor: Tensor) -> bool:
        """Tell whether axis 1 is time."""
        return tensor.name in TIMED

    timed_output = timed

    def signature(self, form: str, batch: int | None = None, steps: int | None = None) -> Signature:
        """Say what an artifact must look like; `batch` and `steps` fix those axes."""

        def fixed(tensor: Tensor) -> Tensor:
            return Tensor(tensor.name, (batch, *((steps,) if self.timed(tensor) else tensor.shape[1:])), tensor.dtype)

        return Signature(form, tuple(map(fixed, self.inputs)), tuple(map(fixed, self.outputs)))

    def trace(self, tensors: Sequence[Any], through: Through | None) -> list[Any]:
        """Make tokens: the prompt's, and drawn ones where it is negative."""
        import tensorflow as tf

        from zoo.keras_engine import loop

        prompt, uniform, temperature, top_k, top_p = tensors
        limits = tf.where(top_k < 1, self.codec.classes, top_k)[:, None], top_p[:, None]
        batch = tf.shape(prompt)[:1]
        begin = self.codec.begin(tf.reshape(tf.zeros_like(prompt[:, :1]), (-1, 1)))
        states = [tensor.shape for tensor in self.step.signature("step").inputs[1:]]
        state = tuple(tf.ensure_shape(tf.zeros(tf.concat((batch, shape[1:]), 0)), shape) for shape in states)
        run = loop(lambda inputs: self.step.trace(inputs, through), self.codec)
        return [run(prompt, uniform, temperature, limits, (begin, state, 0))[0]]


def check_generation(face: Face, candidate: BoundEngine, codec: Any, stepper: Any) -> tuple[dict[str, float], str]:
    """Compare the ids that a loop makes with those of single steps, drawn outside the network.

    The loop computes shares in float32, `zoo.sampling` in float64: where a random number is within rounding of a border
    between two ids, or two ids are equally likely, either is right; the steps go on with what the loop chose.

    Args:
        face: The loop and its signature.
        candidate: The opened artifact.
        codec: Of the network.
        stepper: Engine of the network's single steps, in the same format and precision.

    Returns:
        `ids`: how many were compared; `near`: how many of them were within rounding of a border and differed. And at
        which sizes.

    Raises:
        VerificationError: Names, axes or dtypes differ (`.check` is `signature`), the same call twice does (`repeat`),
            or an id differs otherwise (`generate`).
    """
    check_signature(face.signature, candidate.signature)
    batch, time = face.signature.inputs[0].shape
    count, near, sizes = 0, 0, sorted({(batch or b, time or t) for b, t in GENERATED})
    rng = np.random.default_rng(SEED)
    for rows, steps in sizes:
        given = rng.integers(0, codec.classes, (rows, steps))
        known = (np.arange(steps) < rng.integers(0, steps // 3 + 1, (rows, 1))) | (rng.random((rows, steps)) < 0.05)
        arrays = [
            np.where(known, given, -1).astype(np.int32), rng.random((rows, steps), np.float32),
            rng.choice([0, 0.5, 1, 1.5], (rows, 3)).astype(np.float32), rng.integers(0, codec.classes, rows, np.int32),
            rng.choice([0.3, 0.9, 1], rows).astype(np.float32),
        ]  # fmt: skip
        [found], [again] = candidate.run(arrays), candidate.run(arrays)
        if not np.array_equal(found, again):
            raise VerificationError("repeat", f"the same call twice gave two answers at batch {rows}, time {steps}")
        if found.shape != given.shape:
            raise VerificationError("generate", f"ids {found.shape} for a prompt {given.shape}")
        context, state = Context(codec, rows), stepper.initial_state(rows)
        for t in range(steps):
            logits, state = stepper.step(context.x(), state)
            for row, (script, uniform, warm, top_k, top_p) in enumerate(zip(*arrays, strict=True)):
                heat = float(warm[t % len(warm)])
                limits = heat, int(top_k) or None, float(top_p)
                right = _choices(logits[row], script[t], uniform[t], *limits)
                if found[row, t] not in right:
                    raise VerificationError("generate", f"id {found[row, t]} instead of {right[0]} at place {t}")
                near += int(found[row, t] != right[0])
            context.push(found[:, t])
            count += rows
    return {"ids": count, "near": near}, "ids of " + ", ".join(f"batch {b}, time {t}" for b, t in sizes)


def _choices(logits: np.ndarray, known: int, uniform: float, *limits: Any) -> list[int]:
    """Give the ids that may follow logits `(1, classes)`: the right one, and others within rounding of it."""
    if known >= 0:
        return [int(known)]
    if limits[0] == 0:
        return [int(logits.argmax()), *np.flatnonzero(logits[0] >= logits.max() - BORDER)]
    tried = np.clip([uniform, uniform - BORDER, uniform + BORDER], 0, np.nextafter(1, 0))
    return [int(sample(logits, np.array([number]), *limits)[0]) for number in tried]
