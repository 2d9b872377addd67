"""What a SavedModel says of itself."""

import os
import shutil

import pytest

import export
from export.formats.saved_model import reading
from tests.export.artifacts import python
from tests.export.formats.saved_model import forged, handmade
from tests.export.formats.saved_model.forged import ARTIFACT
from zoo.errors import ArtifactError
from zoo.runtime.signature import ANY_SHAPE, Signature, Tensor

PRODUCT = (Tensor("a", (None, 3), "float32"),), (Tensor("z", (None, 2), "float32"),)


def test_signatures_are_read_with_names_sorted_and_the_default_first(tmp_path):
    """TensorFlow has no order of inputs: it sorts the names too."""
    assert reading.signatures(handmade.written(tmp_path, "product", "twice", "default")) == {
        "serving_default": Signature("serving_default", *PRODUCT),
        "product": Signature("product", *PRODUCT),
        "twice": Signature(
            "twice",
            (Tensor("a", (2,), "float32"), Tensor("b", ANY_SHAPE, "float32")),
            (Tensor("x", (2,), "float32"), Tensor("y", ANY_SHAPE, "float32")),
        ),
    }
    assert reading.signatures(handmade.written(tmp_path, name="none")) == {}


def test_variables_are_counted_as_declared(tmp_path):
    path = handmade.without(handmade.written(tmp_path, "default"), "variables")
    found = reading.precision(path)
    assert found["float32"] == 6 + 1  # a constant of the saver, which TensorFlow writes
    assert found["int64"] == 1
    assert reading.precision(handmade.of_tensorflow_1(tmp_path))["float32"] >= 6


def test_sparse_inputs_and_unknown_dtypes_are_named(tmp_path):
    def change(message):
        inputs = message.meta_graphs[0].signature_def["serving_default"].inputs
        inputs["s"].dtype, inputs["s"].coo_sparse.values_tensor_name = 9, "s:0"
        inputs["u"].dtype = 77

    found = reading.signatures(handmade.changed(handmade.written(tmp_path, "default"), change))["serving_default"]
    assert [(tensor.name, tensor.dtype) for tensor in found.inputs] == [
        ("a", "float32"),
        ("s", "sparse int64"),
        ("u", "dtype 77"),
    ]


def test_of_several_graphs_that_for_serving_is_read(tmp_path):
    def change(message):
        message.meta_graphs.add().CopyFrom(message.meta_graphs[0])
        message.meta_graphs[0].meta_info_def.tags[:] = ["train"]
        message.meta_graphs[0].ClearField("signature_def")

    assert list(reading.signatures(handmade.changed(handmade.written(tmp_path, "default"), change)))


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "has no graph in it"), (b"\x12\xff\xff", "cannot be read, or is damaged")]
)
def test_a_damaged_graph_is_an_artifact_error(tmp_path, content, message):
    (tmp_path / "saved_model.pb").write_bytes(content)
    for function in (export.inspect, export.load, reading.operators, reading.signatures, reading.precision):
        with pytest.raises(ArtifactError, match=message):
            function(tmp_path)


def sparse(file):
    """Make a file of a terabyte that takes no room."""
    file.touch()
    os.truncate(file, 1 << 40)


@pytest.mark.parametrize("file", [reading.GRAPH, reading.MANIFEST, "variables/variables.index", "other"])
def test_special_and_endless_files_are_refused_unread(tmp_path, file):
    """A pipe would be waited for, and a device never ends."""
    path = tmp_path / "copy"
    shutil.copytree(ARTIFACT, path)
    for make, message in (
        (os.mkfifo, "is a pipe or a device"),
        (lambda place: place.symlink_to("/dev/zero"), "is a pipe or a device"),
        (sparse, "has (1,099,511,627,776|more than 16,777,216) bytes"),
    ):
        (path / file).unlink(missing_ok=True)
        make(path / file)
        for function in (export.load, export.inspect):
            with pytest.raises(ArtifactError, match=message):
                function(path)


def test_impossible_names_of_files_are_missing_files(tmp_path):
    """An asset whose name is too long, and a number of shards that would fill the memory."""
    found = reading.message(ARTIFACT)[0].meta_graphs[0]
    found.asset_file_def.add(filename="x" * 5000)
    found.object_graph_def.nodes.add(variable={"dtype": 1})
    (tmp_path / "variables").mkdir()
    for total in ("99999999999", "1x"):
        (tmp_path / f"variables/variables.data-00000-of-{total}").touch()
    missing = reading.missing_files(tmp_path, found)
    assert missing == [
        f"assets/{'x' * 5000}", "variables/variables.index", "variables/variables.data-00000-of-00001"
    ]  # fmt: skip


def test_a_graph_without_the_usual_attributes_can_be_inspected(tmp_path):
    def change(meta):
        meta.graph_def.node.add(op="Const")
        forged.attribute(meta.graph_def.node.add(op="VarHandleOp"), "shared_name", s=b"\xff")

    found = export.inspect(forged.forged(tmp_path, change))
    assert found.operators["VarHandleOp"] == 1


@pytest.mark.parametrize("names", [("twice",), ("default", "twice")])
def test_a_signature_called_as_a_form_makes_no_artifact_of_ours(tmp_path, names):
    """Ours has no variables, and no other signatures."""

    def change(message):
        signatures = message.meta_graphs[0].signature_def
        signatures["generate"].CopyFrom(signatures["twice"])

    assert reading.manifest(handmade.changed(handmade.written(tmp_path, *names), change)) == {}


def test_inspect_needs_no_tensorflow_and_nothing_that_it_could_restore(artifacts, tmp_path):
    """Ours, and others with an unknown operator, a table, without variables, of TensorFlow 1, without a signature."""
    ours = artifacts["saved_model", "sequence"]
    paths = [
        handmade.with_unknown_operator(tmp_path), handmade.with_table(tmp_path), handmade.of_tensorflow_1(tmp_path),
        handmade.without(handmade.written(tmp_path, "default"), "variables"), handmade.written(tmp_path, name="none"),
    ]  # fmt: skip
    shutil.rmtree(tmp_path / "table/assets")
    code = f"""
        import sys
        sys.modules["tensorflow"] = sys.modules["keras"] = None
        import export
        for path in {[str(path) for path in [ours, *paths]]!r}:
            print(export.inspect(path))
    """
    done = python(code)
    assert done.returncode == 0, done.stderr
    for text in ("1 AcmeMatMul", "word string[any] → id int64[any]", "x float32[any, 3] → y float32[any, 2]",
                 "a float32[any, 3] → z float32[any, 2]", "step: x int32[any, 1, ", "card: lstm_music"):  # fmt: skip
        assert text in done.stdout
