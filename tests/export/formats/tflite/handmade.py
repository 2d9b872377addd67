"""A TFLite file written by hand."""

import numpy as np

from zoo.runtime.signature import Signature, Tensor

ADDED = np.float32([1, 2, 3])


def schema():
    from ai_edge_litert import schema_py_generated

    return schema_py_generated


def tensor(name, shape, kind, buffer=0, signature=None):
    found = schema().TensorT()
    found.name, found.shape, found.shapeSignature, found.type, found.buffer = name, shape, signature, kind, buffer
    return found


def buffer(array):
    found = schema().BufferT()
    found.data = np.frombuffer(array.tobytes(), np.uint8)
    return found


def added(a, b, out):
    s = schema()
    found = s.OperatorT()
    found.opcodeIndex, found.inputs, found.outputs = 0, [a, b], [out]
    found.builtinOptionsType, found.builtinOptions = s.BuiltinOptions.AddOptions, s.AddOptionsT()
    return found


def entry(name, number):
    found = schema().TensorMapT()
    found.name, found.tensorIndex = name, number
    return found


def code(builtin, custom=None):
    found = schema().OperatorCodeT()
    found.builtinCode = builtin
    found.deprecatedBuiltinCode = min(builtin, 127)
    found.customCode, found.version = custom, 1
    return found


def model(form="sequence", free=False):
    """sum = x + y + ADDED, next = y + ADDED: `(1, 3)`, or with a free batch; with a signature if it has a name.

    The two constants are equal, in buffers of their own.
    """
    s = schema()
    found, graph, kind = s.ModelT(), s.SubGraphT(), s.TensorType.FLOAT32
    shown = [-1, 3] if free else None
    graph.tensors = [
        tensor("in_y", [1, 3], kind, signature=shown), tensor("in_x", [1, 3], kind, signature=shown),
        tensor("a", [1, 3], kind, 1), tensor("b", [3], kind, 2), tensor("both", [1, 3], kind, signature=shown),
        tensor("out_next", [1, 3], kind, signature=shown), tensor("out_sum", [1, 3], kind, signature=shown),
    ]  # fmt: skip
    graph.operators = [added(0, 1, 4), added(0, 3, 5), added(4, 2, 6)]
    graph.inputs, graph.outputs, graph.name = [0, 1], [5, 6], "main"
    found.version, found.description = 3, "handmade"
    found.operatorCodes, found.subgraphs = [code(s.BuiltinOperator.ADD)], [graph]
    found.buffers = [s.BufferT(), buffer(ADDED), buffer(ADDED)]
    if form:
        signature = s.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = form, 0
        signature.inputs, signature.outputs = [entry("y", 0), entry("x", 1)], [entry("next", 5), entry("sum", 6)]
        found.signatureDefs = [signature]
    return found


def written(folder, model):
    import flatbuffers

    builder = flatbuffers.Builder(256)
    builder.Finish(model.Pack(builder), b"TFL3")
    path = folder / "a.tflite"
    path.write_bytes(builder.Output())
    return path


def signature(batch, inputs="xy", outputs=("sum", "next"), form="sequence"):
    sides = ([Tensor(name, (batch, 3), "float32") for name in names] for names in (inputs, outputs))
    return Signature(form, *map(tuple, sides))


def names_of(enumeration):
    return {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}


def by_position(path, *arrays):
    """Run a file as runtimes do that know no signatures: by the position of its inputs and outputs."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    places = [detail["index"] for detail in interpreter.get_input_details()]
    for place, array in zip(places, arrays, strict=True):
        interpreter.resize_tensor_input(place, array.shape)
    interpreter.allocate_tensors()
    for place, array in zip(places, arrays, strict=True):
        interpreter.set_tensor(place, array)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
