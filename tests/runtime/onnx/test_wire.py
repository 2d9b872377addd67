"""ONNX files read byte by byte, compared with what the library of ONNX reads."""

import random
import time

import numpy as np
import onnx
import pytest
from onnx import helper

from tests.conftest import ROOT
from tests.export.formats.onnx.handmade import constant, model_of, values
from zoo.errors import ArtifactError
from zoo.runtime.onnx import wire

OLD = (ROOT / "tests/data/v0_1/lstm_music_generate.onnx").read_bytes()


def small(**options):
    nodes = [helper.make_node("Concat", ["x", "w"], ["y"], axis=-1, name="joined", doc_string="why")]
    return model_of(nodes, values(x=("batch", 3)), values(y=None), [constant("w", np.float32([[1]]))], **options)


def test_a_model_is_read_as_the_library_reads_it():
    found, expected = wire.read(OLD), onnx.ModelProto.FromString(OLD)

    def compare(mine, theirs):
        assert [t.name for t in mine.initializers] == [t.name for t in theirs.initializer]
        assert [t.dims for t in mine.initializers] == [[*t.dims] for t in theirs.initializer]
        for a, b in zip(mine.nodes, theirs.node, strict=True):
            assert (a.kind, a.inputs, a.outputs, a.domain or "") == (b.op_type, [*b.input], [*b.output], b.domain)
            for p, q in zip(a.attributes, b.attribute, strict=True):
                assert (p.name, p.i or 0, p.ints, p.floats) == (q.name, q.i, [*q.ints], [*q.floats])
                if q.HasField("g"):
                    compare(p.graph, q.g)

    compare(found.graph, expected.graph)
    assert {entry.key: entry.value for entry in found.metadata} == {p.key: p.value for p in expected.metadata_props}
    assert (found.ir_version, found.producer) == (expected.ir_version, expected.producer_name)


def test_the_metadata_are_read_without_the_model():
    about = wire.top(OLD)
    assert [entry.key for entry in about.metadata][-1] == "sha256"
    assert about.producer == "rnn-zoo"
    assert len(wire.top(OLD[: about.tail]).metadata) == 0
    assert wire.read(OLD[: about.tail]).graph.nodes


def varied():
    """Bytes that are no file of ours, and what is said of them."""
    good = small().SerializeToString()
    twice = onnx.ModelProto(producer_name="a").SerializeToString()
    nested = onnx.ModelProto(graph=small().graph).SerializeToString()
    return {
        "nothing": (b"", "it is empty"),
        "cut": (good[:-3], "does not end in the file"),
        "a second graph": (good + nested, "has graph twice"),
        "a second producer": (twice + twice, "has producer twice"),
        "an unknown field": (good + b"\xfa\x06\x01a", "field 111"),
        "a group": (good + b"\x9b\x06", "field 99|does not end"),
        "no name": (b"\x12\x02\xe9a", "producer is no UTF-8"),
        "an endless number": (b"\x08" + b"\xff" * 12, "a number without an end"),
        "a text as a number": (b"\x0a\x01a", "ir_version is of another kind"),
        "a number as a graph": (b"\x38\x01", "graph is of another kind"),
    }


@pytest.mark.parametrize("case", varied())
def test_what_is_no_model_is_refused(case):
    content, message = varied()[case]
    with pytest.raises(ArtifactError, match=message):
        wire.read(content)


def test_changed_bytes_are_read_or_refused():
    good, rng = small().SerializeToString(), random.Random(0)
    for _ in range(1_000):
        changed = bytearray(good)
        for _ in range(rng.choice([1, 1, 3])):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        for function in (wire.read, wire.top):
            try:
                function(bytes(changed))
            except ArtifactError:
                continue


def test_many_messages_of_no_bytes_take_no_memory(monkeypatch):
    monkeypatch.setattr(wire, "MOST", 1_000)
    many = small()
    many.graph.node.extend([onnx.NodeProto()] * 2_000)
    began = time.process_time()
    with pytest.raises(ArtifactError, match="more than 1000 fields and numbers"):
        wire.read(many.SerializeToString())
    assert time.process_time() - began < 1


@pytest.mark.parametrize("content", [b"\x08\x0a" + b"\0" * 5000, b"\x3a\x88\x27" + b"\x12\0" * 2500])
def test_many_fields_are_not_read(content, monkeypatch):
    """Unknown ones, and fields of no bytes, in little time."""
    monkeypatch.setattr(wire, "MOST", 1_000)
    with pytest.raises(ArtifactError, match="more than 1000 fields and numbers"):
        wire.top(content if content[0] == 8 else b"\x08\x0a" * 2000)
    with pytest.raises(ArtifactError):
        wire.read(content)


def test_many_numbers_of_an_attribute_are_not_read(monkeypatch):
    monkeypatch.setattr(wire, "MOST", 1_000)
    many = small()
    many.graph.node[0].attribute.append(onnx.helper.make_attribute("odd", [1] * 2_000))
    with pytest.raises(ArtifactError, match="more than 1000 fields and numbers"):
        wire.read(many.SerializeToString())


def test_signed_numbers():
    assert [wire.signed(n) for n in (0, 5, 2**63 - 1, 2**63, 2**64 - 1)] == [0, 5, 2**63 - 1, -(2**63), -1]
