"""ONNX files that do what no file should: refused before ONNX Runtime sees them."""

import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from export.formats.onnx import runtime
from tests.export.formats.onnx.handmade import constant, model_of, values
from zoo.errors import ArtifactError
from zoo.runtime.onnx.checking import checked, inside
from zoo.runtime.onnx.wire import read

node = helper.make_node
W = constant("w", np.float32([[1, 2, 3]]))


def model(*nodes, constants=(W,), **options):
    nodes = nodes or (node("Add", ["x", "w"], ["y"]),)
    return model_of(nodes, values(x=("batch", 3)), values(y=None), constants, **options)


def elsewhere(name, offset=None, location=True):
    """A constant whose numbers lie in another file."""
    tensor = onnx.TensorProto(name="w", data_type=1, dims=[1, 3])
    if location:
        tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=name)
    if offset is not None:
        tensor.external_data.add(key="offset", value=offset)
    return model(constants=[tensor])


def in_an_attribute():
    tensor = elsewhere("other.bin").graph.initializer[0]
    return model(node("Constant", [], ["c"], value=tensor), node("Add", ["x", "c"], ["y"]))


def in_a_branch():
    tensor = elsewhere("other.bin").graph.initializer[0]
    branch = helper.make_graph([node("Identity", ["w"], ["b"])], "branch", [], values(b=None), [tensor])
    return model(node("If", ["go"], ["y"], then_branch=branch, else_branch=branch), constants=[constant("go", True)])


def with_function():
    given = model(node("Own", ["x"], ["y"], domain="mine"))
    given.functions.append(
        helper.make_function("mine", "Own", ["a"], ["b"], [node("Neg", ["a"], ["b"])], given.opset_import)
    )
    return given


def sparse():
    given = model(constants=[])
    indices = constant("i", np.int64([0]))
    given.graph.sparse_initializer.append(helper.make_sparse_tensor(constant("w", np.float32([1])), indices, [3]))
    return given


def deep(count):
    """Branches within branches."""
    graph = flat = helper.make_graph([node("Identity", ["x"], ["b"])], "g", [], values(b=None))
    for _ in range(count):
        graph = helper.make_graph([node("If", ["go"], ["b"], then_branch=graph, else_branch=flat)], "g", [],
                                  values(b=None), [constant("go", True)])  # fmt: skip
    return helper.make_model(graph, ir_version=9)


def reshaped(dims, **content):
    tensor = onnx.TensorProto(name="w", data_type=1, dims=dims)
    for name, value in content.items():
        tensor.__setattr__(name, value) if name == "raw_data" else getattr(tensor, name).extend(value)
    return model(constants=[tensor])


def growing(kind, *inputs, **attributes):
    names = [f"i{i}" for i in range(len(inputs))]
    return model(node(kind, names, ["y"], **attributes), constants=map(constant, names, inputs))


GOOD = {
    "raw": model(),
    "typed": reshaped([1, 3], float_data=[1, 2, 3]),
    "whole": model(constants=[onnx.helper.make_tensor("i", TensorProto.INT64, [2], [-1, 2**40]), W]),
    "texts": model(constants=[onnx.helper.make_tensor("t", TensorProto.STRING, [2], [b"a", b"b"]), W]),
    "half bytes": model(constants=[onnx.helper.make_tensor("q", TensorProto.INT4, [3], [1, 2, 3]), W]),
    "some branches": deep(3),
    "microsoft": model(node("Gelu", ["x"], ["y"], domain="com.microsoft")),
    "filled": growing("ConstantOfShape", np.int64([100, 100])),
}
BAD = {
    "two of a name": (model(constants=[W, W]), "constant w is there twice"),
    "many constants": (
        model(constants=[W, *(TensorProto(name=f"{i}", data_type=1, float_data=[0]) for i in range(20_000))]),
        "20,001 constants, at most 20,000",
    ),
    "a file beside it": (elsewhere("other.bin"), "its numbers lie in another file.*onnx.save"),
    "a file above": (elsewhere("../../etc/passwd", "10"), "its numbers lie in another file"),
    "an absolute path": (elsewhere("/etc/passwd"), "its numbers lie in another file"),
    "memory": (elsewhere("*/_ORT_MEM_ADDR_/*", "1"), "its numbers lie in another file"),
    "not said to be": (elsewhere("other.bin", location=False), "its numbers lie in another file"),
    "in an attribute": (in_an_attribute(), "its numbers lie in another file"),
    "in a branch": (in_a_branch(), "its numbers lie in another file"),
    "a function": (with_function(), "has functions, which is not accepted"),
    "sparse": (sparse(), "has sparse, which is not accepted"),
    "another domain": (model(node("Own", ["x"], ["y"], domain="mine")), "operator Own of mine is not accepted"),
    "a stored context": (model(node("EPContext", ["x"], ["y"], domain="com.microsoft")), "EPContext of com.microsoft"),
    "an image": (model(node("ImageDecoder", ["x"], ["y"])), "operator ImageDecoder is not accepted"),
    "random numbers": (model(node("RandomNormal", [], ["y"], shape=[3])), "operator RandomNormal is not accepted"),
    "trees": (model(node("TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml")), "of ai.onnx.ml is not accepted"),
    "graphs in graphs": (deep(12), "more than 10 graphs"),
    "too few numbers": (reshaped([1, 4], raw_data=b"\0" * 12), "other numbers than its shape"),
    "too many numbers": (reshaped([1, 2], raw_data=b"\0" * 12), "other numbers than its shape"),
    "two kinds of numbers": (reshaped([1, 3], raw_data=b"\0" * 12, float_data=[1]), "other numbers than its shape"),
    "typed numbers": (reshaped([1, 4], float_data=[1, 2, 3]), "other numbers than its shape"),
    "a negative size": (reshaped([-1, 3], raw_data=b"\0" * 12), "shape"),
    "a huge tensor": (growing("ConstantOfShape", np.int64([1 << 20, 1 << 20])), "asks for a tensor of more than"),
    "an expanded one": (growing("Expand", np.float32([1]), np.int64([1 << 40])), "asks for a tensor of more than"),
    "a tiled one": (growing("Tile", np.float32([1]), np.int64([1 << 40])), "asks for a tensor of more than"),
}


@pytest.mark.parametrize("case", GOOD)
def test_good_files_are_accepted(case):
    content = GOOD[case].SerializeToString()
    checked(Path("a.onnx"), content)
    assert len(inside(read(content).graph)) >= 1


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_before_the_runtime_sees_them(tmp_path, monkeypatch, case):
    """Whether they are opened or only read."""
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **__: pytest.fail("the runtime has it"))
    given, message = BAD[case]
    path = tmp_path / "a.onnx"
    path.write_bytes(given.SerializeToString())
    (tmp_path / "other.bin").write_bytes(bytes(12))
    with pytest.raises(ArtifactError, match=message) as caught:
        runtime.open_(path, None)
    assert "a.onnx" in str(caught.value)


def test_other_files_are_not_read_by_an_inspection(tmp_path, monkeypatch):
    path = tmp_path / "a.onnx"
    path.write_bytes(elsewhere("other.bin").SerializeToString())
    os.mkfifo(tmp_path / "other.bin")  # whoever opens it waits for ever
    assert runtime.operators(path) == ["Add"]
    assert runtime.precision(path) == {"float32": 3}
    assert runtime.manifest(path) == {}


def test_the_runtime_takes_no_other_format(tmp_path):
    """A name at the right place makes the runtime take a file for one in its own format, which nobody has checked."""
    given = model(producer_name="ORTM")
    given.ir_version = 8
    path = tmp_path / "a.onnx"
    path.write_bytes(given.SerializeToString())
    assert path.read_bytes()[4:8] == b"ORTM"
    np.testing.assert_array_equal(runtime.open_(path, None)(np.float32([[1, 1, 1]])), [[2, 3, 4]])
