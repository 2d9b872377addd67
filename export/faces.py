"""The ways to call a model that an artifact can hold: a sequence, single steps, the generation loop."""

from collections.abc import Callable
from typing import Any

from zoo.core.codec import GenerationCodec
from zoo.core.states import output_name
from zoo.core.validation import first_line
from zoo.errors import ExportError, UnsupportedLayer, VerificationError
from zoo.models.model import Model, make
from zoo.runtime.engine import BoundEngine
from zoo.runtime.signature import Face

from .formats import Format
from .tracing.calls import Call
from .tracing.cells import walk
from .tracing.generation_loop import Loop
from .tracing.source import Source
from .verification.checks import check_chain
from .verification.compare import TOLERANCES

FEW = 12
"""Single steps by which a model is checked for being causal."""
WIDE_LAYERS = ("Flatten", "Reshape", "Permute", "Dot", "Lambda", "ZeroPadding1D", "Cropping1D", "UpSampling1D")
"""Layers that see several steps, besides attention, pooling and convolutions."""

Build = Callable[..., Source]
"""`build(every_state, any_length=False) → Source`."""


def open_source(model: Any, inputs: Any) -> tuple[Model | None, Build]:
    """Return the model of the zoo, if it is one, and a function that makes a source of its network.

    Args:
        model: A Keras model, or a model that `zoo.load` returned.
        inputs: As for `export.save`; the inputs of a model of the zoo are known.

    Raises:
        ExportError: The model is an artifact, or Keras runs on another backend than TensorFlow.
    """
    import keras

    from zoo.networks.keras_engine import KerasEngine

    known: dict[int, list[Any]] = {}
    engine = model.engine if isinstance(model, Model) else model
    if keras.config.backend() != "tensorflow":
        raise ExportError(
            f"Keras runs on {keras.config.backend()} here, and export traces models with TensorFlow: set "
            "KERAS_BACKEND=tensorflow before Keras is imported, and load the model there, as from its .keras file"
        )
    if isinstance(engine, BoundEngine) and engine.build is None:
        raise ExportError(f"{model!r} is an artifact already: export the Keras model, or what zoo.load returned")
    if not isinstance(model, Model):
        return None, lambda every, any_length=False: Source(model, inputs, every, known=known, any_length=any_length)
    network = model.network
    if isinstance(engine, BoundEngine):
        model = make(model.card, model.codec, KerasEngine(network))  # what artifacts are compared with
    entering = [tensor.name for tensor in network.inputs]
    names = entering, ["y", *map(output_name, entering[1:])]
    return model, lambda every, any_length=False: Source(
        network, None, every, names, model.codec.example, known, any_length
    )


def faces_of(
    row: Format, build: Build, model: Model | None, form: str, batch: int | None, steps: int | None, state: bool
) -> tuple[list[Face], list[str]]:
    """Return the faces that an artifact will have, that of `form` first, and what a user might not expect of them.

    Args:
        row: Format of the artifact.
        build: See `open_source`.
        model: The model of the zoo, if it is one.
        form: See `export.save`; so are the others.
        batch: Fixed batch size.
        steps: Fixed number of steps.
        state: Make all states explicit in sequence form.

    Raises:
        UnsupportedLayer: The model has no such form.
    """
    face = _face(build, form, batch, steps, state, model)
    notes = _notes(face)
    if row.faces == 1 or form != "sequence" or steps is not None:
        return [face], notes
    more, note = _more_faces(build, batch, model)
    return [face, *more], notes + note


def _face(build: Build, form: str, batch: int | None, steps: int | None, state: bool, model: Model | None) -> Face:
    if form == "step":
        return single_steps(_open(build), batch)
    if form == "generate":
        if model is None or not isinstance(model.codec, GenerationCodec):
            raise UnsupportedLayer("form='generate': it takes a model that generates, as zoo.load returns it")
        loop = Loop(build(True), model.codec)
        return Face(loop, loop.signature(form, batch, steps))
    source = build(state)
    return Face(source, source.signature(form, batch, steps))


def _more_faces(build: Build, batch: int | None, model: Model | None) -> tuple[list[Face], list[str]]:
    """Return the faces `step` and `generate` of a model that has them, or a note why there are none."""
    try:
        step = single_steps(_open(build), batch)
        if not step.signature.states:
            raise UnsupportedLayer("it keeps no state")
    except UnsupportedLayer as error:
        return [], [f"no signature `step`: {error}"]
    if model is None or not isinstance(model.codec, GenerationCodec):
        return [step], []
    return [step, _face(build, "generate", batch, None, True, model)], []


def _open(build: Build) -> Source:
    """Return a model with all states, and with a free time axis wherever its layers take one."""
    source = build(True)
    return build(True, any_length=True) if _longest(source) > 1 else source


def _longest(source: Source) -> int:
    """Return the largest number of steps that inputs are fixed to; 1 if there is none."""
    return max((tensor.shape[1] or 1 for tensor in source.inputs if source.timed(tensor)), default=1)


def single_steps(source: Source, batch: int | None) -> Face:
    """Return the step form of a model, if its single steps compute the same as one call in Keras itself.

    Args:
        source: The model, with the states of all its layers.
        batch: Fixed batch size.

    Raises:
        UnsupportedLayer: A layer reads its input backwards, keeps a state that is given to it, or needs several steps
            in another way; or the time axis is fixed.
    """
    _check_causal(source)
    face = Face(source, source.signature("step", batch))
    if _given(source):
        return face
    try:
        check_chain(face, source.run, TOLERANCES["float32"], whole=FEW)
    except VerificationError as error:
        raise UnsupportedLayer(
            f"the model computes something else step by step ({error}): {_wide(source.network)} several steps; export "
            "form='sequence'"
        ) from error
    except Exception as error:
        raise UnsupportedLayer(
            f"the model does not take single steps ({type(error).__name__}: {first_line(error)})"
        ) from error
    return face


def _wide(network: Any) -> str:
    """Return the layers that may see several steps, as the subject of a sentence."""
    found = []
    for path, layer in walk(network):
        kind, own = type(layer).__name__, not type(layer).__module__.startswith("keras.")
        sizes = getattr(layer, "kernel_size", None)
        if path and (kind in WIDE_LAYERS or "Attention" in kind or "Pooling" in kind or (own and not layer._layers)
                     or (isinstance(sizes, tuple) and max(sizes) > 1)):  # fmt: skip
            found.append(f"{path} ({kind})")
    return f"{', '.join(found)} may see" if found else "an operation between its layers sees"


def _check_causal(source: Source) -> None:
    """Refuse models that cannot run step by step, as far as their structure shows it.

    Raises:
        UnsupportedLayer: The time axis is fixed, or a layer reads backwards or does not return its given state.
    """
    if (steps := _longest(source)) > 1:
        why = f" ({source.fixed})" if source.fixed else ""
        raise UnsupportedLayer(
            f"the model takes {steps} steps, no other number{why}: give it a free time axis, keras.Input((None, …)), "
            "and layers that take any length"
        )
    for call in source.calls:
        if any(track.reverse for track in call.tracks):
            raise UnsupportedLayer(
                f"{call.path} reads its input backwards: it has no answer before the last step, export form='sequence'"
            )
    for call in _given(source):
        if not call.returned:
            raise UnsupportedLayer(
                f"{call.path} is given its state and does not return it, so that the next step cannot continue "
                "from it: build it with return_state=True and make the states outputs, or export form='sequence'"
            )


def _given(source: Source) -> list[Call]:
    """Return the calls whose state the model itself gives."""
    slots = [f"{slot.path}/" for slot in source.slots]
    return [call for call in source.calls if call.given and not any(s.startswith(f"{call.path}/") for s in slots)]


def _notes(face: Face) -> list[str]:
    """Return what a user might not expect of a signature."""
    found = []
    if face.form == "sequence" and face.signature.states:
        try:
            check_chain(face, face.source.run, TOLERANCES["float32"], whole=FEW)
        except Exception:  # noqa: BLE001 (a model may not take parts of a sequence at all)
            found.append(
                "calls cannot be chained: in several calls the model computes something else than in one, since a "
                "layer sees later steps, or several, or is given its state"
            )
    if face.source.fixed:
        found.append(face.source.fixed)
    if face.source.left_out:
        found.append(f"{', '.join(face.source.left_out)}: left out, since no output depends on it")
    if face.source.renamed:
        pairs = ", ".join(f"{own} is {name}" for own, name in face.source.renamed)
        found.append(f"names here have ASCII letters, digits and _ alone: {pairs}")
    if face.form == "step" and _given(face.source) and len(face.signature.states) == len(face.source.slots):
        found.append("states that the model's own inputs give are yours to pass on; only single steps were compared")
    return found
