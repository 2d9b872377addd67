"""Running a SavedModel in TensorFlow, without Keras."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core.extras import needing
from zoo.core.validation import first_line
from zoo.errors import ArgumentError, ArtifactError
from zoo.runtime.engine import DEFAULT_RUNTIME, BoundEngine, RuntimeOptions
from zoo.runtime.signature import ANY_SHAPE, Signature, Tensor, default_of

from .checking import checked
from .reading import GRAPH, meta_graph, missing_files, signatures


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


def open_(path: Path, expected: Signature | None, options: RuntimeOptions = DEFAULT_RUNTIME) -> BoundEngine:
    """Open a SavedModel with bare TensorFlow.

    Whatever can be known without restoring it is checked before.

    Raises:
        ArtifactError: It is damaged or incomplete, has no such signature, contains more than computation and is not
            trusted, or TensorFlow cannot restore it.
        MissingExtra: TensorFlow is not installed.
    """
    chosen = _chosen(path, expected)
    content = None if options.trust else checked(path)
    with needing("a SavedModel needs", "tensorflow"):
        import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(path)) if content is None else _restored(content)
        function = loaded.signatures[chosen.form]
        sides = function.structured_input_signature[1], function.structured_outputs
        found = Signature(chosen.form, *map(_tensors, sides)).ordered(chosen)
    except Exception as error:
        raise ArtifactError(
            f"{path}: TensorFlow {tf.__version__} cannot restore it, or it is damaged: {type(error).__name__}: "
            f"{first_line(error):.300}"
        ) from error

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        results = function(**{t.name: tf.constant(array) for t, array in zip(found.inputs, arrays, strict=True)})
        return [results[t.name].numpy() for t in found.outputs]

    # The signature holds what was loaded weakly. TensorFlow's functions are thread-safe.
    return BoundEngine("saved_model", found, run, owner=loaded, concurrent=True)


def _restored(content: bytes) -> Any:
    """Return what TensorFlow restores from a graph alone: it sees no other file of the folder."""
    import tensorflow as tf

    folder = f"ram://{uuid.uuid4().hex}"
    file = f"{folder}/{GRAPH}"
    try:
        with tf.io.gfile.GFile(file, "wb") as stream:
            stream.write(content)
        # There are no variables to read.
        return tf.saved_model.load(folder, options=tf.saved_model.LoadOptions(experimental_skip_checkpoint=True))
    finally:
        tf.io.gfile.remove(file)


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
