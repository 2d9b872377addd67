"""Save a model as an artifact: open the model → check options → convert → verify → seal → report."""

import logging
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from zoo.core.codec import GenerationCodec
from zoo.core.extras import needing
from zoo.core.files import replacing, sweep, temporary_folder
from zoo.errors import ArgumentError
from zoo.models.model import Model
from zoo.runtime.engine import BoundEngine
from zoo.runtime.signature import Face

from . import formats
from .about import about_of, option_notes, unmeasured
from .artifact import load, read_manifest, seal, size_of
from .calibration import calibrated, samples
from .conversion import converted
from .faces import faces_of, open_source, single_steps
from .formats import Format, Options
from .legacy.reading import reading
from .options import check_free, check_options, check_pair_options, check_target
from .pairs import Opened, encoder_path, is_pair, opened
from .pairs import faces as pair_faces
from .report import Report, counts, pair_report
from .sidecar import places, write
from .verification.compare import check_order
from .verification.generation import check_generation
from .verification.pairs import check_search
from .verification.verify import tolerance_of, verify, verify_pair

Measured = tuple[dict[str, float], list[str]]
"""Check → largest difference, and the shapes it was measured at."""

LOGGER = logging.getLogger(__name__)


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
    begin: int | None = None,
    end: int | None = None,
) -> Report:
    """Export a Keras model, verified against Keras before the artifact exists.

    Args:
        model: A `keras.Model` (functional, Sequential or subclassed) whose recurrent parts are Keras's own layers, or
            a model that `zoo.load` returned. It is not changed. Or an encoder and a decoder, `(encoder, decoder)`: the
            decoder takes `x` and then what the encoder returns, and returns its output and then its new states.
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
        begin: In the form `generate` of your own encoder and decoder, the first id that the decoder is given.
        end: The id that ends an output there.

    An encoder–decoder model becomes two artifacts, the decoder at `path` and the encoder beside it, at
    `NAME.encoder.onnx` and so on; `load` opens both by `path`. In the form `generate` it is one, which takes the source
    and returns the ids of a greedy search; `steps` then fixes how many.

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
    check_options(row, form, options, batch, steps)
    check_target(target, row)
    sweep(target.parent.absolute())
    began = time.perf_counter()
    if is_pair(model):
        check_pair_options(options, state, inputs)
        report = _save_pair(opened(model, begin, end), target, row, options, form, batch, steps, sidecar)
        return replace(report, seconds=time.perf_counter() - began)
    if begin is not None or end is not None:
        raise ArgumentError("begin, end: they are for an encoder and a decoder: leave them out")
    zoo_model, build = open_source(model, inputs)
    faces, notes = faces_of(row, build, zoo_model, form, batch, steps, state)
    options = calibrated(options, faces[0])
    with places(target, row.folder, sidecar) as (scratch, beside):
        operators = converted(row, faces, scratch, options)
        LOGGER.info("%s: converted to %s in %.1f s", target, row.name, time.perf_counter() - began)
        measured, compared = _verified(row, faces, scratch, options, zoo_model)
        LOGGER.info("%s: compared with Keras at %s", target, compared)
        notes += option_notes(row, faces[0], scratch, options, operators)
        notes += unmeasured(options, zoo_model, measured[form]) + _origin(model)
        seal(
            scratch,
            row,
            zoo_model,
            about_of(row, faces, options, measured, compared, zoo_model, notes, tolerance_of(options, zoo_model)),
        )
        load(scratch)  # an artifact gets its final name once it has been opened as users will open it
        size = size_of(scratch)
        if beside:
            write(beside, scratch, row)
    return Report(
        target, row.name, form, quantize, size, {f.form: f.signature for f in faces}, measured, compared,
        counts(row, operators), time.perf_counter() - began, tuple(notes),
    )  # fmt: skip


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


def _origin(model: Any) -> list[str]:
    """Return notes about a model that was read from a file of Keras 1 or 2: which Keras wrote it, what was mapped."""
    read = reading(model)
    return (
        [f"{read.path.name} was written by Keras {read.version}", *read.lines]
        if read and (read.generation < 3 or read.mapped)
        else []
    )


def _save_pair(
    pair: Opened, target: Path, row: Format, options: Options, form: str, batch: int | None, steps: int | None,
    sidecar: bool,
) -> Report:  # fmt: skip
    """Export an encoder–decoder model; see `save`."""
    found = pair_faces(pair, form, batch, steps)
    with ExitStack() as stack:
        scratch, beside = stack.enter_context(places(target, row.folder, sidecar))
        if form == "generate":
            report = _search(pair, found[0], scratch, row, options)
        else:
            other = encoder_path(target)
            check_free(other, row)
            encoder = scratch.with_name(other.name)  # beside the decoder, as `load` wants it
            if row.folder:
                encoder.mkdir()
            report = _two(pair, found, [encoder, scratch], row, options)
            report = replace(report, notes=(*report.notes, f"the encoder is {other.name}, which load opens too"))
            final = stack.enter_context(replacing(other, folder=row.folder))
            shutil.copytree(encoder, final, dirs_exist_ok=True) if row.folder else shutil.copyfile(encoder, final)
        if beside:
            write(beside, scratch, row)
    return replace(report, path=target)


def _search(pair: Opened, face: Face, path: Path, row: Format, options: Options) -> Report:
    """Convert, verify and seal the graph with the search inside."""
    operators = converted(row, [face], path, options)
    with temporary_folder(path.parent) as folder:
        two = pair_faces(pair, "step", None, None)  # as in the loop, which has the steps one by one
        paths = [folder / f"{name}{row.suffix}" for name in ("encoder", "decoder")]
        for one, place in zip(two, paths, strict=True):
            if row.folder:
                place.mkdir()
            converted(row, [one], place, options)
        measured, shapes, stepper = verify_pair(row, two, paths, options, pair.model)
        found, where = check_search(face, _opened(row, path, face), stepper, tolerance_of(options, pair.model))
    measured, shapes = measured | found, [*shapes, where]
    notes = option_notes(row, face, path, options, operators) + unmeasured(options, pair.model, measured)
    _seal_pair(pair, [face], path, row, options, {"generate": measured}, shapes, notes)
    load(path)
    return pair_report([face], [operators], path, size_of(path), row, options, {"generate": measured}, shapes, notes)


def _two(pair: Opened, found: Sequence[Face], paths: Sequence[Path], row: Format, options: Options) -> Report:
    """Convert, verify and seal encoder and decoder."""
    operators = [converted(row, [face], path, options) for face, path in zip(found, paths, strict=True)]
    measured, shapes, _ = verify_pair(row, found, paths, options, pair.model)
    form = found[1].form
    own = {key: value for key, value in measured.items() if not key.startswith("encoder ")}
    of_encoder = {key.removeprefix("encoder "): value for key, value in measured.items() if key not in own}
    about = about_of(
        row,
        found[:1],
        options,
        {"sequence": of_encoder},
        "; ".join(shapes),
        None,
        (),
        tolerance_of(options, pair.model),
    )
    seal(paths[0], row, None, about)
    digest = read_manifest(paths[0])[2]
    beside = {"encoder": paths[0].name, "encoder_sha256": digest.texts["sha256"] if digest else ""}
    notes = option_notes(row, found[1], paths[1], options, operators[1]) + unmeasured(options, pair.model, own)
    _seal_pair(pair, found[1:], paths[1], row, options, {form: own}, shapes, notes, beside)
    load(paths[1])
    return pair_report(
        found[1:],
        operators,
        paths[1],
        sum(map(size_of, paths)),
        row,
        options,
        {form: measured},
        shapes,
        notes,
        found[0],
    )


def _seal_pair(
    pair: Opened, found: Sequence[Face], path: Path, row: Format, options: Options,
    measured: dict[str, dict[str, float]], shapes: Sequence[str], notes: Sequence[str],
    more: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """Add the manifest of a graph, `more` of it besides what every artifact has."""
    about = about_of(
        row, found, options, measured, "; ".join(shapes), pair.model, notes, tolerance_of(options, pair.model)
    )
    about.pop("x", None)  # columns of what is trained on
    seal(path, row, pair.model, about | (more or {}))
