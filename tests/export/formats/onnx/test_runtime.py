"""ONNX files written by hand: opened, and read."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from export.formats.onnx import runtime
from tests.export.formats.onnx.handmade import constant, model_of, values
from zoo.errors import ArtifactError
from zoo.runtime.signature import Signature


def written(folder, model):
    path = folder / "a.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def scaled(**options):
    """y = x * 2, if x is large: else x * (1, 2, 3)."""
    then = helper.make_graph([helper.make_node("Mul", ["x", "two"], ["a"])], "then", [], values(a=(None, 3)))
    other = helper.make_graph([helper.make_node("Mul", ["x", "row"], ["b"])], "other", [], values(b=(None, 3)),
                              [constant("row", np.float32([1, 2, 3]))])  # fmt: skip
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["most"], keepdims=0),
        helper.make_node("Greater", ["most", "two"], ["large"]),
        helper.make_node("If", ["large"], ["y"], then_branch=then, else_branch=other),
    ]
    constants = [constant("two", np.float32(2)), constant("ids", np.int64([[1, 2], [3, 4]]))]
    return model_of(nodes, values(x=("batch", 3)), values(y=(None, 3)), constants, **options)


def test_open_takes_the_form_it_is_told(tmp_path):
    path = written(tmp_path, scaled())
    engine = runtime.open_(path, Signature("step", (), ()))
    assert (engine.name, engine.signature.form) == ("onnx", "step")
    np.testing.assert_array_equal(engine(np.float32([[1, 1, 1]])), [[1, 2, 3]])
    np.testing.assert_array_equal(engine(np.float32([[1, 1, 3]])), [[2, 2, 6]])


@pytest.mark.parametrize("content", [b"", b"\x08 not a model", scaled().SerializeToString()[:-40]])
def test_what_is_no_onnx_file_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "a.onnx").write_bytes(content)
    for read in (lambda path: runtime.open_(path, None), runtime.manifest):
        with pytest.raises(ArtifactError, match=r"a\.onnx is not an ONNX file, or is damaged: .") as caught:
            read(tmp_path / "a.onnx")
        assert "\n" not in str(caught.value)


def test_manifest_is_appended_and_read_again(tmp_path):
    path = written(tmp_path, scaled(producer_name=runtime.PRODUCER))
    before, about = path.read_bytes(), {"export": '{"möglich": "→"}', "bytes": "12", "sha256": "ab"}
    with pytest.raises(ArtifactError, match=r"has lost what export\.save had put behind it"):
        runtime.manifest(path)
    runtime.embed(path, about)
    assert runtime.manifest(path) == about
    assert path.read_bytes().startswith(before)
    np.testing.assert_array_equal(runtime.open_(path, None)(np.float32([[0, 1, 1]])), [[0, 2, 3]])


def test_metadata_of_other_tools_are_no_manifest(tmp_path):
    path = written(tmp_path, scaled(producer_name="another"))
    assert runtime.manifest(path) == {}
    runtime.embed(path, {"author": "me"})
    assert runtime.manifest(path) == {}


def test_operators_and_numbers_are_counted_inside_of_branches_too(tmp_path):
    path = written(tmp_path, scaled())
    assert sorted(runtime.operators(path)) == ["Greater", "If", "Mul", "Mul", "ReduceMax"]
    assert runtime.precision(path) == {"float32": 1 + 3, "int64": 4}


def test_numbers_of_dtypes_are_those_of_onnx():
    names = {number: helper.tensor_dtype_to_np_dtype(number).name for number in TensorProto.DataType.values() if number}
    assert {number: name for number, name in names.items() if number in runtime.NUMBERS} == runtime.NUMBERS
    assert TensorProto.FLOAT8E8M0 in runtime.NUMBERS


def test_a_manifest_is_written_as_onnx_writes_it(tmp_path):
    texts = {"card": "é" * 70, "codec": "x" * 20_000, "empty": ""}
    tail = onnx.ModelProto()
    helper.set_model_props(tail, texts)
    (tmp_path / "a.onnx").write_bytes(b"")
    runtime.embed(tmp_path / "a.onnx", texts)
    assert (tmp_path / "a.onnx").read_bytes() == tail.SerializeToString()
