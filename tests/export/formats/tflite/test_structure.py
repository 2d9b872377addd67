"""Flatbuffers of which every offset, length and number may be wrong."""

import random
import struct
import time

import numpy as np
import pytest

from export.formats.tflite import structure
from export.formats.tflite.structure import name_of, read, read_options
from tests.export.formats.tflite.handmade import ADDED, code, model, schema, written
from zoo.errors import ArtifactError


@pytest.fixture
def content(tmp_path):
    return written(tmp_path, model(free=True)).read_bytes()


def test_all_that_is_in_a_file_is_read(content):
    found = read(content)
    [graph], [definition] = found.graphs, found.signatures
    assert (found.version, found.description, graph.name) == (3, "handmade", "main")
    assert (graph.inputs, graph.outputs, definition.key) == ((0, 1), (5, 6), "sequence")
    assert [(t.name, t.shape, t.free, t.type) for t in graph.tensors[:3]] == [
        ("in_y", (1, 3), (-1, 3), 0), ("in_x", (1, 3), (-1, 3), 0), ("a", (1, 3), None, 0)
    ]  # fmt: skip
    begin, length = found.buffers[1].data
    np.testing.assert_array_equal(np.frombuffer(content[begin : begin + length], np.float32), ADDED)
    assert [(o.inputs, o.outputs) for o in graph.operators] == [((0, 1), (4,)), ((0, 3), (5,)), ((4, 2), (6,))]
    read_options(content, found)
    assert {(o.row.name, o.options.activation) for o in graph.operators} == {("ADD", 0)}


def test_operators_have_names(tmp_path):
    given, s = model(), schema()
    given.operatorCodes = [code(s.BuiltinOperator.CUSTOM, "Own"), code(s.BuiltinOperator.GELU), code(999)]
    for i in range(3):
        given.subgraphs[0].operators[i].opcodeIndex = i
    found = read(written(tmp_path, given).read_bytes())
    assert [name_of(found, o)[0] for o in found.graphs[0].operators] == ["CUSTOM Own", "GELU", "999"]


def survives(content):
    """Tell whether a file is read; anything but the error of the house escapes."""
    try:
        read_options(content, read(content))
    except ArtifactError:
        return False
    return True


def test_files_that_end_early_are_refused(content):
    assert survives(content)
    assert not any(survives(content[:size]) for size in range(0, len(content), 5))


@pytest.mark.parametrize("word", [0, 1, -1, 7, 2**31 - 1, -(2**31), 2**16, -8])
def test_no_word_of_a_file_leads_out_of_it(content, word):
    refused = sum(
        not survives(content[:at] + struct.pack("<i", word) + content[at + 4 :]) for at in range(0, len(content) - 3, 4)
    )
    assert refused > len(content) // 40


def test_random_bytes_are_refused_or_read(content):
    rng = random.Random(0)
    for _ in range(300):
        changed = bytearray(content)
        for _ in range(rng.choice([1, 3, 20])):
            changed[rng.randrange(8, len(changed))] = rng.randrange(256)
        survives(bytes(changed))


def nested(slots, count):
    """A flatbuffer of tables in tables: in the field `slot` of each is a vector of `count` times the same table."""
    body = bytearray(struct.pack("<I4s", 0, b"TFL3"))
    holes = [0]  # where the offset to the next table must stand
    for slot in slots:
        rows = len(body)
        body += struct.pack(f"<{2 + slot + 1}H", 6 + 2 * slot, 8, *[0] * slot, 4)
        body += bytes(-len(body) % 4)
        table = len(body)
        for hole in holes:
            struct.pack_into("<I", body, hole, table - hole)
        body += struct.pack("<iII", table - rows, 4, count) + bytes(4 * count)
        holes = range(table + 12, len(body), 4)
    last = len(body) + 4
    for hole in holes:
        struct.pack_into("<I", body, hole, last - hole)
    return bytes(body + struct.pack("<HHi", 4, 4, 4))


def test_parts_that_are_used_again_and_again_take_no_time(monkeypatch):
    """Each of the graphs is the same one, and each of its operators."""
    few = read(nested([2, 3], 3))
    assert [len(graph.operators) for graph in few.graphs] == [3] * 3
    began = time.process_time()
    with pytest.raises(ArtifactError, match="its parts refer to one another again and again"):
        read(nested([2, 3], 2_000))
    assert time.process_time() - began < 2
    monkeypatch.setattr(structure, "MOST", 1_000)
    with pytest.raises(ArtifactError, match="more than 1000 tables"):
        read(nested([4], 1_001))
