"""The checks of an artifact against Keras: structure, parity, and chains of calls. Each raises."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from export.signature import Face
from export.verification.compare import (
    SEED,
    Run,
    check_repeat,
    check_shapes,
    difference,
    fixed_axes,
    largest_error,
    timed_outputs,
    within,
)  # fmt: skip
from zoo.errors import VerificationError

SHAPES = ((1, 1), (1, 50), (2, 7), (5, 33))
"""(batch, time) of the parity check; none is traced, the traced axes are free."""
CHUNKS = (5, 1, 8)
"""Steps of each call of a chain that is compared with a chain of Keras's own calls."""


def check_structure(name: str, expected: Mapping[str, int], forbidden: Sequence[str], operators: Sequence[str]) -> None:
    """Count native recurrent nodes and look for forbidden ones.

    Raises:
        VerificationError: A recurrent layer is not what it should be, or a forbidden operator occurs; `.check` is
            `structure`.
    """
    bad = sorted({operator for operator in operators if operator.startswith(tuple(forbidden))})
    if bad:
        raise VerificationError("structure", f"{name} must not contain {', '.join(bad)}")
    counted = {operator: list(operators).count(operator) for operator in expected}
    if counted != dict(expected):
        raise VerificationError("structure", f"{name} has {counted} where the layers make {dict(expected)}")


def check_parity(
    face: Face, run: Run, tolerance: float, compare: Callable = difference
) -> tuple[dict[str, float], list[str]]:
    """Compare outputs and states, from random non-zero states, at several batch sizes and lengths.

    Args:
        face: Model and signature.
        run: The artifact.
        tolerance: Largest difference that passes.
        compare: `difference` or `rms_difference`.

    Returns:
        `parity`: the largest difference by `compare`; `error`: the largest absolute difference of a value. And the
        shapes it was measured at: a length that Keras itself refuses is left out.

    Raises:
        VerificationError: It exceeds the tolerance; `.check` is `parity`. The same call twice differs: `repeat`.
    """
    worst, error, tried = 0.0, 0.0, []
    for where, arrays in _cases(face):
        try:
            expected = face.source.run(arrays)
        except Exception:  # noqa: BLE001 (whatever a model raises at a length too short for its convolutions)
            continue
        found, again = run(arrays), run(arrays)
        check_shapes(face, found, where)
        check_repeat(found, again, where)
        worst = max(worst, within("parity", face, expected, found, tolerance, f"at {where}", compare))
        error = max(error, largest_error(expected, found))
        tried += [where] if where not in tried else []
    if not tried:
        raise VerificationError("parity", "Keras itself ran at no size that was tried: give inputs= that it can take")
    return {"parity": worst, "error": error}, tried


def _cases(face: Face) -> list[tuple[str, list[np.ndarray]]]:
    batch, time = fixed_axes(face)
    least = 0 if time else face.source.least
    sizes = sorted({(batch or b, time or t + least) for b, t in SHAPES})
    rng = np.random.default_rng(SEED)
    cases = [(f"batch {b}, time {t}", face.source.sample(rng, b, t)) for b, t in sizes]
    if time is None and face.source.lengths > 1:
        b, t = sizes[-1]
        cases.append((f"batch {b}, unequal times from {t}", face.source.sample(rng, b, t, apart=5)))
    given = face.source.given
    if given is not None and face.form == "sequence" and (batch, time) == (None, None):
        states = [rng.uniform(-1, 1, (len(given[0]), *s.shape)).astype(np.float32) for s in face.source.slots]
        cases.insert(0, ("the inputs given", [*given, *states]))
    return cases


def check_chain(face: Face, run: Run, tolerance: float, whole: int, compare: Callable = difference) -> float:
    """Compare a chain of calls, each from the states that the one before returned, with Keras.

    Args:
        face: Model and signature.
        run: The artifact.
        tolerance: Largest difference that passes.
        whole: Number of single steps to compare with one call of all steps; 0 compares a few calls with as many of
            Keras.
        compare: `difference` or `rms_difference`.

    Returns:
        The largest difference.

    Raises:
        VerificationError: It exceeds the tolerance; `.check` is `chain`.
    """
    source, (batch, time) = face.source, fixed_axes(face)
    batch, whole = batch or 2, whole if time in (None, 1) else 0
    lengths = [1] * whole if whole else [time] * 2 if time else [n + source.least for n in CHUNKS]
    arrays = source.sample(np.random.default_rng(SEED + 1), batch, sum(lengths), padded=False)
    for i, _ in face.signature.states:
        arrays[i] = np.zeros_like(arrays[i])
    expected = source.run(arrays) if whole else _chained(face, source.run, arrays, lengths)
    found = _chained(face, run, arrays, lengths)
    where = f"after {len(lengths)} calls of {lengths[0]} steps" if whole else f"after calls of {lengths} steps"
    return within("chain", face, expected, found, tolerance, where, compare)


def _chained(face: Face, run: Run, arrays: list[np.ndarray], lengths: Sequence[int]) -> list[np.ndarray]:
    """Run in several calls; outputs with a time axis are concatenated, of others the last counts."""
    source, parts, at, now = face.source, [], 0, list(arrays)
    for length in lengths:
        for i, tensor in enumerate(source.inputs):
            if source.timed(tensor) and arrays[i].shape[1] > length:
                now[i] = arrays[i][:, at : at + length]
        at += length
        results = run(now)
        parts.append(results)
        for i, o in face.signature.states:
            now[i] = results[o]
    columns = zip(timed_outputs(face), zip(*parts, strict=True), strict=True)
    return [np.concatenate(column, axis=1) if is_timed else column[-1] for is_timed, column in columns]
