"""Artifacts of other tools."""

import numpy as np


def foreign_onnx(folder, metadata=()):
    import onnx
    from onnx import TensorProto, helper

    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 3]) for n in ("a", "b")]
    output = helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["n", 3])
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["sum"])], "plain", inputs, [output])
    model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)])
    helper.set_model_props(model, dict(metadata))
    onnx.save(model, folder / "foreign.onnx")
    return folder / "foreign.onnx"


def dense_module(variable=False):
    import tensorflow as tf

    class Dense(tf.Module):
        def __init__(self):
            super().__init__()
            kernel = tf.reshape(tf.range(6.0), (3, 2))
            self.kernel = tf.Variable(kernel) if variable else kernel

        @tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32, "a")])
        def run(self, a):
            return {"z": a @ self.kernel}

    return Dense()


def foreign_tflite(folder, signed=True):
    import tensorflow as tf

    module, path = dense_module(), folder / "foreign.tflite"
    tf.saved_model.save(module, str(folder / "for_tflite"), signatures={"my_function": module.run})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "for_tflite"), signature_keys=["my_function"])
    path.write_bytes(converter.convert())
    if not signed:
        unsign(path)
    return path


def unsign(path):
    """Take the names away, as older converters gave none."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
    model.signatureDefs = []
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())


def foreign_saved_model(folder, name="serving_default", variable=False):
    import tensorflow as tf

    module = dense_module(variable)
    tf.saved_model.save(module, str(folder / "foreign"), signatures={name: module.run})
    return folder / "foreign"


A = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]], np.float32)
Z = A @ np.arange(6.0).reshape(3, 2)
FOREIGN = {
    "onnx": (foreign_onnx, (A, A), 2 * A),
    "onnx with metadata": (lambda folder: foreign_onnx(folder, {"author": "me"}), (A, A), 2 * A),
    "tflite": (foreign_tflite, (A,), Z),
    "saved model": (foreign_saved_model, (A,), Z),
    "saved model with a name of its own": (lambda folder: foreign_saved_model(folder, "mine"), (A,), Z),
    "saved model with variables": (lambda folder: foreign_saved_model(folder, variable=True), (A,), Z),
}
