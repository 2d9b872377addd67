"""TFLite: builtin operators only, any batch and length; run by the plain LiteRT interpreter.

The manifest is a zip archive appended to the file, as TFLite's metadata convention has it for associated files.
"""

import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from export.formats import BoundEngine, Format, Signature, Tensor, in_order, saved_model
from export.recurrent import Recurrent
from zoo.errors import ArtifactError

MAX_MANIFEST = 1 << 20  # bytes of one associated file


def recurrence(spec: Recurrent, x: Any, state: list[Any]) -> tuple[Any, list[Any]]:
    """Compute a recurrent layer with builtin operators alone; arguments as in `saved_model.recurrence`.

    A tensor list would need a static batch: the loop carries the outputs so far and appends to them instead.
    """
    import tensorflow as tf

    cell = saved_model._cell(spec)
    projected = saved_model._project(spec, x)
    time = tf.shape(projected)[0]
    if x.shape[1] == 1:
        new = cell(projected[0], *state)
        return new[0][:, None], list(new)

    def body(t: Any, outputs: Any, *state: Any) -> tuple:
        z = tf.squeeze(tf.slice(projected, (t, 0, 0), (1, -1, -1)), 0)
        new = cell(z, *state)
        return (t + 1, tf.concat((outputs, new[0][None]), 0), *new)

    # No step yet: a length the converter cannot fold to the constant 0, which would fix the shape.
    none = tf.zeros((tf.minimum(time, 0), tf.shape(x)[0], spec.units))
    shapes = (tf.TensorShape(()), tf.TensorShape((None, None, spec.units)), *(s.shape for s in state))
    _, outputs, *new = tf.while_loop(lambda t, *_: t < time, body, (0, none, *state), shape_invariants=shapes)
    return tf.transpose(outputs, (1, 0, 2)), new


def convert(network: Any, signature: Signature, path: Path) -> None:
    """Write a network as a TFLite file without a manifest."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        saved_model.write(network, signature, Path(folder), recurrence)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[signature.form])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        path.write_bytes(converter.convert())


def _interpreter(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    try:
        # From a path the runtime maps the file; the archive behind the model is not its business.
        return Interpreter(model_path=os.fspath(path), num_threads=1)
    except (ValueError, RuntimeError) as error:
        raise ArtifactError(f"{path} is not a TFLite file, or is damaged: {error}") from error


def open_(path: Path) -> BoundEngine:
    """Open a TFLite file in the plain interpreter, which has no Flex delegate."""
    interpreter = _interpreter(path)
    signatures: dict[str, dict[str, list[str]]] = interpreter.get_signature_list()
    form, names = next(iter(signatures.items()), ("", {}))
    if form not in ("sequence", "step"):
        raise ArtifactError(f"{path} has no signature named sequence or step: it was not written by export.save")
    runner = interpreter.get_signature_runner(form)

    def tensors(names: list[str], details: Mapping[str, Any]) -> tuple[Tensor, ...]:
        return tuple(
            Tensor(
                n,
                tuple(int(d) if d >= 0 else None for d in details[n]["shape_signature"]),
                details[n]["dtype"].__name__,
            )
            for n in in_order(names)
        )

    inputs = tensors(names["inputs"], runner.get_input_details())
    outputs = tensors(names["outputs"], runner.get_output_details())

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        results = runner(**{t.name: array for t, array in zip(inputs, arrays, strict=True)})
        return [results[t.name] for t in outputs]

    return BoundEngine("tflite", Signature(form, inputs, outputs), run)


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
            return {member.filename: archive.read(member).decode("utf-8") for member in members}
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ArtifactError(f"{path} is not a TFLite file written by export.save, or is truncated: {error}") from error


def operators(path: Path) -> list[str]:
    """List the operators, those of subgraphs too; a custom one has its own name."""
    from ai_edge_litert import schema_py_generated as schema

    codes = {v: k for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))

    def name(code: Any) -> str:
        builtin = codes[max(code.builtinCode, code.deprecatedBuiltinCode)]
        return f"CUSTOM {code.customCode.decode()}" if builtin == "CUSTOM" else builtin

    return [name(model.operatorCodes[node.opcodeIndex]) for graph in model.subgraphs for node in graph.operators or []]


FORMAT = Format(
    name="tflite",
    suffix=".tflite",
    tolerance=1e-5,
    convert=convert,
    open=open_,
    embed=embed,
    manifest=manifest,
    operators=operators,
    forbidden=("CUSTOM", "Flex"),
)
