"""A TFLite file written by hand, run by the plain interpreter."""

import numpy as np
import pytest

from export.formats.tflite.runtime import open_
from export.signature import Signature, Tensor
from tests.export.formats.tflite.handmade import ADDED, model, written
from zoo.errors import ArgumentError, ArtifactError


def signature(batch, inputs="xy", outputs=("sum", "next"), form="sequence"):
    sides = ([Tensor(name, (batch, 3), "float32") for name in names] for names in (inputs, outputs))
    return Signature(form, *map(tuple, sides))


def example(batch=1):
    x = np.arange(3 * batch, dtype=np.float32).reshape(batch, 3)
    return x, 100 * x + 7


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("inputs", ["xy", "yx"])
@pytest.mark.parametrize("outputs", [("sum", "next"), ("next", "sum")])
def test_order_is_that_of_the_signature_expected(tmp_path, free, inputs, outputs):
    """Whatever the order in the file is."""
    expected = signature(None if free else 1, inputs, outputs)
    engine = open_(written(tmp_path, model(free=free)), expected)
    assert engine.signature == expected
    for batch in (2, 1, 3) if free else (1,):
        x, y = example(batch)
        found = dict(zip(outputs, engine.run([x, y] if inputs == "xy" else [y, x]), strict=True))
        np.testing.assert_array_equal(found["sum"], x + y + ADDED)
        np.testing.assert_array_equal(found["next"], y + ADDED)


def test_without_a_signature_expected_the_first_of_the_file_is_taken(tmp_path):
    engine = open_(written(tmp_path, model("serving_default")), None)
    assert (engine.name, engine.signature.form) == ("tflite", "serving_default")
    assert {tensor.name for tensor in engine.inputs} == {"x", "y"}
    x, y = example()
    np.testing.assert_array_equal(engine(x=x, y=y)["sum"], x + y + ADDED)
    with pytest.raises(ArgumentError, match=r"x: shape \(2, 3\) given, float32\[1, 3\] wanted"):
        engine(x=np.zeros((2, 3)), y=y)


def test_without_any_signature_the_names_of_tensors_are_taken(tmp_path):
    given = model("")
    given.subgraphs[0].tensors[1].name = None
    engine = open_(written(tmp_path, given), None)
    assert [tensor.name for tensor in engine.inputs] == ["in_y", "1"]
    assert [tensor.name for tensor in engine.outputs] == ["out_next", "out_sum"]
    for batch in (1, 2):  # a file of fixed shape can be resized
        x, y = example(batch)
        following, total = engine.run([y, x])
        np.testing.assert_array_equal(total, x + y + ADDED)
        np.testing.assert_array_equal(following, y + ADDED)


def test_results_are_copies(tmp_path):
    """The interpreter uses its memory again."""
    engine = open_(written(tmp_path, model()), signature(1))
    x, y = example()
    first, _ = engine.run([x, y])
    engine.run([x + 1, y])
    np.testing.assert_array_equal(first, x + y + ADDED)


@pytest.mark.parametrize("form", ["step", ""])
def test_a_signature_that_the_file_lacks(tmp_path, form):
    with pytest.raises(ArtifactError, match=r"a\.tflite has no signature sequence: export it again"):
        open_(written(tmp_path, model(form)), signature(1))


@pytest.mark.parametrize("content", [b"", b"no model at all", b"\x1c\0\0\0TFL3" + bytes(range(40))])
def test_what_is_no_tflite_file_is_refused(tmp_path, content):
    (tmp_path / "a.tflite").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"a\.tflite is not a TFLite file, or is damaged: ."):
        open_(tmp_path / "a.tflite", None)
