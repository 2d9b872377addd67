"""A TFLite file written by hand: read, and changed."""

import functools

import numpy as np
import pytest

from export.formats.tflite import flatbuffer
from export.formats.tflite.archive import append
from export.formats.tflite.runtime import open_
from tests.export.formats.tflite.handmade import (
    ADDED,
    added,
    buffer,
    by_position,
    code,
    entry,
    model,
    names_of,
    schema,
    signature,
    tensor,
    written,
)
from zoo.errors import ArtifactError
from zoo.runtime.signature import Signature, Tensor

SIGNATURE = signature(1)
X, Y = np.float32([[1, 2, 4]]), np.float32([[0, 10, 20]])


def test_slim_leaves_what_the_network_computes(tmp_path):
    path = written(tmp_path, model())
    before = path.stat().st_size
    flatbuffer.slim(path, SIGNATURE)
    assert path.stat().st_size < before
    assert path.read_bytes()[4:8] == b"TFL3"
    slim = flatbuffer._model(path)
    assert len(slim.buffers) == 2  # the empty one, and one for two equal ones
    assert [each.name or b"" for each in slim.subgraphs[0].tensors] == [b"x", b"y", b"", b"", b"", b"sum", b"next"]
    found = open_(path, None)(x=X, y=Y)
    np.testing.assert_array_equal(found["sum"], X + Y + ADDED)
    np.testing.assert_array_equal(found["next"], Y + ADDED)
    content = path.read_bytes()
    flatbuffer.slim(path, SIGNATURE)
    assert path.read_bytes() == content


@pytest.mark.parametrize("inputs", ["xy", "yx"])
@pytest.mark.parametrize("outputs", [("sum", "next"), ("next", "sum")])
def test_inputs_and_outputs_stand_in_the_order_of_the_signature_under_its_names(tmp_path, inputs, outputs):
    path = written(tmp_path, model(free=True))
    expected = signature(None, inputs, outputs)
    assert open_(path, expected).order == (["in_y (y)", "in_x (x)"], ["out_next (next)", "out_sum (sum)"])
    flatbuffer.slim(path, expected)
    assert open_(path, expected).order == ([*inputs], [*outputs])
    graph = flatbuffer._model(path).subgraphs[0]
    assert ([*graph.inputs], [*graph.outputs]) == ([0, 1], [5, 6])
    given = {"x": X, "y": Y}
    found = dict(zip(outputs, by_position(path, *(given[name] for name in inputs)), strict=True))
    np.testing.assert_array_equal(found["sum"], X + Y + ADDED)
    np.testing.assert_array_equal(found["next"], Y + ADDED)
    named = open_(path, expected)(x=X, y=Y)
    np.testing.assert_array_equal(named["sum"], found["sum"])


@pytest.mark.parametrize("kind", ["FLOAT32", "UINT8", "INT64", "BOOL", "INT8", "STRING"])
@pytest.mark.parametrize("axes", [0, 1, 3, 5])
def test_outputs_that_are_one_tensor_or_an_input_get_their_own(tmp_path, kind, axes):
    given, s = model(), schema()
    graph, [definition] = given.subgraphs[0], given.signatureDefs
    kind, shape, free = getattr(s.TensorType, kind), [1] * axes, [-1] * axes
    graph.tensors = [tensor("in", shape, kind, signature=free or None)]
    graph.inputs, graph.outputs, graph.operators = [0], [0, 0, 0], []
    definition.inputs, definition.outputs = [entry("x", 0)], [entry(name, 0) for name in "abc"]
    path = written(tmp_path, given)
    dtype = {"STRING": "S1", "BOOL": "bool"}.get(name := names_of(s.TensorType)[kind], name.lower())
    sides = [tuple(Tensor(name, (None,) * axes, dtype) for name in names) for names in ("x", "cab")]
    flatbuffer.slim(path, Signature("sequence", *sides))
    assert open_(path, None).order == (["x"], ["c", "a", "b"])
    x = np.array([b"a", b"b", b"c"] if name == "STRING" else [1, 0, 1], dtype)
    x = x.reshape((3, *[1] * (axes - 1))) if axes else x[:1].reshape(())
    for found in by_position(path, x):
        np.testing.assert_array_equal(found, x)


def test_slim_keeps_the_scales_of_quantized_tensors(tmp_path):
    s, given = schema(), model()
    given.subgraphs[0].tensors[2].quantization, given.subgraphs[0].tensors[3].quantization = (
        s.QuantizationParametersT() for _ in range(2)
    )
    given.subgraphs[0].tensors[2].quantization.scale = np.float32([0.5])
    path = written(tmp_path, given)
    flatbuffer.slim(path, SIGNATURE)
    found = [each.quantization for each in flatbuffer._model(path).subgraphs[0].tensors[2:4]]
    assert found[0].scale.tolist() == [0.5]
    assert found[1] is None


@pytest.mark.parametrize("form", ["sequence", "step", "generate"])
def test_a_file_of_ours_without_its_manifest_has_lost_it(tmp_path, form):
    path = written(tmp_path, model(form))
    for labels in (None, {"labels.txt": "a\nb"}):
        if labels:
            append(path, labels)
        with pytest.raises(ArtifactError, match=r"has lost what export\.save had put behind it"):
            flatbuffer.manifest(path)


@pytest.mark.parametrize("form", ["serving_default", ""])
def test_files_of_other_tools_have_no_manifest(tmp_path, form):
    path = written(tmp_path, model(form))
    assert flatbuffer.manifest(path) == {}
    append(path, {"labels.txt": "a\nb"})
    assert flatbuffer.manifest(path) == {}


def test_operators_and_numbers_are_counted(tmp_path):
    s, given = schema(), model()
    graph = given.subgraphs[0]
    given.operatorCodes += [code(s.BuiltinOperator.CUSTOM, "FlexOwn"), code(s.BuiltinOperator.GELU)]
    for number, opcode in ((4, 1), (5, 2)):
        graph.operators.append(added(number, number, number))
        graph.operators[-1].opcodeIndex = opcode
    given.buffers.append(buffer(np.int8([7])))
    graph.tensors += [tensor("again", [3], s.TensorType.FLOAT32, 2), tensor("one", None, s.TensorType.INT8, 3)]
    path = written(tmp_path, given)
    assert flatbuffer.operators(path) == ["ADD", "ADD", "ADD", "CUSTOM FlexOwn", "GELU"]
    assert flatbuffer.precision(path) == {"float32": 3 + 3, "int8": 1}


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0TFL3", b"PK no archive, no model"])
def test_what_is_no_tflite_file_is_refused(tmp_path, content):
    (tmp_path / "a.tflite").write_bytes(content)
    slim = functools.partial(flatbuffer.slim, signature=SIGNATURE)
    for read in (flatbuffer.manifest, flatbuffer.operators, flatbuffer.precision, slim):
        with pytest.raises(ArtifactError, match=r"a\.tflite is not a TFLite file, or is damaged: ."):
            read(tmp_path / "a.tflite")
    assert (tmp_path / "a.tflite").read_bytes() == content
