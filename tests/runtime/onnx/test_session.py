"""ONNX models in ONNX Runtime."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.export.formats.onnx.handmade import model_of, values
from zoo.errors import ArgumentError
from zoo.runtime.engine import RuntimeOptions
from zoo.runtime.onnx import session
from zoo.runtime.signature import Signature, Tensor


def doubled():
    nodes = [helper.make_node("Add", ["x", "x"], ["y"])]
    return model_of(nodes, values(x=("batch", 3)), values(y=(None, 3)), []).SerializeToString()


def test_open_names_shapes_and_types():
    kinds = (TensorProto.DOUBLE, TensorProto.INT64, TensorProto.STRING, TensorProto.BOOL)
    inputs = [helper.make_tensor_value_info(f"i{kind}", kind, ["batch", 2]) for kind in kinds]
    outputs = [helper.make_tensor_value_info(f"o{kind}", kind, [None, 2]) for kind in kinds]
    nodes = [helper.make_node("Identity", [a.name], [b.name]) for a, b in zip(inputs, outputs, strict=True)]
    engine = session.engine(Path("a.onnx"), model_of(nodes, inputs, outputs).SerializeToString(), "sequence")
    types = ("float64", "int64", "object", "bool")
    assert engine.signature == Signature(
        "sequence",
        tuple(Tensor(f"i{kind}", (None, 2), dtype) for kind, dtype in zip(kinds, types, strict=True)),
        tuple(Tensor(f"o{kind}", (None, 2), dtype) for kind, dtype in zip(kinds, types, strict=True)),
    )
    given = [np.full((1, 2), value, dtype) for value, dtype in zip((0.1, 2**40, "a", True), types, strict=True)]
    for a, b in zip(given, engine.run(given), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_provider_that_does_not_start_is_not_replaced_in_silence(monkeypatch):
    content, options = doubled(), RuntimeOptions(providers=("CUDAExecutionProvider", session.CPU))
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CUDAExecutionProvider", session.CPU])
    session.check_runtime(options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ArgumentError, match="ONNX Runtime could not start CUDAExecutionProvider and would run on"):
            session.engine(Path("a.onnx"), content, "sequence", options)
