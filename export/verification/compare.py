"""Comparisons of what an artifact computes with what Keras computes, and of their signatures."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from zoo.core.states import is_state
from zoo.errors import VerificationError
from zoo.runtime.signature import Face, Signature, Tensor

SEED = 20_26
CHAIN_STEPS = 200
"""Single steps of a chain of calls."""

Run = Callable[[list[np.ndarray]], list[np.ndarray]]
TOLERANCES = {
    "zoo": 1e-5,
    "zoo rnn": 5e-5,
    "float32": 1e-4,
    "float16": 0.02,
    "int8": 0.2,
}
"""Largest difference that passes: for float32 the largest of all values, relative to the larger of 1 and the value; for
quantized artifacts the root mean square of the differences, relative to that of the values.

Models of the zoo are held to more than a user's model, whose depth and weights are not known. In vanilla RNNs no gate
keeps rounding from growing. A task may need more room than its cells: `Task.tolerances`.
"""


def difference(expected: np.ndarray, found: np.ndarray) -> float:
    """Return the largest difference, relative to the larger of 1 and the expected value."""
    if expected.dtype.kind != "f":
        return 0.0 if np.array_equal(expected, found) else float("inf")
    if expected.shape != found.shape or not np.isfinite(found).all():
        return float("inf")
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


def check_order(signature: Signature, found: tuple[Sequence[str], Sequence[str]] | None) -> None:
    """Compare the order of inputs and outputs inside an artifact with the signature.

    Args:
        signature: Signature of the face.
        found: Names of inputs and of outputs as they stand in the artifact; None if its tensors go by name alone.

    Raises:
        VerificationError: A runtime that binds tensors by position would take one for another; `.check` is `order`.
    """
    if found is None:
        return
    both = signature.inputs, signature.outputs
    for side, tensors, names in zip(("inputs", "outputs"), both, found, strict=True):
        if (expected := [tensor.name for tensor in tensors]) != list(names):
            raise VerificationError("order", f"{side} stand as {', '.join(names)} instead of {', '.join(expected)}")


def timed_outputs(face: Face) -> list[bool]:
    """Return which outputs have a time axis; states have none."""
    return [face.source.timed_output(tensor) for tensor in face.source.outputs] + [False] * len(face.source.slots)


def fixed_axes(face: Face) -> tuple[int | None, int | None]:
    """Return the batch size and the length that a signature fixes."""
    pairs = zip(face.source.inputs, face.signature.inputs, strict=False)
    timed = [tensor.shape[1] for own, tensor in pairs if face.source.timed(own)]
    return face.signature.inputs[0].shape[0], timed[0] if timed else None


def check_repeat(found: Sequence[np.ndarray], again: Sequence[np.ndarray], where: str) -> None:
    """Compare the results of the same call made twice.

    Raises:
        VerificationError: They differ; `.check` is `repeat`.
    """
    if any(not np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(found, again, strict=True)):
        raise VerificationError("repeat", f"the same call twice gave two answers at {where}")


def largest_error(expected: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> float:
    """Return the largest difference of a value."""
    pairs = [(a, b) for a, b in zip(expected, found, strict=True) if a.dtype.kind == "f"]
    return max((float(np.abs(a - b).max(initial=0)) for a, b in pairs), default=0.0)


def check_shapes(face: Face, found: list[np.ndarray], where: str) -> None:
    """Compare the shapes of outputs with the signature.

    Raises:
        VerificationError: One does not fit; `.check` is `signature`.
    """
    for tensor, array in zip(face.signature.outputs, found, strict=False):
        if any(size not in (None, real) for size, real in zip(tensor.shape, array.shape, strict=False)):
            raise VerificationError("signature", f"{tensor.name} {tensor.shape} has the shape {array.shape} at {where}")


def within(check: str, face: Face, expected: list[np.ndarray], found: list[np.ndarray], tolerance: float, where: str,
           compare: Callable) -> float:  # fmt: skip
    """Compare all outputs and return the largest difference.

    Args:
        check: Name of the check.
        face: Model and signature.
        expected: Outputs and new states of Keras.
        found: Those of the artifact.
        tolerance: Largest difference that passes.
        where: The shapes or calls, for the message.
        compare: `difference` or `rms_difference`.

    Raises:
        VerificationError: A difference exceeds the tolerance, or an output is missing; `.check` is the name given.
    """
    worst = 0.0
    for tensor, a, b in itertools.zip_longest(face.signature.outputs, expected, found):
        missing = any(item is None for item in (tensor, a, b))
        name, value = ("an output", float("inf")) if missing else (tensor.name, compare(a, b))
        if not value <= tolerance:
            told = "; rounding loses too much: take a finer quantize=, or none" if compare is rms_difference else ""
            raise VerificationError(check, f"{name} differs by {value:.2g} {where}, allowed is {tolerance:.2g}{told}")
        worst = max(worst, value)
    return worst
