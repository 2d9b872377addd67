"""SavedModel: a folder with a signature for each form and `serving_default`; runs without Keras."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export.engine import BoundEngine
from export.formats import Format, Options
from export.signature import FORMS, Face, Signature, Tensor
from export.tracing import loops
from export.tracing.calls import Through
from export.tracing.cells import array
from zoo.errors import ArtifactError

GRAPH, MANIFEST = "saved_model.pb", "assets/manifest.json"
SERVING = "serving_default"  # the signature that TensorFlow Serving calls unless told otherwise
CALLS = {
    "StatefulPartitionedCall",
    "StatelessWhile",
    "While",
    "StatelessIf",
    "If",
    "Case",
    "ReadVariableOp",
}  # what they call is checked
FILE_READERS = {"ReadFile", "MatchingFiles"}  # stateless, as TensorFlow sees it


def write(faces: Sequence[Face], path: Path, through: Through) -> None:
    """Trace a model with its weights as constants and write it as a SavedModel, one signature per face."""
    import tensorflow as tf

    functions = {face.form: _constant(face, through).get_concrete_function() for face in faces}
    served = functions[faces[0].form]
    tf.saved_model.save(tf.Module(), str(path), signatures={**functions, SERVING: served})


def _constant(face: Face, through: Through) -> Any:
    """Return a function of the inputs in which the weights are constants."""
    import keras
    import tensorflow as tf

    # Made outside of the graph: only those that it uses become a part of it.
    floats = [variable for variable in face.source.network.variables if "float" in str(variable.dtype)]
    weights = [(variable, tf.constant(array(variable))) for variable in floats]

    def run(*inputs: Any) -> dict[str, Any]:
        with keras.StatelessScope(state_mapping=weights):
            results = face.source.trace(inputs, through)
        return {tensor.name: value for tensor, value in zip(face.signature.outputs, results, strict=True)}

    form = [tf.TensorSpec(t.shape, t.dtype, t.name) for t in face.signature.inputs]
    return tf.function(run, input_signature=form, autograph=False)


def convert(faces: Sequence[Face], path: Path, options: Options) -> None:  # noqa: ARG001
    """Write a model as a SavedModel without a manifest."""
    write(faces, path, loops.by(loops.collecting))


def open_(path: Path, expected: Signature | None) -> BoundEngine:
    """Open a SavedModel with bare TensorFlow."""
    import tensorflow as tf

    try:
        check_pure(path)
        loaded = tf.saved_model.load(str(path))
        form = expected.form if expected else SERVING if SERVING in loaded.signatures else next(iter(loaded.signatures))
        function = loaded.signatures[form]
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error
    except Exception as error:
        raise ArtifactError(f"{path} is no SavedModel that can be called, or is damaged: {str(error)[:200]}") from error

    def tensors(specs: Mapping[str, Any]) -> tuple[Tensor, ...]:
        return tuple(Tensor(name, tuple(spec.shape), spec.dtype.name) for name, spec in specs.items())

    found = Signature(form, tensors(function.structured_input_signature[1]), tensors(function.structured_outputs))
    found = found.ordered(expected) if expected else found

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        results = function(**{t.name: tf.constant(array) for t, array in zip(found.inputs, arrays, strict=True)})
        return [results[t.name].numpy() for t in found.outputs]

    # The signature holds what was loaded weakly.
    return BoundEngine("saved_model", found, run, owner=loaded)


def check_pure(path: Path) -> None:
    """Refuse operators that do more than compute, before TensorFlow sees them: a SavedModel is a program.

    What counts is what the loader can call: the concrete functions of the object graph, and the functions they call.
    The saver that TensorFlow puts into every SavedModel is not among them.

    Raises:
        ArtifactError: An operator keeps state, touches files or calls Python, or is unknown to TensorFlow.
    """
    from tensorflow.python.framework import op_def_registry

    meta = _meta_graph(path)
    functions = {function.signature.name: function for function in meta.graph_def.library.function}
    waiting, reached = list(meta.object_graph_def.concrete_functions), set()
    if not waiting:
        raise ArtifactError("it has no functions to call")
    names = set()
    while waiting:
        name = waiting.pop()
        if name in reached or name not in functions:
            continue
        reached.add(name)
        for node in functions[name].node_def:
            names.add(node.op)
            called = [f for a in node.attr.values() for f in (a.func, *a.list.func)]
            waiting += [f.name for f in called if f.name] + [node.op]
    known = {name: op_def_registry.get(name) for name in names - set(functions)}
    impure = {name for name, definition in known.items() if definition is None or definition.is_stateful}
    if bad := sorted((impure - CALLS) | (FILE_READERS & names)):
        raise ArtifactError(f"it contains {', '.join(bad)}: only pure computation is loaded")


def _meta_graph(path: Path) -> Any:
    from tensorflow.core.protobuf import saved_model_pb2

    return saved_model_pb2.SavedModel.FromString((path / GRAPH).read_bytes()).meta_graphs[0]


def embed(path: Path, manifest: Mapping[str, str]) -> None:
    """Write the manifest into the folder's assets."""
    (path / "assets").mkdir(exist_ok=True)
    (path / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def manifest(path: Path) -> dict[str, str]:
    """Read the manifest."""
    try:
        found = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if set(FORMS) & set(_meta_graph(path).signature_def):
            raise ArtifactError(f"{path} has lost its {MANIFEST}, which export.save had written") from None
        return {}
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}/{MANIFEST} cannot be read: {error}") from error
    if (
        not isinstance(found, dict)
        or not {"export", "bytes", "sha256"} & set(found)
        or not all(isinstance(value, str) for value in found.values())
    ):
        raise ArtifactError(f"{path}/{MANIFEST} is damaged; export the model again")
    return found


def operators(path: Path) -> list[str]:
    """List the operators, those of functions too."""
    graph = _meta_graph(path).graph_def
    return [node.op for node in graph.node] + [n.op for function in graph.library.function for n in function.node_def]


def precision(path: Path) -> dict[str, int]:
    """Count the numbers stored, by dtype: constants of functions, or variables of another tool's SavedModel."""
    import tensorflow as tf

    counts: Counter[str] = Counter()
    graph = _meta_graph(path).graph_def
    for node in (*graph.node, *(n for function in graph.library.function for n in function.node_def)):
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            counts[tf.dtypes.as_dtype(tensor.dtype).name] += math.prod(dim.size for dim in tensor.tensor_shape.dim)
        elif node.op == "VarHandleOp":
            shape = node.attr["shape"].shape.dim
            counts[tf.dtypes.as_dtype(node.attr["dtype"].type).name] += math.prod(dim.size for dim in shape)
    return dict(counts)


FORMAT = Format(
    name="saved_model",
    suffix="",
    convert=convert,
    open=open_,
    recognises=lambda path, _: path.is_dir() and (path / GRAPH).exists(),
    embed=embed,
    manifest=manifest,
    operators=operators,
    precision=precision,
    forbidden=("Cudnn", "PyFunc", "EagerPyFunc"),
    recurrent_operators=("While", "StatelessWhile"),
    faces=3,
    folder=True,
    manifest_file=MANIFEST,
)
