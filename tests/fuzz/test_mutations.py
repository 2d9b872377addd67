"""The generators of inputs: they change everything, and the same seed makes the same input."""

import json
import random

import numpy as np
import pytest

from export.formats.tflite.schema import operators
from export.formats.tflite.structure import read
from tests.fuzz import damage, documents, protobufs, tflite_graphs, tflite_objects
from tests.fuzz.artifacts import network
from tests.fuzz.mutations import mutants, sampled


def test_mutants_change_every_field():
    content = {"a": 1, "b": {"c": ["x"]}}
    texts = {text for _, text in mutants(content)}
    for wanted in ({"b": {"c": ["x"]}}, {"a": 1, "b": {}}, {"a": None, "b": {"c": ["x"]}}, {"a": 1, "b": {"c": []}}):
        assert json.dumps(wanted) in texts
    assert any(text.count('"a": 1') == 2 for text in texts)
    assert list(sampled(content, 5, 1)) == list(sampled(content, 5, 1)) != list(sampled(content, 5, 2))
    assert documents.without_checksum('{"card_sha256": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize("name", ["tflite", "bytes"])
def test_most_inputs_are_changed_and_all_can_be_made_again(name):
    make = {"tflite": tflite_objects.mutated, "bytes": lambda data, rng: damage.damaged(rng, data)}[name]
    good = network("tflite")
    made = [make(good, random.Random(seed)) for seed in range(8)]
    assert len({*made}) > 5
    assert made == [make(good, random.Random(seed)) for seed in range(8)]


def test_protocol_buffers():
    onnx = pytest.importorskip("onnx")
    good, made = network("onnx"), []
    for seed in [*range(30), *range(30)]:
        made.append(onnx.ModelProto.FromString(good))
        protobufs.mutate(made[-1], random.Random(seed))
    made = [each.SerializeToString() for each in made]
    assert made[:30] == made[30:]
    assert len({*made}) > 20


def test_graphs_of_every_operator_are_generated():
    rng, found = random.Random(1), set()
    for _ in range(600):
        content = tflite_graphs.generated(rng)
        found |= {entry.builtin for entry in read(content).codes}
    assert len(found) > 0.9 * len(operators())


def test_inputs_have_their_shape():
    for dtype in ("float32", "int32", "int64", "int8", "uint8", "bool"):
        array = tflite_graphs.values(random.Random(3), (2, 0, 3), dtype)
        assert (array.shape, array.dtype) == ((2, 0, 3), np.dtype(dtype))
