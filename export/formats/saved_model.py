"""SavedModel: a folder with one named signature, `sequence` or `step`; loads with TensorFlow alone, without Keras."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from export.formats import BoundEngine, Format, Signature, Tensor, in_order
from export.recurrent import Recurrent, lowered
from zoo.errors import ArtifactError

MANIFEST = "manifest.json"  # in the folder's assets
SERVING = "serving_default"  # the signature that TensorFlow Serving calls unless told otherwise
CALLS = {"StatefulPartitionedCall", "StatelessWhile", "While", "StatelessIf", "If", "Case"}  # what they call is checked
FILE_READERS = {"ReadFile", "MatchingFiles"}  # stateless, as TensorFlow sees it


def recurrence(spec: Recurrent, x: Any, state: list[Any]) -> tuple[Any, list[Any]]:
    """Compute a recurrent layer as one matrix product for all inputs and a plain loop over time.

    With the input products `z = x W + b` hoisted out of the loop, `h` the output and `s` the logistic sigmoid:

    - rnn: `h = tanh(z + h R)`
    - lstm: `i f g o = z + h R`; `c = s(f) c + s(i) tanh(g)`; `h = s(o) tanh(c)`
    - gru: `r = s(z_r + h R_r)`, `u = s(z_u + h R_u)`; `h = u h + (1 - u) tanh(z_h + (r h) R_h)`, or with `reset_after`
      `tanh(z_h + r (h R_h + b_h))`

    Args:
        spec: The layer.
        x: `(batch, time, D)`.
        state: `h`, and `c` for an LSTM, `(batch, units)` each.

    Returns:
        Outputs `(batch, time, units)` and the new state.
    """
    import tensorflow as tf

    cell = _cell(spec)
    projected = _project(spec, x)
    time = tf.shape(projected)[0]
    outputs = tf.TensorArray(tf.float32, time, element_shape=(None, spec.units))

    def body(t: Any, outputs: Any, *state: Any) -> tuple:
        new = cell(projected[t], *state)
        return (t + 1, outputs.write(t, new[0]), *new)

    _, outputs, *new = tf.while_loop(lambda t, *_: t < time, body, (0, outputs, *state))
    return tf.transpose(outputs.stack(), (1, 0, 2)), new


def _project(spec: Recurrent, x: Any) -> Any:
    """Return the input products of all steps, `(time, batch, G * U)`."""
    import tensorflow as tf

    bias = spec.bias[0] if spec.bias.ndim == 2 else spec.bias
    flat = tf.matmul(tf.reshape(tf.transpose(x, (1, 0, 2)), (-1, spec.kernel.shape[0])), spec.kernel) + bias
    return tf.reshape(flat, (tf.shape(x)[1], tf.shape(x)[0], spec.kernel.shape[1]))


def _cell(spec: Recurrent) -> Any:
    """Return `cell(z (batch, G * U), h[, c]) -> (h[, c])`."""
    import tensorflow as tf

    matrix = tf.constant(spec.recurrent_kernel)

    def rnn(z: Any, h: Any) -> tuple:
        return (tf.tanh(z + tf.matmul(h, matrix)),)

    def lstm(z: Any, h: Any, c: Any) -> tuple:
        i, f, g, o = tf.split(z + tf.matmul(h, matrix), 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c

    def gru(z: Any, h: Any) -> tuple:
        zu, zr, zh = tf.split(z, 3, axis=1)
        if spec.reset_after:
            hu, hr, hh = tf.split(tf.matmul(h, matrix) + spec.bias[1], 3, axis=1)
            candidate = tf.tanh(zh + tf.sigmoid(zr + hr) * hh)
        else:
            hu, hr = tf.split(tf.matmul(h, matrix[:, : 2 * spec.units]), 2, axis=1)
            candidate = tf.tanh(zh + tf.matmul(tf.sigmoid(zr + hr) * h, matrix[:, 2 * spec.units :]))
        update = tf.sigmoid(zu + hu)
        return (update * h + (1 - update) * candidate,)

    return {"rnn": rnn, "lstm": lstm, "gru": gru}[spec.cell]


def write(network: Any, signature: Signature, path: Path, lower: Any) -> None:
    """Trace a network with its weights as constants and write it as a SavedModel."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    form = [tf.TensorSpec(t.shape, t.dtype, t.name) for t in signature.inputs]
    with lowered(network, lower):
        function = tf.function(lambda *inputs: network(list(inputs), training=False), autograph=False)
        traced = function.get_concrete_function(*form)
    frozen = convert_variables_to_constants_v2(traced, lower_control_flow=False)

    def face(*inputs: Any) -> dict[str, Any]:
        named = {t.name: (value, t.shape) for t, value in zip(signature.outputs, frozen(*inputs), strict=True)}
        for value, shape in named.values():
            value.set_shape(shape)  # freezing forgets it
        return {name: value for name, (value, _) in named.items()}

    module = tf.Module()
    module.face = tf.function(face, input_signature=form, autograph=False)
    tf.saved_model.save(module, str(path), signatures={signature.form: module.face, SERVING: module.face})


def convert(network: Any, signature: Signature, path: Path) -> None:
    """Write a network as a SavedModel without a manifest."""
    write(network, signature, path, recurrence)


def open_(path: Path) -> BoundEngine:
    """Open a SavedModel with bare TensorFlow."""
    import tensorflow as tf

    try:
        check_pure(path)
        loaded = tf.saved_model.load(str(path))
        form = next(form for form in ("sequence", "step") if form in loaded.signatures)
        function = loaded.signatures[form]
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error
    except Exception as error:
        raise ArtifactError(f"{path} is not one of our SavedModels, or is damaged: {str(error)[:200]}") from error

    def tensors(specs: Mapping[str, Any]) -> tuple[Tensor, ...]:
        return tuple(Tensor(name, tuple(specs[name].shape), specs[name].dtype.name) for name in in_order(specs))

    inputs = tensors(function.structured_input_signature[1])
    outputs = tensors(function.structured_outputs)

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        results = function(**{t.name: tf.constant(array) for t, array in zip(inputs, arrays, strict=True)})
        return [results[t.name].numpy() for t in outputs]

    # The signature holds what was loaded weakly.
    return BoundEngine("saved_model", Signature(form, inputs, outputs), run, owner=loaded)


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

    return saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes()).meta_graphs[0]


def embed(path: Path, manifest: Mapping[str, str]) -> None:
    """Write the manifest into the folder's assets."""
    (path / "assets").mkdir(exist_ok=True)
    (path / "assets" / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def manifest(path: Path) -> dict[str, str]:
    """Read the manifest."""
    try:
        found = json.loads((path / "assets" / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtifactError(f"{path} has no assets/{MANIFEST}: it was not written by export.save") from None
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}/assets/{MANIFEST} cannot be read: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ArtifactError(f"{path}/assets/{MANIFEST} is damaged; export the model again")
    return found


def operators(path: Path) -> list[str]:
    """List the operators, those of functions too."""
    graph = _meta_graph(path).graph_def
    return [node.op for node in graph.node] + [n.op for function in graph.library.function for n in function.node_def]


FORMAT = Format(
    name="saved_model",
    suffix="",
    tolerance=1e-5,
    convert=convert,
    open=open_,
    embed=embed,
    manifest=manifest,
    operators=operators,
    forbidden=("Cudnn", "PyFunc", "EagerPyFunc"),
)
