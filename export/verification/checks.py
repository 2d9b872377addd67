"""The checks of an artifact against Keras: structure, parity, and chains of calls. Each raises."""

import contextlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from zoo.errors import VerificationError
from zoo.runtime.signature import Face

from .agreement import Agreement
from .compare import (
    SEED,
    Run,
    check_repeat,
    check_shapes,
    difference,
    fixed_axes,
    largest_error,
    rms_difference,
    timed_outputs,
    within,
)  # fmt: skip

SHAPES = ((1, 1), (1, 50), (2, 7), (5, 33))
"""(batch, time) of the parity check; none is traced, the traced axes are free."""
ROWS, ROW_STEPS = 256, 12
"""Rows, and their steps, on which a quantized artifact is judged besides: one choice of another class is a large
difference in few rows, and does not occur in most batches of few rows."""
MOST_CALLS, MOST_NUMBERS = 64, 2**21
"""Most calls for them, where the batch size is fixed, and most numbers of an input, where rows are large."""
CHUNKS = (5, 1, 8)
"""Steps of each call of a chain that is compared with a chain of Keras's own calls."""


def check_structure(
    name: str,
    expected: Mapping[str, int],
    forbidden: Sequence[str],
    operators: Sequence[str],
    at_least: Sequence[str] = (),
) -> None:
    """Count native recurrent nodes and look for forbidden ones.

    Args:
        name: The format.
        expected: How often operators must occur.
        forbidden: Beginnings of operators that must not.
        operators: The operators of the artifact.
        at_least: Those of the expected ones that may occur more often.

    Raises:
        VerificationError: A recurrent layer is not what it should be, or a forbidden operator occurs; `.check` is
            `structure`.
    """
    bad = sorted({operator for operator in operators if operator.startswith(tuple(forbidden))})
    if bad:
        raise VerificationError("structure", f"{name} must not contain {', '.join(bad)}")
    counted = {operator: list(operators).count(operator) for operator in expected}
    more = {operator: min(count, expected[operator]) for operator, count in counted.items() if operator in at_least}
    if counted | more != dict(expected):
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
        `parity`: the largest difference by `compare`; `error`: the largest absolute difference of a value; by
        `rms_difference` also `argmax agreement` and `argmax rows` (see `Agreement`). And the shapes it was measured
        at: a length that Keras itself refuses is left out.

    Raises:
        VerificationError: It exceeds the tolerance; `.check` is `parity`. The same call twice differs: `repeat`.
    """
    worst, error, tried, agreement = 0.0, 0.0, [], Agreement(face)
    rounded = compare is rms_difference
    for where, arrays in [*_cases(face), *(_many_rows(face) if rounded else [])]:
        if (expected := _keras(face, arrays)) is None:
            continue
        found, again = (_in_calls(face, run, arrays, where) for _ in range(2))
        check_repeat(found, again, where)
        worst = max(worst, within("parity", face, expected, found, tolerance, f"at {where}", compare))
        error = max(error, largest_error(expected, found))
        if rounded:
            agreement.count(expected, found)
        tried += [where] if where not in tried else []
    if not tried:
        raise VerificationError("parity", "Keras itself ran at no size that was tried: give inputs= that it can take")
    return {"parity": worst, "error": error, **agreement.measured()}, tried


def _keras(face: Face, arrays: list[np.ndarray]) -> list[np.ndarray] | None:
    """Return what Keras computes; None if it refuses, whatever a model raises at a length too short for it."""
    with contextlib.suppress(Exception):
        return face.source.run(arrays)
    return None


def _many_rows(face: Face) -> list[tuple[str, list[np.ndarray]]]:
    """Draw the many rows of a quantized artifact, as many as its size and its fixed batch allow."""
    batch, time = fixed_axes(face)
    steps = time or ROW_STEPS + face.source.least
    largest = max(array.size for array in face.source.sample(np.random.default_rng(SEED), 1, steps))
    rows = max(1, min(ROWS, MOST_NUMBERS // largest))
    rows = batch * max(1, min(rows // batch, MOST_CALLS)) if batch else rows
    return [(f"{rows} rows, time {steps}", face.source.sample(np.random.default_rng(SEED + 2), rows, steps))]


def _in_calls(face: Face, run: Run, arrays: list[np.ndarray], where: str) -> list[np.ndarray]:
    """Run an artifact in calls of the batch size, if that is fixed, and concatenate the results.

    Raises:
        VerificationError: The shape of one does not fit the signature; `.check` is `signature`.
    """
    rows = len(arrays[0])
    batch = face.signature.inputs[0].shape[0] or rows
    parts = [run([array[at : at + batch] for array in arrays]) for at in range(0, rows, batch)]
    for part in parts:
        check_shapes(face, part, where)
    return parts[0] if len(parts) == 1 else [np.concatenate(column) for column in zip(*parts, strict=True)]


def _cases(face: Face) -> list[tuple[str, list[np.ndarray]]]:
    batch, time = fixed_axes(face)
    least = 0 if time else face.source.least
    sizes = sorted({(batch or b, time or t + least) for b, t in SHAPES})
    rng = np.random.default_rng(SEED)
    if not any(face.source.timed(tensor) for tensor in face.source.inputs):
        sizes = sorted({b: (b, t) for b, t in sizes}.values())  # their length is the draw's own matter
    cases = [_case(face, b, face.source.sample(rng, b, t)) for b, t in sizes]
    if time is None and face.source.lengths > 1:
        b, t = sizes[-1]
        cases.append((f"batch {b}, unequal times from {t}", face.source.sample(rng, b, t, apart=5)))
    given = face.source.given
    if given is not None and face.form == "sequence" and (batch, time) == (None, None):
        states = [rng.uniform(-1, 1, (len(given[0]), *s.shape)).astype(np.float32) for s in face.source.slots]
        cases.insert(0, ("the inputs given", [*given, *states]))
    return cases


def _case(face: Face, batch: int, arrays: list[np.ndarray]) -> tuple[str, list[np.ndarray]]:
    """Return inputs with the sizes that they have."""
    pairs = zip(face.source.inputs, arrays, strict=False)
    times = dict.fromkeys(array.shape[1] for tensor, array in pairs if face.source.timed(tensor))
    return f"batch {batch}{''.join(f', time {time}' for time in times)}", arrays


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
