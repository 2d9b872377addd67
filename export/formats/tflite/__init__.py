"""TFLite: builtin operators only, any batch and length; run by the plain LiteRT interpreter.

The manifest is a zip archive appended to the file, as TFLite's metadata convention has it for associated files.
"""

import functools
import re
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.files import temporary_folder
from zoo.core.quiet import quiet
from zoo.errors import ArgumentError, ArtifactError, UnsupportedLayer
from zoo.runtime.signature import Face

from ...tracing import loops
from ...tracing.cells import Cell, Track, name_of
from ...tracing.lookups import refuse_lookups
from .. import Format, MissingOperator, Options, saved_model
from . import integers
from .archive import append
from .flatbuffer import manifest, operators, precision, signatures, slim
from .runtime import check_runtime, open_

MISSING = (
    r'fused\["(?P<operator>\w+):", "(?P<scope>[^"@]+)@.*'
    r"(neither a custom op nor a flex op|during TF Lite transformation pass)"
)
"""Message of TensorFlow's converter about an operator that TFLite does not have."""


def convert(faces: Sequence[Face], path: Path, options: Options) -> None:
    """Write a model as a TFLite file without a manifest."""
    import tensorflow as tf

    [face] = faces
    refuse_lookups(face.source.network, "tflite")
    through = loops.by(loops.buffered if options.representative is None else loops.unrolled)
    if options.recurrence == "fused":
        _check_fused(face)
        through = functools.partial(_fused, options.representative is not None)
    with temporary_folder(path.parent) as folder:
        saved_model.write([face], folder, through)

        def converter() -> Any:
            found = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[face.form])
            found.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
            found.exclude_conversion_metadata = True  # `slim` would remove it
            return found

        path.write_bytes(_converted(lambda: _content(converter, face, options)))
    slim(path, face.signature)


def _content(make: Callable[[], Any], face: Face, options: Options) -> bytes:
    """Convert as the options say, by converters that are new each time."""
    import tensorflow as tf

    if options.representative is not None:
        samples = functools.partial(_named, face, options.representative)
        return integers.converted(make, samples, integers.kept(face.source))
    converter = make()
    if options.quantize:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if options.quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def _converted(convert: Callable[[], bytes]) -> bytes:
    """Run TensorFlow's converter.

    Raises:
        MissingOperator: It names one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the calibrator uses a deprecated interpreter
        try:
            with quiet():
                return convert()
        except Exception as error:
            if found := re.search(MISSING, str(error)):
                raise MissingOperator(found["operator"], found["scope"]) from error
            raise


def _named(face: Face, samples: Sequence[Sequence[np.ndarray]]) -> Iterator[dict[str, np.ndarray]]:
    """Yield representative inputs by name."""
    for arrays in samples:
        yield {tensor.name: array for tensor, array in zip(face.signature.inputs, arrays, strict=True)}


def _check_fused(face: Face) -> None:
    """Refuse what the fused operator cannot express.

    Raises:
        UnsupportedLayer: A layer is not a plain LSTM that starts from zeros and does not return its state.
    """
    for call in face.source.calls:
        plain = all(
            track.cell.kind == "lstm"
            and (name_of(track.cell.activation), name_of(track.cell.gate_activation)) == ("tanh", "sigmoid")
            for track in call.tracks
        )
        if not plain or call.masked or call.given or call.returned:
            raise UnsupportedLayer(
                f"{call.path}: recurrence='fused' takes an LSTM with tanh and sigmoid, without masks, that is given no "
                "state and returns none (the operator keeps it inside): use recurrence='loop'"
            )


def _fused(integer: bool, tracks: Sequence[Track], x: Any, mask: Any) -> list[tuple[Any, list[Any]]]:  # noqa: ARG001
    """Run LSTM cells in a form that the converter turns into one UNIDIRECTIONAL_SEQUENCE_LSTM."""
    import tensorflow as tf

    found = []
    for track in tracks:
        hidden = _composite(track.cell)(tf.reverse(x, [1]) if track.reverse else x, *track.state)
        if integer:  # a concatenation would force its scale on the operator, whose state keeps another; not on a sum
            hidden = (hidden + hidden) * 0.5
        last = [hidden[:, -1], track.state[1]]  # the other state stays inside
        found.append((tf.reverse(hidden, [1]) if track.reverse else hidden, last))
    return found


def _composite(cell: Cell) -> Callable[[Any, Any, Any], Any]:
    """Return a function of `x, h, c` that is marked as an LSTM for the converter."""
    import tensorflow as tf

    attributes = {"api_implements": f"lstm_{uuid.uuid4()}", "api_preferred_device": "CPU", "time_major": False,
            "go_backwards": False}  # fmt: skip

    def lstm(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> tuple:
        mine = cell.over(kernel, recurrent, bias)
        inputs = loops.project(mine, tf.transpose(x, (1, 0, 2)))
        hidden, (h, c) = loops.collecting(loops.plain_step(mine), inputs, None, (h, c), True)
        return h, tf.transpose(hidden, (1, 0, 2)), h, c, tf.constant(1.0)

    function = tf.function(lstm, autograph=False, experimental_attributes=attributes)
    return lambda x, h, c: function(x, h, c, *cell.tensors.values())[1]


def expected(faces: Sequence[Face], options: Options) -> dict[str, int]:
    """Count the expected fused operators: one for each cell with `recurrence="fused"`."""
    cells = [track for face in faces for call in face.source.calls for track in call.used]
    return {"UNIDIRECTIONAL_SEQUENCE_LSTM": len(cells) if options.recurrence == "fused" else 0}


def check(options: Options, form: str, fixed: bool) -> None:
    """Check that options go together.

    Raises:
        ArgumentError: The fused form or representative data with a generation loop or without a fixed shape, or the
            latter without int8.
    """
    if form == "generate" and (options.representative is not None or options.recurrence == "fused"):
        raise ArgumentError("form='generate': representative= and recurrence='fused' are for the other forms")
    if options.recurrence == "fused" and not fixed:
        raise ArgumentError("recurrence='fused': microcontroller runtimes need a fixed shape: give batch= and steps=")
    if options.representative is None:
        return
    if not options.representative:
        raise ArgumentError("representative=: it is empty; give some inputs, such as 100 of the validation set")
    if options.quantize != "int8" or not fixed:
        raise ArgumentError(
            "representative=: integer activations need quantize='int8', batch= and steps=, since TensorFlow "
            "cannot calibrate loops; without representative= the weights alone are int8"
        )


def runnable(path: Path) -> None:
    """Look for TensorFlow's own operators inside an artifact of another tool.

    Raises:
        ArtifactError: There are some.
    """
    if flex := sorted({name.removeprefix("CUSTOM ") for name in operators(path) if name.startswith("CUSTOM Flex")}):
        raise ArtifactError(
            f"{path} needs TensorFlow's Flex delegate for {', '.join(flex)}: the plain runtime does not have it; "
            "export the Keras model with export.save"
        )


FORMAT = Format(
    name="tflite",
    suffix=".tflite",
    convert=convert,
    open=open_,
    recognises=lambda _, head: head[4:8] == b"TFL3",
    embed=append,
    manifest=manifest,
    operators=operators,
    precision=precision,
    signatures=signatures,
    runnable=runnable,
    check_runtime=check_runtime,
    check=check,
    expected=expected,
    quantize=("float16", "int8"),
    recurrence=("loop", "fused"),
    forbidden=("CUSTOM", "Flex"),
    recurrent_operators=("LSTM", "RNN", "UNIDIRECTIONAL_SEQUENCE_LSTM", "WHILE"),
    fixed_shape=True,
)
