"""Agreement of an artifact with Keras. Every check raises; an artifact exists only if all of them passed."""

from collections.abc import Sequence
from pathlib import Path

from zoo.core.architectures import ARCHITECTURES
from zoo.core.task import find
from zoo.errors import CodecError, DataError, VerificationError
from zoo.models.model import Model, make
from zoo.runtime.engine import BoundEngine, of_engines
from zoo.runtime.pair import Pair
from zoo.runtime.signature import Face

from ..formats import Format, Options
from .calibrated import check_usual
from .checks import check_chain, check_parity
from .compare import (
    CHAIN_STEPS,
    SEED,
    TOLERANCES,
    check_order,
    check_signature,
    difference,
    fixed_axes,
    rms_difference,
)  # fmt: skip

DECODE_STEPS = 64


def tolerance_of(options: Options, model: Model | None) -> float:
    """Return the largest difference that passes."""
    if options.quantize or not model:
        return TOLERANCES[options.quantize or "float32"]
    cell = ARCHITECTURES[model.card.architecture].cell
    return max(TOLERANCES.get(f"zoo {cell}", TOLERANCES["zoo"]), find(model.card.task).tolerance(cell))


def check_decode(reference: Model, candidate: Model) -> None:
    """Compare what two models produce from the same seed.

    Raises:
        VerificationError: They produce different pieces; `.check` is `decode`.
    """
    expected, found = (model.trial(DECODE_STEPS, SEED) for model in (reference, candidate))
    if expected != found:
        raise VerificationError("decode", f"seed {SEED} gives two different pieces of {DECODE_STEPS} steps")


def check_metric(reference: Model, candidate: Model, split: str = "valid") -> dict[str, float]:
    """Compare the task metric of a model and of its quantized artifact.

    Returns:
        The metric before and after; empty if the data set is missing, or is not what the model was trained on.

    Raises:
        VerificationError: It worsens by more than the task allows; `.check` is `metric`.
    """
    task = find(reference.card.task)
    own = task.facts["name"]
    if reference.card.data.get("name", own) != own:
        return {}
    try:
        before, after = (model.evaluate(split, progress=False) for model in (reference, candidate))
    except (DataError, CodecError):
        return {}
    name = next(iter(before))
    share, points = task.quantized_loss
    if not task.worsening(name, before[name], after[name]) <= before[name] * share + points:
        raise VerificationError("metric", f"{name} on {split} went from {before[name]:.4f} to {after[name]:.4f}")
    return {f"{split} {name} before": before[name], f"{split} {name} after": after[name]}


def verify(
    face: Face, candidate: BoundEngine, options: Options, model: Model | None = None, tolerance: float | None = None
) -> tuple[dict[str, float], list[str]]:
    """Compare an opened artifact with the model it was made from.

    Args:
        face: The model and the signature that the artifact must have.
        candidate: The opened artifact.
        options: How it was converted.
        model: The model of the zoo that it was made from, if it is one.
        tolerance: Largest difference that passes; None takes that of the options and the model.

    Returns:
        `parity` and `chain` as the checks compare, `error` (largest difference of a value), and for a
        quantized model of the zoo its metric before and after. And the shapes that parity was measured at.

    Raises:
        VerificationError: The first check that fails.
    """
    check_signature(face.signature, candidate.signature)
    tolerance = tolerance_of(options, model) if tolerance is None else tolerance
    compare = rms_difference if options.quantize else difference
    if options.representative:
        measured, tried = check_usual(face, candidate.run, tolerance, options.representative)
    else:
        measured, tried = check_parity(face, candidate.run, tolerance, compare)
        if face.signature.states:
            whole = CHAIN_STEPS if face.form == "step" or model is not None else 0
            measured["chain"] = check_chain(face, candidate.run, tolerance, whole, compare)
    if model is not None:
        measured |= _check_task(face, candidate, options, model)
    return measured, tried


def _check_task(face: Face, candidate: BoundEngine, options: Options, model: Model) -> dict[str, float]:
    """Check the metric of a quantized model of the zoo, or what another one produces, if its methods take the shape.

    Raises:
        VerificationError: `.check` is `metric` or `decode`.
    """
    batch, steps = fixed_axes(face)
    free = batch is None and steps in (None, 1)
    fixed = model.fixed_steps and face.form == "sequence" and batch == 1 and steps is not None
    opened = make(model.card, model.codec, candidate)
    if options.quantize and (free or fixed):
        return check_metric(model, opened)
    if free:
        check_decode(model, opened)
    return {}


def verify_pair(
    row: Format, found: Sequence[Face], paths: Sequence[Path], options: Options, model: Model | None
) -> tuple[dict[str, float], list[str], Pair]:
    """Verify both graphs of a pair; return the largest differences, the shapes compared, and their engine.

    Raises:
        VerificationError: The first check that fails.
    """
    measured: dict[str, float] = {}
    shapes: list[str] = []
    engines, tolerance = [], tolerance_of(options, model)
    for name, face, path in zip(("encoder ", ""), found, paths, strict=True):
        engine = row.open(path, face.signature)
        check_order(face.signature, engine.order)
        differences, tried = verify(face, engine, options, tolerance=tolerance)
        measured |= {f"{name}{check}": value for check, value in differences.items()}
        shapes += [where for where in tried if where not in shapes]
        engines.append(engine)
    both = of_engines(*engines)
    if model is not None and not (options.quantize and both.batch):
        measured |= _check_model(model, make(model.card, model.codec, both), options)
    return measured, shapes, both


def _check_model(model: Model, candidate: Model, options: Options) -> dict[str, float]:
    """Compare what two models return for the same sources; of a quantized one, the metric.

    Raises:
        VerificationError: They differ.
    """
    if options.quantize:
        return check_metric(model, candidate)
    check_decode(model, candidate)
    return {}
