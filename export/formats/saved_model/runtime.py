"""Running a SavedModel in TensorFlow, without Keras."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.validation import first_line
from zoo.errors import ArgumentError, ArtifactError

from ...engine import BoundEngine
from ...signature import ANY_SHAPE, Signature, Tensor, default_of
from .. import RuntimeOptions
from .reading import meta_graph, missing_files, signatures

CALLS = {
    "StatefulPartitionedCall",
    "StatelessWhile",
    "While",
    "StatelessIf",
    "If",
    "Case",
    "ReadVariableOp",
}  # what they call is checked
TABLES = {"HashTableV2", "LookupTableFindV2", "LookupTableImportV2"}  # of words in the graph, kept in memory
IMPURE = {
    "EagerPyFunc", "InitializeTableFromTextFile", "InitializeTableFromTextFileV2", "MatchingFiles", "PrintV2", "PyFunc",
    "PyFuncStateless", "RandomStandardNormal", "RandomUniform", "ReadFile", "RngReadAndSkip", "TruncatedNormal",
    "WriteFile",
}  # fmt: skip
"""Operators that are refused before TensorFlow, which takes seconds to import, is asked whether they keep state; of
`MatchingFiles` and `ReadFile` it does not say so."""


def check_runtime(options: RuntimeOptions) -> None:
    """Refuse the options of other runtimes: threads are TensorFlow's own matter.

    Raises:
        ArgumentError: One is given.
    """
    if options.providers is not None:
        raise ArgumentError("providers=: they are for ONNX Runtime; TensorFlow chooses the device itself, leave it out")
    if options.threads is not None:
        raise ArgumentError(
            f"threads={options.threads}: TensorFlow's threads are those of the whole process; leave it out, and call "
            f"tf.config.threading.set_intra_op_parallelism_threads({options.threads}) before it computes anything"
        )


def open_(path: Path, expected: Signature | None) -> BoundEngine:
    """Open a SavedModel with bare TensorFlow.

    Whatever can be known without restoring it is checked before.

    Raises:
        ArtifactError: It is damaged or incomplete, has no such signature, contains more than pure computation, or
            TensorFlow cannot restore it.
    """
    chosen = _chosen(path, expected)
    try:
        check_pure(path)
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(path))
        function = loaded.signatures[chosen.form]
    except Exception as error:
        raise ArtifactError(
            f"{path}: TensorFlow {tf.__version__} cannot restore it, or it is damaged: {type(error).__name__}: "
            f"{first_line(error):.300}"
        ) from error
    sides = function.structured_input_signature[1], function.structured_outputs
    found = Signature(chosen.form, *map(_tensors, sides)).ordered(chosen)

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        results = function(**{t.name: tf.constant(array) for t, array in zip(found.inputs, arrays, strict=True)})
        return [results[t.name].numpy() for t in found.outputs]

    # The signature holds what was loaded weakly. TensorFlow's functions are thread-safe.
    return BoundEngine("saved_model", found, run, owner=loaded, concurrent=True)


def _tensors(specs: Mapping[str, Any]) -> tuple[Tensor, ...]:
    def shape(spec: Any) -> tuple[int | None, ...]:
        return ANY_SHAPE if spec.shape.rank is None else tuple(spec.shape)

    return tuple(Tensor(name, shape(spec), spec.dtype.name) for name, spec in specs.items())


def _chosen(path: Path, expected: Signature | None) -> Signature:
    """Return the signature to open: the one expected, in its order, the default one, or the only one.

    Raises:
        ArtifactError: There is no such signature, several and no default, or files are missing.
    """
    meta, found = meta_graph(path), signatures(path)
    if not meta.object_graph_def.nodes:
        raise ArtifactError(
            f"{path} was written by TensorFlow 1: it has a graph but no functions. Build the model in TensorFlow 2, "
            "restore its variables, and save it with tf.saved_model.save"
        )
    if missing := missing_files(path, meta):
        raise ArtifactError(f"{path}: {', '.join(missing)} missing: copy the whole folder again")
    if expected is not None:
        if expected.form not in found:
            raise ArtifactError(f"{path} has no signature {expected.form}, it has {', '.join(found) or 'none'}")
        return expected
    if not found:
        raise ArtifactError(
            f"{path} has no signature, only functions that Python calls: save it again with "
            "tf.saved_model.save(model, path, signatures=…)"
        )
    return default_of(path, found)


def check_pure(path: Path) -> None:
    """Refuse operators that do more than compute, before TensorFlow sees them: a SavedModel is a program.

    What counts is what the loader can call: the concrete functions of the object graph, and the functions they call.
    The saver that TensorFlow puts into every SavedModel is not among them.

    Raises:
        ArtifactError: An operator keeps state, touches files or calls Python, or is unknown to TensorFlow.
    """
    meta = meta_graph(path)
    functions = {function.signature.name: function for function in meta.graph_def.library.function}
    waiting, reached = [entry.key for entry in meta.object_graph_def.concrete_functions], set()
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
            called = [f for a in node.attr for f in (a.value.func, *a.value.list.func)]
            waiting += [f.name for f in called if f.name] + [node.op]
    _check_operators(names - set(functions))


def _check_operators(names: set[str]) -> None:
    """Refuse operators that do more than compute, or that TensorFlow does not have."""
    _check_impure(names & IMPURE)
    from tensorflow.python.framework import op_def_registry

    known = {name: op_def_registry.get(name) for name in names}
    if unknown := sorted(name for name, definition in known.items() if definition is None):
        raise ArtifactError(
            f"it contains {', '.join(unknown)}, which the installed TensorFlow does not have: load the library that "
            "defines it first (tf.load_op_library), or export the Keras model with export.save; only pure computation "
            "of known operators is loaded"
        )
    stateful = {name for name, definition in known.items() if definition.is_stateful} - CALLS - TABLES
    _check_impure(stateful)


def _check_impure(bad: set[str]) -> None:
    """Raise ArtifactError if there are such operators."""
    if bad:
        raise ArtifactError(
            f"it contains {', '.join(sorted(bad))}: such operators keep state, draw random numbers, touch files or "
            "call Python, and only pure computation is loaded. Save the model again for inference alone: without the "
            "functions that train it, and without tables that are filled from files"
        )
