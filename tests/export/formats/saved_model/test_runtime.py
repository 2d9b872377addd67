"""What stands in the way of running a SavedModel, and what runs."""

import shutil
import sys

import numpy as np
import pytest

import export
from export.formats.saved_model import runtime
from tests.export.artifacts import load_quietly
from tests.export.foreign import A, Z
from tests.export.formats.saved_model import forged, handmade
from zoo.errors import ArgumentError, ArtifactError


def several(folder):
    return handmade.written(folder, "product", "twice")


def test_one_of_several_signatures_is_chosen_by_its_name(tmp_path):
    path = several(tmp_path)
    with pytest.raises(
        ArtifactError,
        match="has the signatures product, twice and no serving_default: choose one, such as form='product'",
    ):
        load_quietly(path, trust=True)
    with pytest.warns(UserWarning, match="was not written by export.save"):
        run = export.load(path, form="product", trust=True)
    np.testing.assert_array_equal(run(A), Z)
    with pytest.raises(ArgumentError, match="form='step': .* has product, twice"):
        export.load(path, form="step", trust=True)
    assert list(export.inspect(path).signatures) == ["product", "twice"]
    for name in ("default", "twice"):
        names = {"default": ("default", "product")}.get(name, (name,))
        path = handmade.written(tmp_path, *names, name=f"with {name}")
        assert len(load_quietly(path, trust=True).inputs) == {"default": 1}.get(name, 2)


def test_an_input_of_any_number_of_axes(tmp_path):
    run = load_quietly(handmade.written(tmp_path, "twice"), trust=True)
    assert run.signature.text() == "a float32[2], b float32[any shape] → x float32[2], y float32[any shape]"
    for b in (np.ones((2, 3), np.float32), np.ones((2, 1, 1), np.float32)):
        np.testing.assert_array_equal(run(a=[1, 2], b=b)["y"], 2 * b)
    with pytest.raises(ArgumentError, match=r"a: shape \(3,\) given"):
        run(a=[1, 2, 3], b=[1, 2])


@pytest.mark.parametrize(("files", "message"), [
    (["variables"], r"variables/variables\.index, variables/variables\.data-00000-of-00001 missing: copy the whole"),
    (["variables/variables.index"], r"foreign: variables/variables\.index missing"),
    (["variables/variables.data-00000-of-00001"], r"foreign: variables/variables\.data-00000-of-00001 missing"),
])  # fmt: skip
def test_missing_files_are_named(tmp_path, files, message):
    path = handmade.without(handmade.written(tmp_path, "default"), *files)
    with pytest.raises(ArtifactError, match=message):
        runtime.open_(path, None)


def test_a_missing_shard_and_a_missing_asset_are_named(tmp_path):
    path = handmade.written(tmp_path, "default")
    (path / "variables/variables.data-00000-of-00001").rename(path / "variables/variables.data-00001-of-00003")
    with pytest.raises(ArtifactError, match=r"data-00000-of-00003, variables/variables\.data-00002-of-00003 missing"):
        runtime.open_(path, None)
    path = handmade.without(handmade.with_table(tmp_path), "assets/words.txt")
    with pytest.raises(ArtifactError, match=r"assets/words\.txt missing"):
        runtime.open_(path, None)


@pytest.mark.parametrize(("make", "message"), [
    (lambda folder: handmade.written(folder), r"has no signature, only functions that Python calls: .*signatures=…"),
    (handmade.of_tensorflow_1, "was written by TensorFlow 1: it has a graph but no functions"),
    (several, "no serving_default: choose one"),
])  # fmt: skip
def test_refusals_that_need_no_tensorflow_come_before_it(tmp_path, monkeypatch, make, message):
    path = make(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ArtifactError, match=message):
        load_quietly(path, trust=True)


def with_a_graph_as_data(folder):
    """Write a function that runs a graph stored as a text, which writes a file."""
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        written = tf.raw_ops.WriteFile(filename=tf.constant(str(folder / "written")), contents=tf.constant("gotcha"))
        with tf.control_dependencies([written]):
            component = tf.identity(tf.constant([1.0]))
        dataset = tf.raw_ops.TensorDataset(components=[component], output_shapes=[[1]])
    definition = graph.as_graph_def()
    returned = definition.node.add(name="returned", op="_Retval", input=[dataset.op.name])
    returned.attr["T"].type, returned.attr["index"].i = tf.variant.as_datatype_enum, 0

    class Evil(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((), tf.float32, "a")])
        def run(self, a):
            found = tf.raw_ops.DatasetFromGraph(graph_def=definition.SerializeToString())
            return {"y": a + tf.cast(tf.raw_ops.DatasetCardinality(input_dataset=found), tf.float32)}

    evil = Evil()
    tf.saved_model.save(evil, str(folder / "evil"), signatures=evil.run)
    return folder / "evil"


def test_a_graph_as_data_runs_only_if_it_is_trusted(tmp_path, monkeypatch):
    import tensorflow as tf

    path = with_a_graph_as_data(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(tf.saved_model, "load", lambda *_: pytest.fail("restored"))
        with pytest.raises(ArtifactError, match=r"it contains .*DatasetFromGraph in the function __inference_run_\d+"):
            runtime.open_(path, None)
    assert load_quietly(path, trust=True)(np.float32(1)) == 2
    assert (tmp_path / "written").read_text() == "gotcha"


def test_trust_runs_what_is_not_in_the_table(tmp_path):
    """A table that is filled from a file."""
    path = handmade.with_table(tmp_path)
    with pytest.raises(ArtifactError, match="InitializeTableFromTextFileV2 in the function "):
        runtime.open_(path, None)
    np.testing.assert_array_equal(load_quietly(path, trust=True)(np.array(["b", "z"], object)), [1, -1])
    with pytest.raises(ArtifactError, match="Op type not registered 'AcmeMatMul'"):
        load_quietly(handmade.with_unknown_operator(tmp_path), trust=True)


def test_tensorflow_sees_nothing_of_a_folder_but_the_graph_that_was_checked(tmp_path, monkeypatch):
    """Neither variables nor other files; nothing is left behind."""
    import tensorflow as tf

    seen, load = [], tf.saved_model.load

    def spied(folder, **options):
        seen.append(folder)
        assert tf.io.gfile.glob(f"{folder}/*") == [f"{folder}/saved_model.pb"]
        return load(folder, **options)

    path = tmp_path / "model"
    shutil.copytree(forged.ARTIFACT, path)
    for file in path.glob("variables/*"):
        file.write_bytes(b"no table")
    forged.sealed(path)
    monkeypatch.setattr(tf.saved_model, "load", spied)
    assert export.load(path).generate(steps=2, seed=1) == export.load(forged.ARTIFACT).generate(steps=2, seed=1)
    assert len(set(seen)) == 2
    assert not any(tf.io.gfile.exists(f"{folder}/saved_model.pb") for folder in seen)


def test_what_tensorflow_says_is_passed_on_in_one_line(tmp_path):
    path = handmade.written(tmp_path, "default")
    (path / "variables/variables.index").write_bytes(b"no table")
    with pytest.raises(
        ArtifactError, match=r"TensorFlow [\d.]+ cannot restore it, or it is damaged: \w+: .+"
    ) as caught:
        load_quietly(path, trust=True)
    assert "\n" not in str(caught.value)


def test_a_saved_model_of_ours_without_the_form_asked_for(artifacts):
    from zoo.runtime.signature import Signature

    with pytest.raises(ArtifactError, match="has no signature sequence, it has serving_default, step"):
        runtime.open_(artifacts["saved_model", "step"], Signature("sequence", (), ()))


def test_inputs_have_names_and_no_order(artifacts):
    """A SavedModel has no order of its own: it is called by name."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(artifacts["saved_model", "sequence"]))
    assert set(loaded.signatures["sequence"].structured_input_signature[1]) == {"x", "h0_0", "c0_0"}
    assert [tensor.name for tensor in export.load(artifacts["saved_model", "sequence"]).engine.inputs] == [
        "x",
        "h0_0",
        "c0_0",
    ]
