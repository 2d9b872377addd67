"""ONNX models written by hand, and what the runtime makes of them."""

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from zoo.runtime.onnx.checking import MICROSOFT


def values(**shapes):
    """Float tensors by name."""
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]


def constant(name, array):
    return onnx.numpy_helper.from_array(np.asarray(array), name)


def model_of(nodes, inputs, outputs, constants=(), **options):
    graph = helper.make_graph(list(nodes), "handmade", inputs, outputs, list(constants))
    domains = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(graph, ir_version=9, opset_imports=domains, **options)


def run(model, *arrays):
    """Return what ONNX Runtime computes."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip((value.name for value in session.get_inputs()), arrays, strict=True)))
