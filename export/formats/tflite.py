"""TFLite: builtin operators only, any batch and length; run by the plain LiteRT interpreter.

The manifest is a zip archive appended to the file, as TFLite's metadata convention has it for associated files.
"""

import functools
import io
import os
import tempfile
import uuid
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export import loops
from export.formats import FORMS, BoundEngine, Face, Format, Options, Signature, Tensor, saved_model
from export.recurrent import Cell, Track, name_of
from zoo.errors import ArgumentError, ArtifactError, UnsupportedLayer

MAX_MANIFEST = 1 << 20  # bytes of one associated file


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


def _slim(path: Path) -> None:
    """Leave out what no runtime reads: names of inner tensors, empty descriptions, what is there twice."""
    import flatbuffers

    model = _model(path)
    places: dict[bytes, int] = {}
    buffers, model.metadata = model.buffers, None
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        tensor.name = b""  # signatures go by number
        if tensor.quantization is not None and tensor.quantization.scale is None:
            tensor.quantization = None
        data = buffers[tensor.buffer].data
        content = b"" if data is None else data.tobytes()
        tensor.buffer = places.setdefault(content, len(places) + 1) if content else 0
    model.buffers = [buffers[0], *(_buffer(content) for content in places)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())


def _buffer(content: bytes) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    buffer = schema.BufferT()
    buffer.data = np.frombuffer(content, np.uint8)
    return buffer


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


def _interpreter(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    try:
        # From a path the runtime maps the file; the archive behind the model is not its business.
        return Interpreter(model_path=os.fspath(path), num_threads=1)
    except (ValueError, RuntimeError) as error:
        raise ArtifactError(f"{path} is not a TFLite file, or is damaged: {error}") from error


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


def open_(path: Path, expected: Signature | None) -> BoundEngine:
    """Open a TFLite file in the plain interpreter, which has no Flex delegate; without a signature, by position."""
    interpreter = _interpreter(path)
    signatures: dict[str, dict[str, list[str]]] = interpreter.get_signature_list()
    form = expected.form if expected else next(iter(signatures), "")
    if form not in signatures:
        if expected:
            raise ArtifactError(f"{path} has no signature {form}: export it again")
        return _unsigned(interpreter)
    runner = interpreter.get_signature_runner(form)
    entering, leaving = runner.get_input_details(), runner.get_output_details()
    names = signatures[form]
    found = Signature(
        form,
        tuple(_tensor(name, entering[name]) for name in names["inputs"]),
        tuple(_tensor(name, leaving[name]) for name in names["outputs"]),
    )
    found = found.ordered(expected) if expected else found

    if all(None not in tensor.shape for tensor in found.inputs):
        places = [entering[t.name]["index"] for t in found.inputs], [leaving[t.name]["index"] for t in found.outputs]
        del runner  # the interpreter does not reset while somebody else holds it
        return BoundEngine("tflite", found, _by_number(interpreter, *places))

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        results = runner(**{t.name: array for t, array in zip(found.inputs, arrays, strict=True)})
        return [results[t.name] for t in found.outputs]

    return BoundEngine("tflite", found, run)


def _tensor(name: str, detail: Mapping[str, Any]) -> Tensor:
    shape = tuple(int(size) if size >= 0 else None for size in detail["shape_signature"])
    return Tensor(name, shape, detail["dtype"].__name__.removesuffix("_"))


def _unsigned(interpreter: Any) -> BoundEngine:
    """Open a network that has no signature under the names its tensors have; the order is that of the file."""
    sides = interpreter.get_input_details(), interpreter.get_output_details()
    found = [tuple(_tensor(detail["name"] or f"{i}", detail) for i, detail in enumerate(side)) for side in sides]
    places = [[detail["index"] for detail in side] for side in sides]
    return BoundEngine("tflite", Signature("unnamed", *found), _by_number(interpreter, *places))


def _by_number(interpreter: Any, entering: Sequence[int], leaving: Sequence[int]) -> Callable:
    """Run an interpreter by the numbers of its tensors; every call starts with empty variables."""
    interpreter.allocate_tensors()
    shown = {detail["index"]: tuple(detail["shape"]) for detail in interpreter.get_input_details()}
    shapes = [shown[place] for place in entering]

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        if shapes != (asked := [array.shape for array in arrays]):
            for place, shape in zip(entering, asked, strict=True):
                interpreter.resize_tensor_input(place, shape)
            interpreter.allocate_tensors()
            shapes[:] = asked
        interpreter.reset_all_variables()  # where a fused LSTM keeps its state
        for place, array in zip(entering, arrays, strict=True):
            interpreter.set_tensor(place, array)
        interpreter.invoke()
        return [interpreter.get_tensor(place) for place in leaving]

    return run


def embed(path: Path, manifest: Mapping[str, str]) -> None:
    """Append the manifest as a zip archive, one member a value."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        for name, text in manifest.items():
            members.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    with path.open("ab") as stream:
        stream.write(archive.getvalue())


def manifest(path: Path) -> dict[str, str]:
    """Read the manifest."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if any(member.file_size > MAX_MANIFEST for member in members):
                raise ArtifactError(f"{path} carries an associated file larger than {MAX_MANIFEST} bytes")
            found = {member.filename: archive.read(member).decode("utf-8", "replace") for member in members}
    except (zipfile.BadZipFile, OSError, ValueError):
        found = {}
    if {"export", "bytes", "sha256"} & set(found):
        return found
    if set(FORMS) & {definition.signatureKey.decode() for definition in _model(path).signatureDefs or []}:
        raise ArtifactError(f"{path} has lost what export.save had put behind it: copy or export it again")
    return {}


def _model(path: Path) -> Any:
    """Read the whole flatbuffer."""
    from ai_edge_litert import schema_py_generated as schema

    try:
        return schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    except Exception as error:
        raise ArtifactError(f"{path} is not a TFLite file, or is truncated ({type(error).__name__})") from error


def _names(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}


def operators(path: Path) -> list[str]:
    """List the operators, those of subgraphs too; a custom one has its own name."""
    from ai_edge_litert import schema_py_generated as schema

    codes, model = _names(schema.BuiltinOperator), _model(path)

    def name(code: Any) -> str:
        builtin = codes[max(code.builtinCode, code.deprecatedBuiltinCode)]
        return f"CUSTOM {code.customCode.decode()}" if builtin == "CUSTOM" else builtin

    return [name(model.operatorCodes[node.opcodeIndex]) for graph in model.subgraphs for node in graph.operators or []]


def precision(path: Path) -> dict[str, int]:
    """Count the numbers stored, by dtype; what several operators share counts once."""
    from ai_edge_litert import schema_py_generated as schema

    types, model = _names(schema.TensorType), _model(path)
    found: dict[int, tuple[str, int]] = {}
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        if model.buffers[tensor.buffer].data is not None:
            found[tensor.buffer] = (
                types[tensor.type].lower(),
                int(np.prod(tensor.shape)) if tensor.shape is not None else 1,
            )
    counts: Counter[str] = Counter()
    for dtype, count in found.values():
        counts[dtype] += count
    return dict(counts)


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
