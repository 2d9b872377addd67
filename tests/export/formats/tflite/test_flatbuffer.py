"""A TFLite file written by hand: read, and changed."""

import zipfile

import numpy as np
import pytest

from export.formats.tflite import flatbuffer
from export.formats.tflite.runtime import open_
from tests.export.formats.tflite.handmade import ADDED, added, buffer, code, model, schema, tensor, written
from zoo.errors import ArtifactError

X, Y = np.float32([[1, 2, 4]]), np.float32([[0, 10, 20]])


def test_slim_leaves_what_the_network_computes(tmp_path):
    path = written(tmp_path, model())
    before = path.stat().st_size
    flatbuffer.slim(path)
    assert path.stat().st_size < before
    assert path.read_bytes()[4:8] == b"TFL3"
    slim = flatbuffer._model(path)
    assert len(slim.buffers) == 2  # the empty one, and one for two equal ones
    assert {each.name for each in slim.subgraphs[0].tensors} <= {b"", None}
    found = open_(path, None)(x=X, y=Y)
    np.testing.assert_array_equal(found["sum"], X + Y + ADDED)
    np.testing.assert_array_equal(found["next"], Y + ADDED)
    content = path.read_bytes()
    flatbuffer.slim(path)
    assert path.read_bytes() == content


def test_slim_keeps_the_scales_of_quantized_tensors(tmp_path):
    s, given = schema(), model()
    given.subgraphs[0].tensors[2].quantization, given.subgraphs[0].tensors[3].quantization = (
        s.QuantizationParametersT() for _ in range(2)
    )
    given.subgraphs[0].tensors[2].quantization.scale = np.float32([0.5])
    path = written(tmp_path, given)
    flatbuffer.slim(path)
    found = [each.quantization for each in flatbuffer._model(path).subgraphs[0].tensors[2:4]]
    assert found[0].scale.tolist() == [0.5]
    assert found[1] is None


def test_manifest_is_a_zip_archive_behind_the_model(tmp_path):
    path = written(tmp_path, model())
    before, about = path.read_bytes(), {"export": '{"möglich": "→"}', "bytes": "12", "sha256": "ab"}
    flatbuffer.embed(path, about)
    assert flatbuffer.manifest(path) == about
    assert path.read_bytes().startswith(before)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == list(about)
        assert archive.getinfo("bytes").date_time[0] == 1980  # the same bytes whenever it is written
    np.testing.assert_array_equal(open_(path, None)(x=X, y=Y)["next"], Y + ADDED)


@pytest.mark.parametrize("form", ["sequence", "step", "generate"])
def test_a_file_of_ours_without_its_manifest_has_lost_it(tmp_path, form):
    path = written(tmp_path, model(form))
    for labels in (None, {"labels.txt": "a\nb"}):
        if labels:
            flatbuffer.embed(path, labels)
        with pytest.raises(ArtifactError, match=r"has lost what export\.save had put behind it"):
            flatbuffer.manifest(path)


@pytest.mark.parametrize("form", ["serving_default", ""])
def test_files_of_other_tools_have_no_manifest(tmp_path, form):
    path = written(tmp_path, model(form))
    assert flatbuffer.manifest(path) == {}
    flatbuffer.embed(path, {"labels.txt": "a\nb"})
    assert flatbuffer.manifest(path) == {}


def test_an_associated_file_that_unpacks_to_too_much_is_not_read(tmp_path):
    path = written(tmp_path, model())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export", " " * (flatbuffer.MAX_MANIFEST + 1))
    assert path.stat().st_size < 10_000
    with pytest.raises(ArtifactError, match="an associated file larger than 1048576 bytes"):
        flatbuffer.manifest(path)


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
    for read in (flatbuffer.manifest, flatbuffer.operators, flatbuffer.precision, flatbuffer.slim):
        with pytest.raises(ArtifactError, match=r"a\.tflite is not a TFLite file, or is truncated \(\w+\)"):
            read(tmp_path / "a.tflite")
    assert (tmp_path / "a.tflite").read_bytes() == content
