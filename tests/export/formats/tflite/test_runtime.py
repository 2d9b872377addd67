"""A TFLite file written by hand, run by the plain interpreter."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from export.formats.tflite import runtime
from export.formats.tflite.flatbuffer import signatures
from export.formats.tflite.runtime import open_
from tests.export.formats.tflite.handmade import ADDED, added, entry, model, schema, signature, tensor, written
from zoo.errors import ArgumentError, ArtifactError


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


def two_signatures(folder):
    """The second signature is of a graph of its own: twice = y + y."""
    given, s = model("one"), schema()
    graph, definition = s.SubGraphT(), s.SignatureDefT()
    graph.tensors = [tensor("in_y", [1, 3], s.TensorType.FLOAT32), tensor("out", [1, 3], s.TensorType.FLOAT32)]
    graph.inputs, graph.outputs, graph.operators, graph.name = [0], [1], [added(0, 0, 1)], "second"
    definition.signatureKey, definition.subgraphIndex = "two", 1
    definition.inputs, definition.outputs = [entry("y", 0)], [entry("twice", 1)]
    given.subgraphs.append(graph)
    given.signatureDefs.append(definition)
    return written(folder, given)


def test_one_of_several_signatures_is_chosen_by_its_name(tmp_path):
    path, (x, y) = two_signatures(tmp_path), example()
    assert {name: found.text() for name, found in signatures(path).items()} == {
        "one": "x float32[1, 3], y float32[1, 3] → next float32[1, 3], sum float32[1, 3]",
        "two": "y float32[1, 3] → twice float32[1, 3]",
    }
    with pytest.raises(
        ArtifactError, match="has the signatures one, two and no serving_default: choose one, such as form='one'"
    ):
        open_(path, None)
    found = signatures(path)
    np.testing.assert_array_equal(open_(path, found["two"])(y), y + y)
    np.testing.assert_array_equal(open_(path, found["one"])(x=x, y=y)["sum"], x + y + ADDED)
    assert signatures(written(tmp_path, model(""))) is None


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


def test_further_interpreters_are_made_when_calls_overlap_and_used_again(monkeypatch):
    """At most one for each core; one that failed is not used again."""
    monkeypatch.setattr(runtime.os, "cpu_count", lambda: 3)
    inside, most, made = [], [], []

    def make():
        made.append(1)
        return run

    def run(arrays):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.002)
        inside.pop()
        if arrays is None:
            raise ValueError("no arrays")
        return arrays

    interpreters = runtime.Interpreters(make, run)
    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(interpreters, range(40))] == [*range(40)]
    assert max(most) == 3
    assert len(made) == 2
    with pytest.raises(ValueError, match="no arrays"):
        interpreters(None)
    assert len(interpreters.idle) == 2
    assert interpreters(7) == 7


def test_an_open_file_may_be_replaced(tmp_path):
    """Interpreters that are made later are of the network that was opened."""
    engine, (x, y) = open_(written(tmp_path, model(free=True)), signature(None)), example(2)
    written(tmp_path, model("step"))
    engine.run.idle.clear()
    np.testing.assert_array_equal(engine(x=x, y=y)["sum"], x + y + ADDED)
