"""Save a model as an artifact: open the model → check options → convert → verify → seal → report."""

import os
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zoo.core.codec import GenerationCodec
from zoo.core.extras import needing
from zoo.core.files import sweep, temporary_folder
from zoo.core.validation import number
from zoo.errors import ArgumentError, DataError
from zoo.models.model import Model
from zoo.runtime.engine import BoundEngine
from zoo.runtime.signature import FORMS, Face

from . import formats
from .artifact import load, seal, size_of
from .calibration import calibrated, samples
from .conversion import converted
from .faces import faces_of, open_source, single_steps
from .formats import Format, Options
from .legacy.reading import reading
from .report import Report
from .sidecar import places, write
from .verification.compare import check_order
from .verification.generation import check_generation
from .verification.verify import tolerance_of, verify

Measured = tuple[dict[str, float], list[str]]
"""Check → largest difference, and the shapes it was measured at."""


@needing("export needs", "keras", "tensorflow")
def save(
    model: Any,
    path: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002
    form: str = "sequence",
    *,
    quantize: str | None = None,
    representative: Iterable[Any] | None = None,
    batch: int | None = None,
    steps: int | None = None,
    state: bool = False,
    recurrence: str | None = None,
    inputs: Any = None,
    sidecar: bool = False,
) -> Report:
    """Export a Keras model, verified against Keras before the artifact exists.

    Args:
        model: A `keras.Model` (functional, Sequential or subclassed) whose recurrent parts are Keras's own layers, or
            a model that `zoo.load` returned. It is not changed.
        path: `NAME.onnx`, `NAME.tflite`, or a folder name for a SavedModel. An artifact of that name is replaced.
        format: `onnx`, `tflite` or `saved_model`; None takes that of the suffix.
        form: `sequence` takes any number of time steps in a call; `step` takes one, with the state of every recurrent
            layer explicit: inputs `h0_0, c0_0, h0_1, …` and outputs `hn_0, cn_0, …`, cell by cell in the order of the
            calls. `generate`, for models of the zoo that generate, has the whole loop inside: `prompt` (ids, and -1
            where it chooses), `uniform` random numbers, `temperature`, `top_k` (0: all) and `top_p` (1: all) go in,
            `ids` come out. A SavedModel in sequence form has the signatures `step` and `generate` too, if the model is
            causal or generates.
        quantize: `int8` or `float16`; None keeps float32. int8 stores weights as integers, and computes products
            in integers where that is faster; see the README for what each format does. A model of the zoo is
            evaluated on its validation split before and after, which is downloaded if it is missing.
        representative: TFLite, with `quantize="int8"`, `batch` and `steps`: inputs that calibrate the ranges of the
            activations, each an array or a list of arrays; activations are then integers too.
        batch: Fixed batch size; None takes any.
        steps: Fixed number of time steps; None takes any. TFLite is faster with both fixed.
        state: Sequence form: make the state of every recurrent layer explicit, not only that of stateful ones.
        recurrence: How recurrent layers are computed. ONNX: `native` (operators) or `scan` (for SimpleRNN and
            GRU: faster for SimpleRNN, above all with a batch). TFLite: `loop` or `fused` (for microcontroller
            runtimes: one UNIDIRECTIONAL_SEQUENCE_LSTM per layer). None takes the first.
        inputs: Inputs of a subclassed model: an example array, `keras.Input` or `keras.InputSpec`, or a list or dict
            of them. Needed where the model does not describe them itself.
        sidecar: Write the metadata of the artifact to a file beside it too, such as `NAME.json`: signatures,
            checksum, differences from Keras, card and codec, for runtimes that cannot read them in the artifact. An
            existing sidecar of this artifact is always written again.

    Returns:
        A report; print it.

    Raises:
        ArgumentError: An option that is unknown or that the format does not have, or inputs that do not fit.
        ExportError: The model is not a Keras model, or conversion failed.
        UnsupportedLayer: A layer has no exact translation; the message names its path.
        VerificationError: The converted network disagrees with Keras; nothing is written.
        DataError: The path cannot be written.
        MissingExtra: A package that export needs is not installed.
    """
    target = Path(path)
    row = formats.of_path(target, format)
    options = Options(quantize, recurrence or next(iter(row.recurrence), None), samples(representative))
    _check_options(row, form, options, batch, steps)
    _check_target(target, row)
    sweep(target.parent.absolute())
    began = time.perf_counter()
    zoo_model, build = open_source(model, inputs)
    faces, notes = faces_of(row, build, zoo_model, form, batch, steps, state)
    options = calibrated(options, faces[0])
    with places(target, row.folder, sidecar) as (scratch, beside):
        operators = converted(row, faces, scratch, options)
        measured, compared = _verified(row, faces, scratch, options, zoo_model)
        notes += _notes(row, faces[0], scratch, options, operators)
        notes += _unmeasured(options, zoo_model, measured[form]) + _origin(model)
        seal(scratch, row, zoo_model, _about(row, faces, options, measured, compared, zoo_model, notes))
        load(scratch)  # an artifact gets its final name once it has been opened as users will open it
        size = size_of(scratch)
        if beside:
            write(beside, scratch, row)
    return Report(
        target, row.name, form, quantize, size, {f.form: f.signature for f in faces}, measured, compared,
        _counts(row, operators), time.perf_counter() - began, tuple(notes),
    )  # fmt: skip


def _check_options(row: Format, form: str, options: Options, batch: int | None, steps: int | None) -> None:
    """Check every option before anything is done.

    Raises:
        ArgumentError: The format does not have it; the message lists the accepted values.
    """
    if form not in FORMS:
        raise ArgumentError(f"form={form!r}: give one of {', '.join(FORMS)}")
    for name, value, accepted in (
        ("quantize", options.quantize, row.quantize),
        ("recurrence", options.recurrence, row.recurrence),
    ):
        if value is not None and value not in accepted:
            raise ArgumentError(f"{name}={value!r}: {row.name} takes {', '.join(accepted) or 'no such option'}")
    for name, size in (("batch", batch), ("steps", steps)):
        if size is not None:
            number(name, size, 1, whole=True)
    if form == "step" and steps not in (None, 1):
        raise ArgumentError(f"steps={steps}: the step form has one")
    row.check(options, form, batch is not None and (steps is not None or form == "step"))


def _check_target(target: Path, row: Format) -> None:
    """Refuse to replace a folder that is not an artifact of this format.

    Raises:
        DataError: There is one.
    """
    if not target.is_dir():
        return
    if not row.folder:
        raise DataError(f"{target} is a folder: a {row.name} artifact is a file")
    if any(target.iterdir()) and not row.recognises(target, b""):
        raise DataError(f"{target} is a folder with other content: remove it or choose another name")


def _verified(
    row: Format, faces: Sequence[Face], path: Path, options: Options, model: Model | None
) -> tuple[dict[str, dict[str, float]], str]:
    """Verify every face of an artifact; return the largest differences, form by form, and the shapes compared.

    Raises:
        VerificationError: The first check that fails.
    """
    opened = {face.form: _opened(row, path, face) for face in faces}
    found = {face.form: verify(face, opened[face.form], options, model) for face in faces if face.form != "generate"}
    looped = next((face for face in faces if face.form == "generate"), None)
    if looped is not None and model is not None and isinstance(model.codec, GenerationCodec):
        stepper, (differences, tried) = opened.get("step"), found.get("step", ({}, []))
        if stepper is None:
            stepper, (differences, tried) = _stepper(row, looped, options, model, path.parent)
        compared, where = check_generation(looped, opened["generate"], model.codec, stepper)
        found["generate"] = differences | compared, [*tried, where]
    shapes = dict.fromkeys(where for _, tried in found.values() for where in tried)
    return {form: differences for form, (differences, _) in found.items()}, "; ".join(shapes)


def _opened(row: Format, path: Path, face: Face) -> BoundEngine:
    """Open a face of an artifact, in which inputs and outputs stand in the order of its signature.

    Raises:
        VerificationError: They do not.
    """
    engine = row.open(path, face.signature)
    check_order(face.signature, engine.order)
    return engine


def _stepper(row: Format, looped: Face, options: Options, model: Model, place: Path) -> tuple[BoundEngine, Measured]:
    """Convert and verify the single steps of a generation loop, which the loop is then compared with."""
    face = single_steps(looped.source.step, looped.signature.inputs[0].shape[0])
    with temporary_folder(place) as folder:
        path = folder / f"step{row.suffix}"
        if row.folder:
            path.mkdir()
        converted(row, [face], path, options)
        engine = _opened(row, path, face)
        return engine, verify(face, engine, options, model)


def _notes(row: Format, face: Face, path: Path, options: Options, operators: Sequence[str]) -> list[str]:
    """Return which options found nothing in the model to change."""
    found = []
    if options.quantize and options.quantize not in row.precision(path):
        found.append(f"no weight is large enough to be stored as {options.quantize}: about 1,000 numbers are needed")
    return found + row.notes(face.form, options, operators)


def _unmeasured(options: Options, model: Model | None, differences: Mapping[str, float]) -> list[str]:
    """Return a note if a quantized model of the zoo was not evaluated."""
    if model is None or not options.quantize or any(check.endswith("after") for check in differences):
        return []
    return ["the metric was not measured: the data set is missing or not that of the model, or the shape is fixed"]


def _origin(model: Any) -> list[str]:
    """Return notes about a model that was read from a file of Keras 1 or 2: which Keras wrote it, what was mapped."""
    read = reading(model)
    return (
        [f"{read.path.name} was written by Keras {read.version}", *read.lines]
        if read and (read.generation < 3 or read.mapped)
        else []
    )


def _counts(row: Format, operators: Sequence[str]) -> dict[str, int]:
    """Count the recurrent and loop operators one by one, in their order of appearance, and all operators."""
    counts = {name: operators.count(name) for name in dict.fromkeys(operators) if name in row.recurrent_operators}
    return {**counts, "in all": len(operators)}


def _about(
    row: Format, faces: Sequence[Face], options: Options, measured: dict[str, dict[str, float]], compared: str,
    model: Model | None, notes: Sequence[str],
) -> dict[str, Any]:  # fmt: skip
    """Return how an artifact was made, for its manifest."""
    sides = {
        face.form: {
            side: [asdict(tensor) for tensor in getattr(face.signature, side)] for side in ("inputs", "outputs")
        }
        for face in faces
    }
    return {
        "format": row.name,
        "form": faces[0].form,
        "signatures": sides,
        "quantize": options.quantize,
        "recurrence": options.recurrence,
        "differences": measured,
        "compared": compared,
        "tolerance": tolerance_of(options, model),
        "notes": list(notes),
        "name": model.card.name if model else faces[0].source.network.name,
        "versions": {
            "python": platform.python_version(),
            **{n: version(n) for n in ("rnn-zoo", "keras", "tensorflow")},
        },
        **({"x": model.codec.columns()} if model and faces[0].form != "generate" else {}),
    }
