"""What stands in the way of running a SavedModel, and what runs."""

import sys

import numpy as np
import pytest

import export
from export.formats.saved_model import runtime
from tests.export.artifacts import load_quietly
from tests.export.foreign import A, Z
from tests.export.formats.saved_model import handmade
from zoo.errors import ArgumentError, ArtifactError


def several(folder):
    return handmade.written(folder, "product", "twice")


def test_one_of_several_signatures_is_chosen_by_its_name(tmp_path):
    path = several(tmp_path)
    with pytest.raises(
        ArtifactError,
        match="has the signatures product, twice and no serving_default: choose one, such as form='product'",
    ):
        load_quietly(path)
    with pytest.warns(UserWarning, match="was not written by export.save"):
        run = export.load(path, form="product")
    np.testing.assert_array_equal(run(A), Z)
    with pytest.raises(ArgumentError, match="form='step': .* has product, twice"):
        export.load(path, form="step")
    assert list(export.inspect(path).signatures) == ["product", "twice"]
    for name in ("default", "twice"):
        names = {"default": ("default", "product")}.get(name, (name,))
        assert len(load_quietly(handmade.written(tmp_path, *names, name=f"with {name}")).inputs) == {"default": 1}.get(
            name, 2
        )


def test_an_input_of_any_number_of_axes(tmp_path):
    run = load_quietly(handmade.written(tmp_path, "twice"))
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
    (handmade.with_table, "it contains InitializeTableFromTextFileV2: such operators keep state.*only pure computation"),
])  # fmt: skip
def test_refusals_that_need_no_tensorflow_come_before_it(tmp_path, monkeypatch, make, message):
    path = make(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ArtifactError, match=message):
        load_quietly(path)


def with_counter(folder):
    """Write a function that changes a variable."""
    import tensorflow as tf

    class Counter(tf.Module):
        def __init__(self):
            super().__init__()
            self.count = tf.Variable(0.0)

        @tf.function(input_signature=[tf.TensorSpec((), tf.float32, "a")])
        def run(self, a):
            return {"y": self.count.assign_add(a)}

    counter = Counter()
    tf.saved_model.save(counter, str(folder / "counter"), signatures=counter.run)
    return folder / "counter"


@pytest.mark.parametrize(("make", "message"), [
    (handmade.with_unknown_operator, "it contains AcmeMatMul, which the installed TensorFlow does not have: load the library"),
    (with_counter, "it contains AssignAddVariableOp: such operators keep state"),
])  # fmt: skip
def test_operators_are_refused_before_anything_is_restored(tmp_path, monkeypatch, make, message):
    import tensorflow as tf

    path = make(tmp_path)
    monkeypatch.setattr(tf.saved_model, "load", lambda *_: pytest.fail("restored"))
    with pytest.raises(ArtifactError, match=message):
        load_quietly(path)


def test_what_tensorflow_says_is_passed_on_in_one_line(tmp_path):
    path = handmade.written(tmp_path, "default")
    (path / "variables/variables.index").write_bytes(b"no table")
    with pytest.raises(
        ArtifactError, match=r"TensorFlow [\d.]+ cannot restore it, or it is damaged: \w+: .+"
    ) as caught:
        load_quietly(path)
    assert "\n" not in str(caught.value)


def test_a_saved_model_of_ours_without_the_form_asked_for(artifacts):
    from export.signature import Signature

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
