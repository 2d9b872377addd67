"""ONNX: native LSTM, GRU and RNN nodes; run by ONNX Runtime.

tf2onnx converts everything but the recurrent layers. In their place the traced graph has stand-ins that tf2onnx cannot
convert by itself; our handler turns each into one native node. The manifest is appended as metadata properties: the
bytes of two ONNX messages, one after the other, are one message with the fields of both (protocol buffers merge).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export.formats import BoundEngine, Format, Signature, Tensor
from export.recurrent import Recurrent, lowered
from zoo.errors import ArtifactError

OPSET = 17
NODES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
GATES = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (0, 1, 2)}
"""Where ONNX's gates are in Keras's order: Keras has LSTM i f c o, ONNX i o f c; both have GRU z r h."""
DTYPES = {"tensor(float)": "float32", "tensor(int32)": "int32"}


def node_weights(spec: Recurrent) -> dict[str, np.ndarray]:
    """Arrange a layer's weights as the ONNX operators take them.

    Returns:
        `W (1, G * U, D)`, `R (1, G * U, U)` and `B (1, 2 * G * U)` float32.
    """

    def gates(array: np.ndarray) -> np.ndarray:
        parts = np.split(array, len(GATES[spec.cell]), axis=-1)
        return np.concatenate([parts[i] for i in GATES[spec.cell]], axis=-1)

    both = spec.bias if spec.bias.ndim == 2 else np.stack([spec.bias, np.zeros_like(spec.bias)])
    arrays = {"W": gates(spec.kernel).T, "R": gates(spec.recurrent_kernel).T, "B": gates(both).ravel()}
    return {name: np.ascontiguousarray(array[None], np.float32) for name, array in arrays.items()}


def convert(network: Any, signature: Signature, path: Path) -> None:
    """Write a network as an ONNX file without a manifest."""
    import tensorflow as tf
    import tf2onnx

    specs: list[Recurrent] = []

    def stand_in(spec: Recurrent, x: Any, state: list[Any]) -> tuple[Any, list[Any]]:
        specs.append(spec)
        results = tf.numpy_function(
            _never, [x, *state], [tf.float32] * (1 + len(state)), name=f"recurrent_stand_in_{len(specs) - 1}"
        )
        shapes = [(*x.shape[:2], spec.units)] + [tensor.shape for tensor in state]
        outputs, *new = (tf.ensure_shape(result, shape) for result, shape in zip(results, shapes, strict=True))
        return outputs, new

    def handler(context: Any, node: Any, name: str, _args: Any) -> None:
        _native(context, node, specs[int(name.split("recurrent_stand_in_")[1].split("/")[0].split("_")[0])])

    names = [tensor.name for tensor in signature.outputs]
    function = tf.function(
        lambda *inputs: dict(zip(names, network(list(inputs), training=False), strict=True)), autograph=False
    )
    form = [tf.TensorSpec(t.shape, t.dtype, t.name) for t in signature.inputs]
    with lowered(network, stand_in), _quiet():
        model, _ = tf2onnx.convert.from_function(
            function, input_signature=form, opset=OPSET, custom_op_handlers={"PyFunc": (handler, [])}
        )
    by_name = {value.name: value for value in model.graph.output}
    del model.graph.output[:]
    model.graph.output.extend(by_name[tensor.name] for tensor in signature.outputs)
    _name_axes(model, signature)
    path.write_bytes(model.SerializeToString())


def _never(*_: Any) -> Any:
    raise RuntimeError("a stand-in for a recurrent node is not for running")


def _quiet() -> Any:
    """Silence tf2onnx's notices; its errors are raised."""
    import contextlib
    import logging

    @contextlib.contextmanager
    def silence() -> Any:
        logger = logging.getLogger("tf2onnx")
        level = logger.level
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)

    return silence()


def _native(context: Any, node: Any, spec: Recurrent) -> None:
    """Put one native node, time first as ONNX has it, in the place of a stand-in (a tf2onnx handler's work)."""
    x, *state = node.input
    outputs = list(node.output)
    shapes = [context.get_shape(output) for output in outputs]
    context.remove_node(node.name)

    def make(kind: str, inputs: Sequence[str], **options: Any) -> Any:
        return context.make_node(kind, list(inputs), **options)

    axis = context.make_const(f"{node.name}_axis", np.array([0], np.int64)).output[0]
    directions = context.make_const(f"{node.name}_directions", np.array([1], np.int64)).output[0]
    weights = [context.make_const(f"{node.name}_{n}", a).output[0] for n, a in node_weights(spec).items()]
    time_first = make("Transpose", [x], attr={"perm": [1, 0, 2]}).output[0]
    starts = [make("Unsqueeze", [tensor, axis]).output[0] for tensor in state]
    attributes = {"hidden_size": spec.units} | (
        {"linear_before_reset": int(spec.reset_after)} if spec.cell == "gru" else {}
    )
    cell = make(
        NODES[spec.cell], [time_first, *weights, "", *starts], attr=attributes, output_count=1 + len(state),
        dtypes=[1] * (1 + len(state)), shapes=[None] * (1 + len(state)), name=spec.name,
    )  # fmt: skip
    flat = make("Squeeze", [cell.output[0], directions]).output[0]  # (time, directions, batch, units)
    make("Transpose", [flat], attr={"perm": [1, 0, 2]}, outputs=[outputs[0]], shapes=[shapes[0]], dtypes=[1])
    for i, output in enumerate(outputs[1:], 1):
        make("Squeeze", [cell.output[i], axis], outputs=[output], shapes=[shapes[i]], dtypes=[1])


def _name_axes(model: Any, signature: Signature) -> None:
    """State the shapes of inputs and outputs; the free axes are called `batch` and `time`."""
    for values, tensors in ((model.graph.input, signature.inputs), (model.graph.output, signature.outputs)):
        for value, tensor in zip(values, tensors, strict=True):
            shape = value.type.tensor_type.shape
            del shape.dim[:]
            for axis, size in zip(("batch", "time", ""), tensor.shape, strict=False):
                shape.dim.add(**({"dim_param": axis} if size is None else {"dim_value": size}))


def open_(path: Path) -> BoundEngine:
    """Open an ONNX file in ONNX Runtime, on one thread: more do not help a small recurrent network."""
    session = _session(path)

    def tensors(values: Any) -> tuple[Tensor, ...]:
        return tuple(
            Tensor(v.name, tuple(d if isinstance(d, int) else None for d in v.shape), DTYPES.get(v.type, v.type))
            for v in values
        )

    inputs, outputs = tensors(session.get_inputs()), tensors(session.get_outputs())
    form = "step" if inputs[0].shape[1] == 1 else "sequence"
    input_names, output_names = [t.name for t in inputs], [t.name for t in outputs]

    def run(arrays: list[np.ndarray]) -> list[np.ndarray]:
        return session.run(output_names, dict(zip(input_names, arrays, strict=True)))

    return BoundEngine("onnx", Signature(form, inputs, outputs), run)


def _session(path: Path) -> Any:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ArtifactError(f"{path} is not an ONNX file, or is damaged: {str(error).splitlines()[0]}") from error


def embed(path: Path, manifest: Mapping[str, str]) -> None:
    """Append the manifest as metadata properties."""
    import onnx

    tail = onnx.ModelProto()
    onnx.helper.set_model_props(tail, dict(manifest))
    with path.open("ab") as stream:
        stream.write(tail.SerializeToString())


def manifest(path: Path) -> dict[str, str]:
    """Read the manifest."""
    return dict(_session(path).get_modelmeta().custom_metadata_map)


def operators(path: Path) -> list[str]:
    """List the operators, those of subgraphs too."""
    import onnx

    def walk(graph: Any) -> list[str]:
        names = [node.op_type for node in graph.node]
        inner = [a.g for node in graph.node for a in node.attribute if a.type == onnx.AttributeProto.GRAPH]
        return names + [name for graph in inner for name in walk(graph)]

    return walk(onnx.load(path).graph)


FORMAT = Format(
    name="onnx",
    suffix=".onnx",
    tolerance=1e-5,
    convert=convert,
    open=open_,
    embed=embed,
    manifest=manifest,
    operators=operators,
    native=NODES,
    forbidden=("Loop", "Scan", "PyFunc"),
)
