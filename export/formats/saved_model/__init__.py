"""SavedModel: a folder with a signature for each form and `serving_default`; runs without Keras.

A SavedModel has no order of inputs and outputs: its signatures are called by name, whatever order TensorFlow lists
them in.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.runtime.signature import SERVING, Face

from ...tracing import loops
from ...tracing.calls import Through
from ...tracing.cells import array
from ...tracing.lookups import with_tables
from ...tracing.reach import pruned
from .. import Format, Options
from .checking import drop_options
from .reading import GRAPH, MANIFEST, embed, manifest, operators, precision, signatures
from .runtime import check_runtime, open_


def write(faces: Sequence[Face], path: Path, through: Through) -> None:
    """Trace a model with its weights as constants and write it as a SavedModel, one signature per face."""
    import tensorflow as tf

    module = tf.Module()
    with with_tables(faces[0].source.network) as module.tables:
        functions = {face.form: _constant(face, through).get_concrete_function() for face in faces}
        served = functions[faces[0].form]
        tf.saved_model.save(module, str(path), signatures={**functions, SERVING: served})
    drop_options(path)


def _constant(face: Face, through: Through) -> Any:
    """Return a function of the inputs in which the weights are constants."""
    import keras
    import tensorflow as tf

    # Made outside of the graph: only those that it uses become a part of it.
    floats = [variable for variable in face.source.network.variables if "float" in str(variable.dtype)]
    weights = {id(variable): tf.constant(array(variable)) for variable in floats}

    def run(*inputs: Any) -> dict[str, Any]:
        with keras.StatelessScope() as scope:
            scope.state_mapping.update(weights)  # Keras itself would cast them to the dtypes of the variables
            results = face.source.trace(inputs, through)
        return {tensor.name: value for tensor, value in zip(face.signature.outputs, results, strict=True)}

    form = [tf.TensorSpec(t.shape, t.dtype, t.name) for t in face.signature.inputs]
    return pruned(run, form)


def convert(faces: Sequence[Face], path: Path, options: Options) -> None:  # noqa: ARG001
    """Write a model as a SavedModel without a manifest."""
    write(faces, path, loops.by(loops.collecting))


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
    signatures=signatures,
    check_runtime=check_runtime,
    forbidden=("Cudnn", "PyFunc", "EagerPyFunc"),
    recurrent_operators=("While", "StatelessWhile"),
    faces=3,
    folder=True,
    program=True,
    manifest_file=MANIFEST,
)
