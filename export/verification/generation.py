"""Agreement of the compiled generation loop with single steps."""

from typing import Any

import numpy as np

from zoo.core.codec import Context, GenerationCodec
from zoo.core.engine import Engine
from zoo.errors import VerificationError
from zoo.models.sampling import sample
from zoo.runtime.engine import BoundEngine
from zoo.runtime.signature import Face

from .compare import SEED, check_signature

GENERATED = ((1, 60), (3, 90))
"""(batch, time) at which loops are compared with single steps."""
BORDER = 1e-5  # how near random numbers, and logits, are to a border within rounding


def check_generation(
    face: Face, candidate: BoundEngine, codec: GenerationCodec, stepper: Engine
) -> tuple[dict[str, float], str]:
    """Compare the ids that a loop generates with those of single steps, drawn outside the network.

    The loop computes probabilities in float32, `sampling` in float64: where a random number is within rounding of a
    border between two ids, or two ids are equally likely, either is right; the steps continue with the id that the loop
    chose.

    Args:
        face: The loop and its signature.
        candidate: The opened artifact.
        codec: Of the network.
        stepper: Engine of the network's single steps, in the same format and precision.

    Returns:
        `ids`: how many were compared; `near`: how many of them were within rounding of a border and differed. And the
        sizes.

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
    """Return the ids that may follow logits `(1, classes)`: the right one, and others within rounding of it."""
    if known >= 0:
        return [int(known)]
    if limits[0] == 0:
        return [int(logits.argmax()), *np.flatnonzero(logits[0] >= logits.max() - BORDER)]
    tried = np.clip([uniform, uniform - BORDER, uniform + BORDER], 0, np.nextafter(1, 0))
    return [int(sample(logits, np.array([number]), *limits)[0]) for number in tried]
