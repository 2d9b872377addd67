"""TFLite: builtin operators only, any batch and length; run by the plain LiteRT interpreter.

The manifest is a zip archive appended to the file, as TFLite's metadata convention has it for associated files.
"""

import functools
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export.formats import Format, Options, saved_model
from export.formats.tflite.flatbuffer import _slim, embed, manifest, operators, precision
from export.formats.tflite.runtime import open_
from export.signature import Face
from export.tracing import loops
from export.tracing.cells import Cell, Track, name_of
from zoo.errors import ArgumentError, ArtifactError, UnsupportedLayer


def convert(faces: Sequence[Face], path: Path, options: Options) -> None:
    """Write a model as a TFLite file without a manifest."""
    import tensorflow as tf

    [face] = faces
    through = loops.by(loops.buffered if options.representative is None else loops.unrolled)
    if options.recurrence == "fused":
        _check_fused(face)
        through = functools.partial(_fused, options.representative is not None)
    with tempfile.TemporaryDirectory() as folder:
        saved_model.write([face], Path(folder), through)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[face.form])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if options.quantize:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if options.quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if options.representative is not None:
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = lambda: _named(face, options.representative or ())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the calibrator uses an interpreter that is on its way out
            path.write_bytes(converter.convert())
    _slim(path)


def _named(face: Face, samples: Sequence[Sequence[np.ndarray]]) -> Iterator[dict[str, np.ndarray]]:
    """Yield representative inputs by name."""
    for arrays in samples:
        yield {tensor.name: array for tensor, array in zip(face.signature.inputs, arrays, strict=True)}


def _check_fused(face: Face) -> None:
    """Refuse what the fused operator cannot say.

    Raises:
        UnsupportedLayer: A layer is no plain LSTM that starts from zeros and keeps its state to itself.
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
    """Take LSTM cells through time in a form that the converter makes one UNIDIRECTIONAL_SEQUENCE_LSTM of."""
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
    """Return a function of `x, h, c` that says of itself that it is an LSTM."""
    import tensorflow as tf

    told = {"api_implements": f"lstm_{uuid.uuid4()}", "api_preferred_device": "CPU", "time_major": False,
            "go_backwards": False}  # fmt: skip

    def lstm(x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any) -> tuple:
        mine = cell.over(kernel, recurrent, bias)
        inputs = loops.project(mine, tf.transpose(x, (1, 0, 2)))
        hidden, (h, c) = loops.collecting(loops.plain_step(mine), inputs, None, (h, c), True)
        return h, tf.transpose(hidden, (1, 0, 2)), h, c, tf.constant(1.0)

    function = tf.function(lstm, autograph=False, experimental_attributes=told)
    return lambda x, h, c: function(x, h, c, *cell.tensors.values())[1]


def expected(faces: Sequence[Face], options: Options) -> dict[str, int]:
    """Count the fused operators there must be: one for each cell, if they were asked for."""
    cells = [track for face in faces for call in face.source.calls for track in call.tracks]
    return {"UNIDIRECTIONAL_SEQUENCE_LSTM": len(cells) if options.recurrence == "fused" else 0}


def check(options: Options, fixed: bool) -> None:
    """Check that options go together.

    Raises:
        ArgumentError: The fused form or representative data without a fixed shape, or the latter without int8.
    """
    if options.recurrence == "fused" and not fixed:
        raise ArgumentError("recurrence='fused': microcontroller runtimes need a fixed shape: give batch= and steps=")
    if options.representative is None:
        return
    if not options.representative:
        raise ArgumentError("representative=: it is empty; give some inputs, such as 100 of the validation set")
    if options.quantize != "int8" or not fixed:
        raise ArgumentError(
            "representative=: whole-number activations need quantize='int8', batch= and steps=, since TensorFlow "
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
    embed=embed,
    manifest=manifest,
    operators=operators,
    precision=precision,
    runnable=runnable,
    check=check,
    expected=expected,
    quantize=("float16", "int8"),
    recurrence=("loop", "fused"),
    forbidden=("CUSTOM", "Flex"),
)
