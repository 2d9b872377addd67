"""Agreement of an artifact with Keras. Every check raises; an artifact exists only if all of them passed."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from export.engine import BoundEngine
from export.formats import Options
from export.signature import Face, Signature, Tensor, is_state
from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import lost
from zoo.core.task import find
from zoo.errors import CodecError, DataError, VerificationError
from zoo.models.making import make

SHAPES = ((1, 1), (1, 50), (2, 7), (5, 33))
"""(batch, time) of the parity check; none is traced, the traced axes are free."""
CHAIN_STEPS = 200
CHUNKS = (5, 1, 8)
DECODE_STEPS = 64
SEED = 20_26
SAMPLES, USUAL = 8, "representative inputs"  # so many are compared at
EARLY = 4  # first steps, in which the states that were given show
LINKS = 4  # calls of a chain over them at least
TOLERANCES = {
    "zoo": 1e-5,
    "zoo rnn": 5e-5,
    "zoo speech": 5e-5,
    "zoo video": 1e-4,
    "zoo rnn video": 5e-4,
    "float32": 1e-4,
    "float16": 0.02,
    "int8": 0.2,
}
"""Largest difference that passes: for float32 the largest of all values, relative to the larger of 1 and the value; for
quantized artifacts the root mean square of the differences, relative to that of the values. Ours are held to more than
any user's model, whose depth and weights are not known. In vanilla RNNs no gate keeps rounding from growing; of speech,
logarithms of small powers are taken; of video, sums over thousands of pixels, and ONNX Runtime's approximations of tanh
and of the logistic function add up over three layers; where a vanilla RNN reads it, noise lets single frames differ by
3e-4, which are gone again a few frames later."""


def tolerance_of(options: Options, model: Any) -> float:
    """Return the largest difference that passes."""
    if options.quantize or not model:
        return TOLERANCES[options.quantize or "float32"]
    cell, task = ARCHITECTURES[model.card.architecture].cell, model.card.task
    kinds = cell, task, f"{cell} {task}"
    return max(TOLERANCES.get(f"zoo {kind}", TOLERANCES["zoo"]) for kind in kinds)


Run = Callable[[list[np.ndarray]], list[np.ndarray]]


def difference(expected: np.ndarray, found: np.ndarray) -> float:
    """Return the largest difference, relative to the larger of 1 and the expected value."""
    if expected.shape != found.shape or not np.isfinite(found).all():
        return float("inf")
    if expected.dtype.kind != "f":
        return 0.0 if np.array_equal(expected, found) else float("inf")
    scale = np.maximum(1, np.abs(expected))
    return float((np.abs(expected - found) / scale).max(initial=0))


def rms_difference(expected: np.ndarray, found: np.ndarray) -> float:
    """Return the root mean square of the differences, relative to that of the expected values."""
    if expected.shape != found.shape or not np.isfinite(found).all():
        return float("inf")
    if expected.dtype.kind != "f":  # ids may tip over to a near rival
        return float((expected != found).mean())
    return float(_rms(expected - found) / max(_rms(expected), 1e-3))


def _rms(array: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(array, dtype=np.float64)))) if array.size else 0.0


def check_signature(expected: Signature, found: Signature) -> None:
    """Compare form, names, free axes and dtypes.

    Raises:
        VerificationError: They differ; `.check` is `signature`.
    """

    def show(tensors: Sequence[Tensor]) -> str:
        return ", ".join(f"{t.name} {t.shape} {t.dtype}" for t in tensors)

    # A runtime may know less of an output's shape than the network does, never something else.
    # Where the number of steps is fixed, an output whose length follows from it otherwise may be known better.
    loose = any(t.shape[1:2] not in ((), (None,), (1,)) for t in expected.inputs if not is_state(t.name))
    vague = [
        (a.name, a.dtype) == (b.name, b.dtype)
        and len(a.shape) == len(b.shape)
        and all(y in (x, None) or (loose and x is None) for x, y in zip(a.shape, b.shape, strict=True))
        for a, b in itertools.zip_longest(expected.outputs, found.outputs, fillvalue=Tensor("", (), ""))
    ]
    if (expected.form, expected.inputs) != (found.form, found.inputs) or not all(vague):
        raise VerificationError(
            "signature",
            f"expected {expected.form}: {show(expected.inputs)} → {show(expected.outputs)}, "
            f"found {found.form}: {show(found.inputs)} → {show(found.outputs)}",
        )


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
        `parity`: the largest difference by `compare`; `error`: the largest of all values, as it is. And at what it
        was measured: a length that Keras itself refuses is left out.

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
        _check_shapes(face, found, where)
        _check_repeat(found, again, where)
        worst = max(worst, _within("parity", face, expected, found, tolerance, f"at {where}", compare))
        error = max(error, _largest(expected, found))
        tried += [where] if where not in tried else []
    if not tried:
        raise VerificationError("parity", "Keras itself ran at no size that was tried: give inputs= that it can take")
    return {"parity": worst, "error": error}, tried


def check_usual(
    face: Face, run: Run, tolerance: float, samples: Sequence[Sequence[np.ndarray]]
) -> tuple[dict[str, float], list[str]]:
    """Compare outputs and states at the inputs that a whole-number artifact was made for, not at random ones.

    All of them are compared together: a state that happens to be small at the end of one is no measure.

    Args:
        face: Model and signature.
        run: The artifact.
        tolerance: Largest `rms_difference` that passes.
        samples: The inputs, with the states that Keras starts each from.

    Returns:
        `parity`, and if there are states `chain`: the largest difference, each sample from Keras's states and each from
        those that the artifact ended the one before with, in turn for at least four calls, or 200 single steps;
        `error`: the largest of all values, as it is. And at what it was measured.

    Raises:
        VerificationError: It exceeds the tolerance; `.check` is `parity` or `chain`. The same calls twice differ:
            `repeat`.
    """
    measured, error, usual = {}, 0.0, samples[:SAMPLES]
    longest = CHAIN_STEPS if face.form == "step" else max(LINKS, len(usual))
    for check in ("parity", "chain") if face.signature.states else ("parity",):
        chained = check == "chain"
        given = [*itertools.islice(itertools.cycle(usual), longest)] if chained else usual
        expected, found, again = (_each(face, one, given, chained) for one in (face.source.run, run, run))
        _check_repeat(found, again, USUAL)
        pairs = {f"at {USUAL}": (expected, found), f"early in {USUAL}": (_early(face, expected), _early(face, found))}
        measured[check] = max(
            _within(check, face, *pair, tolerance, where, rms_difference) for where, pair in pairs.items()
        )
        error = max(error, _largest(expected, found))
    return {**measured, "error": error}, [USUAL]


def _each(face: Face, run: Run, samples: Sequence[Sequence[np.ndarray]], chained: bool) -> list[np.ndarray]:
    """Run over samples, one after the other; put what comes out together along the first axis."""
    parts, states = [], dict[int, np.ndarray]()
    for arrays in samples:
        results = run([states.get(i, array) for i, array in enumerate(arrays)])
        _check_shapes(face, results, USUAL)
        states = {i: results[o] for i, o in face.signature.states} if chained else {}
        parts.append(results)
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _early(face: Face, results: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Leave the first steps of outputs with an axis of time; of others, all."""
    return [array[:, :EARLY] if timed else array for array, timed in zip(results, _timed(face), strict=False)]


def _timed(face: Face) -> list[bool]:
    """Tell which outputs have an axis of time; states have none."""
    return [face.source.timed_output(tensor) for tensor in face.source.outputs] + [False] * len(face.source.slots)


def _check_repeat(found: Sequence[np.ndarray], again: Sequence[np.ndarray], where: str) -> None:
    """Compare what the same call gave twice.

    Raises:
        VerificationError: It differs; `.check` is `repeat`.
    """
    if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(found, again, strict=True)):
        raise VerificationError("repeat", f"the same call twice gave two answers at {where}")


def _largest(expected: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> float:
    """Return the largest difference of a value."""
    pairs = [(a, b) for a, b in zip(expected, found, strict=True) if a.dtype.kind == "f"]
    return max((float(np.abs(a - b).max(initial=0)) for a, b in pairs), default=0.0)


def _check_shapes(face: Face, found: list[np.ndarray], where: str) -> None:
    """Compare the shapes of outputs with what the signature says of them.

    Raises:
        VerificationError: One does not fit; `.check` is `signature`.
    """
    for tensor, array in zip(face.signature.outputs, found, strict=False):
        if any(size not in (None, real) for size, real in zip(tensor.shape, array.shape, strict=False)):
            raise VerificationError("signature", f"{tensor.name} {tensor.shape} has the shape {array.shape} at {where}")


def _cases(face: Face) -> list[tuple[str, list[np.ndarray]]]:
    batch, time = _fixed(face)
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


def _fixed(face: Face) -> tuple[int | None, int | None]:
    """Return the batch size and the length that a signature fixes."""
    pairs = zip(face.source.inputs, face.signature.inputs, strict=False)
    timed = [tensor.shape[1] for own, tensor in pairs if face.source.timed(own)]
    return face.signature.inputs[0].shape[0], timed[0] if timed else None


def check_chain(face: Face, run: Run, tolerance: float, whole: int, compare: Callable = difference) -> float:
    """Compare a chain of calls, each from the states that the one before returned, with Keras.

    Args:
        face: Model and signature.
        run: The artifact.
        tolerance: Largest difference that passes.
        whole: Compare so many single steps with one call; 0 compares a few calls with as many of Keras's.
        compare: `difference` or `rms_difference`.

    Returns:
        The largest difference.

    Raises:
        VerificationError: It exceeds the tolerance; `.check` is `chain`.
    """
    source, (batch, time) = face.source, _fixed(face)
    batch, whole = batch or 2, whole if time in (None, 1) else 0
    lengths = [1] * whole if whole else [time] * 2 if time else [n + source.least for n in CHUNKS]
    arrays = source.sample(np.random.default_rng(SEED + 1), batch, sum(lengths), padded=False)
    for i, _ in face.signature.states:
        arrays[i] = np.zeros_like(arrays[i])
    expected = source.run(arrays) if whole else _chained(face, source.run, arrays, lengths)
    found = _chained(face, run, arrays, lengths)
    where = f"after {len(lengths)} calls of {lengths[0]} steps" if whole else f"after calls of {lengths} steps"
    return _within("chain", face, expected, found, tolerance, where, compare)


def _chained(face: Face, run: Run, arrays: list[np.ndarray], lengths: Sequence[int]) -> list[np.ndarray]:
    """Run in pieces; outputs with an axis of time are put together, of others the last counts."""
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
    columns = zip(_timed(face), zip(*parts, strict=True), strict=True)
    return [np.concatenate(column, axis=1) if is_timed else column[-1] for is_timed, column in columns]


def check_decode(reference: Any, candidate: Any) -> None:
    """Compare what two models make from the same seed.

    Raises:
        VerificationError: They make different pieces; `.check` is `decode`.
    """
    expected, found = (model.trial(DECODE_STEPS, SEED) for model in (reference, candidate))
    if expected != found:
        raise VerificationError("decode", f"seed {SEED} gives two different pieces of {DECODE_STEPS} steps")


def check_metric(reference: Any, candidate: Any, split: str = "valid") -> dict[str, float]:
    """Compare the task metric of a model and of its quantized artifact.

    Returns:
        The metric before and after; empty if the data set is not to be had, or not what the model was trained on.

    Raises:
        VerificationError: It loses more than its task allows; `.check` is `metric`.
    """
    if reference.card.data.get("name", own := find(reference.card.task).facts["name"]) != own:
        return {}
    try:
        before, after = (model.evaluate(split, progress=False) for model in (reference, candidate))
    except (DataError, CodecError):
        return {}
    name = next(iter(before))
    share, points = find(reference.card.task).quantized_loss
    if not lost(name, before[name], after[name]) <= before[name] * share + points:
        raise VerificationError("metric", f"{name} on {split} went from {before[name]:.4f} to {after[name]:.4f}")
    return {f"{split} {name} before": before[name], f"{split} {name} after": after[name]}


def _within(check: str, face: Face, expected: list[np.ndarray], found: list[np.ndarray], tolerance: float, where: str,
            compare: Callable) -> float:  # fmt: skip
    worst = 0.0
    for tensor, a, b in itertools.zip_longest(face.signature.outputs, expected, found):
        missing = any(item is None for item in (tensor, a, b))
        name, value = ("an output", float("inf")) if missing else (tensor.name, compare(a, b))
        if not value <= tolerance:
            raise VerificationError(check, f"{name} differs by {value:.2g} {where}, allowed is {tolerance:.2g}")
        worst = max(worst, value)
    return worst


def verify(
    face: Face, candidate: BoundEngine, options: Options, model: Any = None
) -> tuple[dict[str, float], list[str]]:
    """Compare an opened artifact with the model it was made from.

    Args:
        face: The model and the signature that the artifact must have.
        candidate: The opened artifact.
        options: How it was converted.
        model: The model of the zoo that it was made from, if it was one.

    Returns:
        Measured: `parity` and `chain` as the checks compare, `error` (largest difference of a value), and for a
        quantized model of the zoo its metric before and after. And at what parity was measured.

    Raises:
        VerificationError: The first check that fails.
    """
    check_signature(face.signature, candidate.signature)
    tolerance = tolerance_of(options, model)
    compare = rms_difference if options.quantize else difference
    if options.representative:
        measured, tried = check_usual(face, candidate.run, tolerance, options.representative)
    else:
        measured, tried = check_parity(face, candidate.run, tolerance, compare)
        if face.signature.states:
            whole = CHAIN_STEPS if face.form == "step" or model is not None else 0
            measured["chain"] = check_chain(face, candidate.run, tolerance, whole, compare)
    whole_clips = model is not None and find(model.card.task).kind == "label" and face.form == "sequence"
    if whole_clips and options.quantize and _fixed(face)[0] == 1 and _fixed(face)[1]:
        measured |= check_metric(model, make(model.card, model.codec, candidate))
    if model is not None and _fixed(face) in ((None, None), (None, 1)):
        opened = make(model.card, model.codec, candidate)
        if options.quantize:
            measured |= check_metric(model, opened)
        else:
            check_decode(model, opened)
    return measured, tried
