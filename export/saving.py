"""Save a model as an artifact: convert → verify → embed → rename."""

import os
import platform
import re
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from export import formats
from export.artifact import load, seal, size_of
from export.engine import BoundEngine
from export.formats import Format, Options
from export.report import SHOWN, Report
from export.signature import FORMS, Face, bind
from export.tracing.cells import walk
from export.tracing.generation_loop import Loop
from export.tracing.lowering import Call
from export.tracing.source import Source
from export.verification.generation import check_generation
from export.verification.verify import TOLERANCES, check_chain, check_structure, tolerance_of, verify
from zoo.core.files import replacing
from zoo.core.validation import number
from zoo.errors import ArgumentError, DataError, ExportError, UnsupportedLayer, VerificationError
from zoo.models.generation import Generator

FEW = 12  # single steps that tell whether a model is causal
INSTEAD = "let the layer compute it from other operators, or leave it out of what is exported"
NO_OPERATOR = (
    r"NO_OPERATOR (?P<kind>\w+) (?P<path>\S+)",
    r'fused\["(?P<kind>\w+):", "(?P<path>[^"@]+)@.*neither a custom op nor a flex op',
)
"""What ours and TensorFlow's converter say of an operator that a format does not have, and where."""


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
) -> Report:
    """Export a Keras model, verified against Keras before the artifact exists.

    Args:
        model: A `keras.Model` (functional, Sequential or subclassed) whose recurrent parts are Keras's own layers, or
            what `zoo.load` gave. It is left as it is.
        path: `NAME.onnx`, `NAME.tflite`, or a folder name for a SavedModel. An artifact of that name is replaced.
        format: `onnx`, `tflite` or `saved_model`; None goes by the path.
        form: `sequence` takes any number of time steps in a call; `step` takes one, with the state of every recurrent
            layer explicit: inputs `h0_0, c0_0, h0_1, …` and outputs `hn_0, cn_0, …`, cell by cell in the order of the
            calls. `generate`, for models of the zoo that generate, has the whole loop inside: `prompt` (ids, and -1
            where it chooses), `uniform` random numbers, `temperature`, `top_k` (0: all) and `top_p` (1: all) go in,
            `ids` come out. A SavedModel in sequence form has the signatures `step` and `generate` too, if the model is
            causal or generates.
        quantize: `int8` or `float16`; None keeps float32. In int8, weights are stored as whole numbers, and
            products are computed so where that is faster; see the README for what each format does. A model of the
            zoo is evaluated on its validation split before and after, which is downloaded if it is not there.
        representative: TFLite, with `quantize="int8"`, `batch` and `steps`: inputs that show what numbers are usual,
            each an array or a list of arrays; activations are then whole numbers too.
        batch: Fixed batch size; None takes any.
        steps: Fixed number of time steps; None takes any. TFLite is faster with both fixed.
        state: Sequence form: make the state of every recurrent layer explicit, not only that of stateful ones.
        recurrence: How recurrent layers are computed. ONNX: `native` (operators) or `scan` (for SimpleRNN and
            GRU: faster for SimpleRNN, above all with a batch). TFLite: `loop` or `fused` (for microcontroller
            runtimes: one UNIDIRECTIONAL_SEQUENCE_LSTM a layer). None takes the first.
        inputs: What a subclassed model takes: an example array, `keras.Input` or `keras.InputSpec`, or a list or
            dict of them. Needed where the model does not say it itself.

    Returns:
        A report; print it.

    Raises:
        ArgumentError: An option that is unknown or that the format does not have, or inputs that do not fit.
        ExportError: The model is no Keras model, or conversion failed.
        UnsupportedLayer: A layer has no exact translation; the message names its path.
        VerificationError: The converted network disagrees with Keras; nothing is written.
        DataError: The place cannot be written.
    """
    target = Path(path)
    row = formats.of_path(target, format)
    samples = None if representative is None else _samples(representative)
    options = Options(quantize, recurrence or next(iter(row.recurrence), None), samples)
    _check_options(row, form, options, batch, steps)
    _check_target(target, row)
    began = time.perf_counter()
    zoo_model, build = _source(model, inputs)
    face = _face(build, form, batch, steps, state, zoo_model)
    if samples is not None:
        options = replace(options, representative=_calibrating(face, samples))
    faces, notes = [face], _notes(face)
    if row.faces > 1 and form == "sequence" and steps is None:
        extra, note = _more_faces(build, batch, zoo_model)
        faces, notes = [face, *extra], notes + note
    with replacing(target, folder=not row.suffix) as scratch:
        operators, results = _convert(row, faces, scratch, options, zoo_model)
        measured = {form: differences for form, (differences, _) in results.items()}
        notes = [*notes, *_unchanged(row, face, scratch, options, operators)]
        if zoo_model and quantize and not any(key.endswith("after") for key in measured[form]):
            notes = [
                *notes,
                "the metric was not measured: its data set is not to be had, or not the model's, or the shape is fixed",
            ]
        compared = "; ".join(dict.fromkeys(where for _, tried in results.values() for where in tried))
        about = _about(row, faces, options, measured, compared, zoo_model)
        seal(scratch, row, zoo_model, about)
        load(scratch)  # what takes the final name has been opened as its users will
        size = size_of(scratch)
    counts = {name: operators.count(name) for name in dict.fromkeys(operators) if name.upper() in SHOWN}
    return Report(
        target, row.name, form, quantize, size, {f.form: f.signature for f in faces}, measured, compared,
        {**counts, "in all": len(operators)}, time.perf_counter() - began, tuple(notes),
    )  # fmt: skip


def _samples(representative: Iterable[Any]) -> list[Any]:
    """Return representative inputs, drawn if they come one by one.

    Raises:
        ArgumentError: They are none.
    """
    if not isinstance(representative, Iterable):
        raise ArgumentError(f"representative={representative!r}: give inputs, each an array or a list of arrays")
    return list(representative)


def _calibrating(face: Face, samples: Sequence[Any]) -> list[list[np.ndarray]]:
    """Return representative inputs as the network takes them.

    States that are not given are zeros at first, then those that the sample before ended with: what calls of a chain
    see must be among what is usual.
    """
    found: list[list[np.ndarray]] = []
    states: dict[str, np.ndarray] = {}
    for sample in samples:
        named = sample if isinstance(sample, dict) else {}
        by_position = [] if named else list(sample) if isinstance(sample, (list, tuple)) else [sample]
        arrays = bind(face.signature.inputs, by_position, named)
        given = {tensor.name for tensor in face.signature.inputs[: len(by_position)]} | set(named)
        for i, tensor in enumerate(face.signature.inputs):
            if tensor.name in states and tensor.name not in given:
                arrays[i] = states[tensor.name]
        found.append(arrays)
        if face.signature.states:
            results = face.source.run(arrays)
            states = {face.signature.inputs[i].name: results[o] for i, o in face.signature.states}
    return found


def _unchanged(row: Format, face: Face, path: Path, options: Options, operators: Sequence[str]) -> list[str]:
    """Say which options found nothing in the model to change."""
    found = []
    if options.quantize and options.quantize not in row.precision(path):
        found.append(f"no weight is large enough to be stored as {options.quantize}: about 1,000 numbers are needed")
    if options.recurrence == "scan" and face.form == "sequence" and "Scan" not in operators:
        found.append("recurrence='scan' changed nothing: it is for SimpleRNN and GRU with activations that ONNX names")
    return found


def _notes(face: Face) -> list[str]:
    """Say what a user might not expect of a signature."""
    found = []
    if face.form == "sequence" and face.signature.states:
        try:
            check_chain(face, face.source.run, TOLERANCES["float32"], whole=FEW)
        except Exception:  # noqa: BLE001 (a model may not take pieces at all)
            found.append(
                "calls cannot be chained: in pieces the model computes something else than in one call, since a layer "
                "sees later steps, or several, or is given its state"
            )
    if face.source.frozen:
        found.append(f"{', '.join(face.source.frozen)}: fixed to the length of the example; the model ran at no other")
    if face.form == "step" and _given(face.source):
        found.append("states that the model's own inputs give are yours to pass on; only single steps were compared")
    return found


def _given(source: Source) -> list[Call]:
    """Return the calls whose state the model itself gives."""
    slots = [f"{slot.path}/" for slot in source.slots]
    return [call for call in source.calls if call.given and not any(s.startswith(f"{call.path}/") for s in slots)]


def _check_options(row: Format, form: str, options: Options, batch: int | None, steps: int | None) -> None:
    """Check every option before anything is done.

    Raises:
        ArgumentError: The format does not have it; the message says what it has.
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
    if form == "generate" and (options.representative is not None or options.recurrence == "fused"):
        raise ArgumentError("form='generate': representative= and recurrence='fused' are for the other forms")
    fixed = batch is not None and (steps is not None or form == "step")
    row.check(options, fixed)


def _source(model: Any, inputs: Any) -> tuple[Any, Any]:
    """Return the model of the zoo, if it is one, and a function `every_state → Source`."""
    known: dict[int, list[Any]] = {}
    network = getattr(getattr(model, "engine", None), "network", None)
    if network is None:
        if isinstance(model, BoundEngine) or hasattr(model, "engine"):
            raise ExportError(f"{model!r} is an artifact already: export the Keras model, or what zoo.load returned")
        return None, lambda every: Source(model, inputs, every, known=known)
    entering = [tensor.name for tensor in network.inputs]
    names = entering, ["y", *(name.replace("0_", "n_", 1) for name in entering[1:])]
    return model, lambda every: Source(network, None, every, names, model.codec.example, known)


def _face(build: Any, form: str, batch: int | None, steps: int | None, state: bool, model: Any) -> Face:
    if form == "step":
        return _single_steps(build(True), batch)
    if form == "generate":
        if not isinstance(model, Generator):
            raise UnsupportedLayer("form='generate': give what zoo.load gives of a model that generates")
        loop = Loop(build(True), model.codec)
        return Face(loop, loop.signature(form, batch, steps))
    source = build(state)
    return Face(source, source.signature(form, batch, steps))


def _single_steps(source: Source, batch: int | None) -> Face:
    """Return the step form of a model; Keras's own single steps must be what it computes in one call.

    Raises:
        UnsupportedLayer: A layer runs backwards, keeps a state that is given to it, or sees more than a step in another
            way; or the time axis is fixed.
    """
    lengths = [tensor.shape[1] or 1 for tensor in source.inputs if source.timed(tensor)]
    if max(lengths, default=1) > 1:
        raise UnsupportedLayer(
            f"the model takes {max(lengths)} steps, no other number: give it a free time axis, keras.Input((None, …))"
        )
    for call in source.calls:
        if any(track.reverse for track in call.tracks):
            raise UnsupportedLayer(
                f"{call.path} reads its input backwards: it has no answer before the last step, export form='sequence'"
            )
    for call in _given(source):
        if not call.returned:
            raise UnsupportedLayer(
                f"{call.path} is given its state and does not return it, so that the next step could not go on from "
                "there: build it with return_state=True and make the states outputs, or export form='sequence'"
            )
    face = Face(source, source.signature("step", batch))
    if _given(source):
        return face
    try:
        check_chain(face, source.run, TOLERANCES["float32"], whole=FEW)
    except VerificationError as error:
        raise UnsupportedLayer(
            f"the model computes something else step by step ({error}): a layer that is not recurrent sees several "
            "steps, such as attention, a convolution or pooling over time; export form='sequence'"
        ) from error
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "")
        raise UnsupportedLayer(f"the model does not take single steps ({type(error).__name__}: {reason})") from error
    return face


def _more_faces(build: Any, batch: int | None, model: Any) -> tuple[list[Face], list[str]]:
    """Give a SavedModel more signatures, if the model can go step by step."""
    try:
        step = _single_steps(build(True), batch)
        if not step.signature.states:
            raise UnsupportedLayer("it keeps no state")
    except UnsupportedLayer as error:
        return [], [f"no signature `step`: {error}"]
    return [step, *([_face(build, "generate", batch, None, True, model)] if isinstance(model, Generator) else [])], []


def _convert(row: Format, faces: list[Face], path: Path, options: Options, model: Any) -> tuple[list[str], dict]:
    try:
        row.convert(faces, path, options)
    except (ExportError, OSError):
        raise
    except Exception as error:
        text = str(error)
        if match := next(filter(None, (re.search(pattern, text) for pattern in NO_OPERATOR)), None):
            layer = _path_in(faces[0].source.network, match["path"])
            raise UnsupportedLayer(f"{layer}: {row.name} has no operator {match['kind']}: {INSTEAD}") from error
        reason = next(iter(text.strip().splitlines()), "")
        raise ExportError(f"conversion to {row.name} failed: {type(error).__name__}: {reason}") from error
    operators = row.operators(path)
    check_structure(row.name, row.expected(faces, options), row.forbidden, operators)
    opened = {face.form: row.open(path, face.signature) for face in faces}
    found = {f.form: verify(f, opened[f.form], options, model) for f in faces if f.form != "generate"}
    if looped := [face for face in faces if face.form == "generate"]:
        stepper, (differences, tried) = opened.get("step"), found.get("step", ({}, []))
        if stepper is None:
            stepper, differences, tried = _stepper(row, faces[0], options, model)
        compared, where = check_generation(looped[0], opened["generate"], model.codec, stepper)
        found["generate"] = differences | compared, [*tried, where]
    return operators, found


def _stepper(row: Format, face: Face, options: Options, model: Any) -> tuple[Any, dict[str, float], list[str]]:
    """Save the single steps of a loop, which are compared with Keras as ever; return them and how well they agreed."""
    with tempfile.TemporaryDirectory() as folder:
        path, batch = Path(folder) / f"step{row.suffix}", face.signature.inputs[0].shape[0]
        report = save(
            model, path, row.name, "step", quantize=options.quantize, batch=batch, recurrence=options.recurrence
        )
        return load(path).engine, report.differences["step"], [report.compared]


def _path_in(network: Any, scope: str) -> str:
    """Return the path of the layer in which an operator was traced; TensorFlow adds counters and scopes of its own."""
    best = ""
    for path, _ in walk(network):
        rest = iter(scope.split("/"))
        inside = all(any(re.fullmatch(rf"{re.escape(name)}(_\d+)?", part) for part in rest) for name in path.split("/"))
        if path and inside and path.count("/") >= best.count("/"):
            best = path
    return best or scope


def _about(
    row: Format, faces: list[Face], options: Options, measured: dict, compared: str, model: Any
) -> dict[str, Any]:
    """Say how an artifact was made, for its manifest."""
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
        "name": model.card.name if model else faces[0].source.network.name,
        "versions": {
            "python": platform.python_version(),
            **{n: version(n) for n in ("rnn-zoo", "keras", "tensorflow")},
        },
        **({"x": model.codec.columns()} if model and faces[0].form != "generate" else {}),
    }


def _check_target(target: Path, row: Format) -> None:
    """Refuse to replace what is not an artifact of this format."""
    if row.suffix and target.is_dir():
        raise DataError(f"{target} is a folder: a {row.name} artifact is a file")
    if not row.suffix and target.is_dir() and any(target.iterdir()) and not (target / "saved_model.pb").exists():
        raise DataError(f"{target} is a folder with other content: remove it or choose another name")
