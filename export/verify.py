"""Parity of two engines. Every check raises; an artifact exists only if all of them passed."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from export.formats import FORMS, BoundEngine, Format, Signature, Tensor
from zoo.architectures import Architecture
from zoo.errors import VerificationError
from zoo.models import make

SHAPES = ((1, 1), (1, 50), (2, 7), (5, 33))
"""(batch, time) of the parity check; none is traced, the traced axes are free."""
CHAIN_STEPS = 200
DECODE_STEPS = 64
SEED = 20_26


def difference(expected: np.ndarray, found: np.ndarray) -> float:
    """Return the largest difference relative to the larger of 1 and the expected value; infinite if shapes differ."""
    if expected.shape != found.shape or not np.isfinite(found).all():
        return float("inf")
    return float((np.abs(expected - found) / np.maximum(1, np.abs(expected))).max(initial=0))


def check_signature(expected: Signature, found: Signature) -> None:
    """Compare form, names, free axes and dtypes.

    Raises:
        VerificationError: They differ; `.check` is `signature`.
    """

    def show(tensors: Sequence[Tensor]) -> str:
        return ", ".join(f"{t.name} {t.shape} {t.dtype}" for t in tensors)

    # A runtime may know less of an output's shape than the network does, never something else.
    vague = [
        (a.name, a.dtype) == (b.name, b.dtype)
        and len(a.shape) == len(b.shape)
        and all(y in (x, None) for x, y in zip(a.shape, b.shape, strict=True))
        for a, b in itertools.zip_longest(expected.outputs, found.outputs, fillvalue=Tensor("", (), ""))
    ]
    if (expected.form, expected.inputs) != (found.form, found.inputs) or not all(vague):
        raise VerificationError(
            "signature",
            f"expected {expected.form}: {show(expected.inputs)} → {show(expected.outputs)}, "
            f"found {found.form}: {show(found.inputs)} → {show(found.outputs)}",
        )


def check_structure(format_: Format, architecture: Architecture, operators: Sequence[str]) -> None:
    """Count native recurrent nodes and look for forbidden ones.

    Raises:
        VerificationError: A recurrent layer is not native, or a forbidden operator occurs; `.check` is `structure`.
    """
    bad = sorted({name for name in operators if name.startswith(tuple(format_.forbidden))})
    if bad:
        raise VerificationError("structure", f"{format_.name} must not contain {', '.join(bad)}")
    if native := format_.native.get(architecture.cell):
        count = list(operators).count(native)
        if count != architecture.layers:
            raise VerificationError("structure", f"{count} {native} nodes for {architecture.layers} recurrent layers")


def check_parity(reference: Any, candidate: Any, codec: Any, tolerance: float) -> float:
    """Compare outputs and states from random non-zero states at several batch sizes and lengths.

    Returns:
        The largest difference.

    Raises:
        VerificationError: It exceeds the tolerance; `.check` is `parity`. The same call twice differs: `repeat`.
    """
    rng = np.random.default_rng(SEED)
    worst = 0.0
    for batch, time in SHAPES:
        x = codec.example(rng, batch, time)
        state = [rng.uniform(-1, 1, s.shape).astype(np.float32) for s in reference.initial_state(batch)]
        expected, found, again = (_flat(engine.step(x, state)) for engine in (reference, candidate, candidate))
        if any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(found, again, strict=True)):
            raise VerificationError("repeat", f"the same call twice gave two answers at batch {batch}, time {time}")
        worst = max(worst, _within("parity", expected, found, tolerance, f"at batch {batch}, time {time}"))
    return worst


def check_chain(reference: Any, candidate: Any, codec: Any, tolerance: float) -> float:
    """Compare a chain of single steps with one long call of the reference.

    Returns:
        The largest difference.

    Raises:
        VerificationError: It exceeds the tolerance; `.check` is `chain`.
    """
    x = codec.example(np.random.default_rng(SEED + 1), 2, CHAIN_STEPS)
    expected = _flat(reference.step(x, reference.initial_state(2)))
    state, parts = candidate.initial_state(2), []
    for i in range(CHAIN_STEPS):
        y, state = candidate.step(x[:, i : i + 1], state)
        parts.append(y)
    found = [np.concatenate(parts, axis=1), *state]
    return _within("chain", expected, found, tolerance, f"after {CHAIN_STEPS} single steps")


def check_decode(reference: Any, candidate: Any) -> None:
    """Compare what two models make from the same seed.

    Raises:
        VerificationError: They make different pieces; `.check` is `decode`.
    """
    expected, found = (model.generate(steps=DECODE_STEPS, seed=SEED) for model in (reference, candidate))
    if expected != found:
        raise VerificationError("decode", f"seed {SEED} gives two different pieces of {DECODE_STEPS} steps")


def _flat(result: tuple[np.ndarray, Sequence[np.ndarray]]) -> list[np.ndarray]:
    return [result[0], *result[1]]


def _within(check: str, expected: list[np.ndarray], found: list[np.ndarray], tolerance: float, where: str) -> float:
    differences = [difference(a, b) for a, b in itertools.zip_longest(expected, found, fillvalue=np.zeros(0))]
    names = ["y", *(f"state {i}" for i in range(len(differences) - 1))]
    for name, value in zip(names, differences, strict=True):
        if not value <= tolerance:
            raise VerificationError(check, f"{name} differs by {value:.2g} {where}, allowed is {tolerance:.2g}")
    return max(differences)


def verify(model: Any, candidate: BoundEngine, expected: Signature, format_: Format, operators: Sequence[str],
           architecture: Architecture) -> dict[str, float]:  # fmt: skip
    """Compare an opened artifact with the model it was made from.

    Args:
        model: Model with the reference engine.
        candidate: The opened artifact.
        expected: The signature it must have.
        format_: Its format: tolerance, native and forbidden operators.
        operators: Operators it contains.
        architecture: Row that says how many recurrent layers of which cell.

    Returns:
        Measured differences: `parity`, `chain`.

    Raises:
        VerificationError: The first check that fails.
    """
    check_signature(expected, candidate.signature)
    check_structure(format_, architecture, operators)
    measured = {
        "parity": check_parity(model.engine, candidate, model.codec, format_.tolerance),
        "chain": check_chain(model.engine, candidate, model.codec, format_.tolerance),
    }
    check_decode(model, make(model.card, model.codec, candidate))
    return measured


def expected_signature(network: Any, form: str) -> Signature:
    """Say what an artifact of a network must look like."""

    def tensors(values: Sequence[Any], names: Sequence[str]) -> tuple[Tensor, ...]:
        shapes = [(None, *((FORMS[form],) if v.ndim == 3 else ()), *v.shape[2 if v.ndim == 3 else 1 :]) for v in values]
        return tuple(Tensor(n, s, str(v.dtype)) for n, s, v in zip(names, shapes, values, strict=True))

    inputs = [tensor.name for tensor in network.inputs]
    outputs = ["y", *(name.replace("0_", "n_", 1) for name in inputs[1:])]
    return Signature(form, tensors(network.inputs, inputs), tensors(network.outputs, outputs))
