"""The check of an artifact whose activations are integers, at the inputs that it was calibrated with."""

import itertools
from collections.abc import Sequence

import numpy as np

from zoo.runtime.signature import Face

from .agreement import Agreement
from .compare import (
    CHAIN_STEPS,
    Run,
    check_repeat,
    check_shapes,
    largest_error,
    rms_difference,
    timed_outputs,
    within,
)  # fmt: skip

SAMPLES, USUAL = 64, "representative inputs"  # so many are compared
CHAINED = 8  # so many of them in chains of calls
EARLY = 4  # first steps, in which the states that were given show
LINKS = 4  # least calls of a chain


def check_usual(
    face: Face, run: Run, tolerance: float, samples: Sequence[Sequence[np.ndarray]]
) -> tuple[dict[str, float], list[str]]:
    """Compare outputs and states at the inputs that an integer artifact was calibrated with, not at random ones.

    All of them are compared together, since a state may happen to be small at the end of one.

    Args:
        face: Model and signature.
        run: The artifact.
        tolerance: Largest `rms_difference` that passes.
        samples: The inputs, with the states that each starts from in Keras.

    Returns:
        `parity`, and if there are states `chain`: the largest difference, with each sample started from Keras's states,
        or from those that the artifact returned for the sample before, in turn for at least four calls, or 200 single
        steps; `error`: the largest absolute difference of a value; and what `Agreement` counts. And what it was
        measured at.

    Raises:
        VerificationError: It exceeds the tolerance; `.check` is `parity` or `chain`. The same calls twice differ:
            `repeat`.
    """
    measured, error, agreement = dict[str, float](), 0.0, Agreement(face)
    longest = CHAIN_STEPS if face.form == "step" else max(LINKS, len(samples[:CHAINED]))
    for check in ("parity", "chain") if face.signature.states else ("parity",):
        chained = check == "chain"
        usual = samples[: CHAINED if chained else SAMPLES]
        given = [*itertools.islice(itertools.cycle(usual), longest)] if chained else usual
        expected, found, again = (_each(face, one, given, chained) for one in (face.source.run, run, run))
        check_repeat(found, again, USUAL)
        pairs = {f"at {USUAL}": (expected, found), f"early in {USUAL}": (_early(face, expected), _early(face, found))}
        measured[check] = max(
            within(check, face, *pair, tolerance, where, rms_difference) for where, pair in pairs.items()
        )
        error = max(error, largest_error(expected, found))
        if not chained:
            agreement.count(expected, found)
    return {**measured, "error": error, **agreement.measured()}, [USUAL]


def _each(face: Face, run: Run, samples: Sequence[Sequence[np.ndarray]], chained: bool) -> list[np.ndarray]:
    """Run over samples, one after the other; concatenate the results along the first axis."""
    parts, states = [], dict[int, np.ndarray]()
    for arrays in samples:
        results = run([states.get(i, array) for i, array in enumerate(arrays)])
        check_shapes(face, results, USUAL)
        states = {i: results[o] for i, o in face.signature.states} if chained else {}
        parts.append(results)
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _early(face: Face, results: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the first steps of outputs with a time axis, and all of others."""
    return [array[:, :EARLY] if timed else array for array, timed in zip(results, timed_outputs(face), strict=False)]
