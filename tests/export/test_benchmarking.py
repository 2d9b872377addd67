"""Speed of a model in all formats; how long a function takes is told by a clock that only moves when it is moved."""

import keras
import pytest

from export import benchmarking
from export.benchmarking import Benchmark, Row, benchmark, in_turns
from export.formats import formats
from tests.conftest import FEATURES, randomized
from tests.export.models import around
from zoo.errors import ArgumentError


@pytest.fixture
def clock(monkeypatch):
    """What the clock shows, in a list of one; seconds."""
    now = [0.0]
    monkeypatch.setattr(benchmarking.time, "perf_counter", lambda: now[0])
    return now


def taking(clock, seconds, calls, name):
    def run():
        clock[0] += seconds
        calls.append(name)

    return run


def test_functions_take_turns_and_short_ones_are_repeated(clock):
    """At least 20 ms a measurement: 5 ms are repeated 4 times, 50 ms are long enough."""
    calls = []
    found = in_turns({"short": taking(clock, 0.005, calls, "s"), "long": taking(clock, 0.05, calls, "l")}, rounds=3)
    assert found == {"short": pytest.approx([0.005] * 3), "long": pytest.approx([0.05] * 3)}
    assert "".join(calls) == "ssll" + 3 * "ssssl"  # each was tried and then timed once


def test_a_load_of_the_machine_is_seen_in_its_round_alone(clock):
    """The median of the rounds leaves it out."""
    calls = []

    def run():
        calls.append(1)
        clock[0] += 0.5 if len(calls) == 4 else 0.1

    assert in_turns({"a": run}, rounds=3)["a"] == pytest.approx([0.1, 0.5, 0.1])


def test_a_function_that_takes_no_time_is_not_repeated_for_ever(clock):
    calls = []
    assert in_turns({"a": taking(clock, 0.0, calls, "a")}, rounds=1) == {"a": [0.0]}
    assert len(calls) <= 2 + benchmarking.LEAST_SECONDS / 1e-6


def test_table_by_hand():
    rows = (
        Row("keras", "float32", 8.0, 1250.0, None, None),
        Row("onnx", "int8", 0.5, 20000.0, 1_234_567, 0.0123),
        Row("tflite", "float16", note="none: no operator"),
    )
    head, names, _, *lines = str(Benchmark(5, 2, rows)).splitlines()
    assert head == "batch 2, 5 steps a call, one thread"
    assert names.split("  ")[0] == "format"
    assert [line.split() for line in lines] == [
        ["keras", "float32", "8.00", "1.0", "1,250"],
        ["onnx", "int8", "0.50", "16.0", "20,000", "1.23", "1.2e-02"],
        ["tflite", "float16", "none:", "no", "operator"],
    ]


def test_measurements_of_every_format():
    found = {}
    for (name, precision), row, options in benchmarking._variants(5, 2):
        assert row is formats()[name]
        found.setdefault(name, {})[precision] = options
    assert found["tflite"] == {
        "float32": {"quantize": None},
        "float32, fixed shape": {"quantize": None, "steps": 5, "batch": 2},
        "float16": {"quantize": "float16"},  # is computed in float32, however fixed the shape is
        "int8": {"quantize": "int8"},
        "int8, fixed shape": {"quantize": "int8", "steps": 5, "batch": 2},
    }
    assert list(found["onnx"]) == ["float32", "float16", "int8"]
    assert list(found["saved_model"]) == ["float32"]


def test_a_format_that_cannot_hold_the_model_has_a_note(monkeypatch, few_shapes):
    """The others are measured: milliseconds and steps a second of the median, and what `export.save` reports."""
    model = randomized(around(lambda x: keras.ops.argmax(x, axis=-1)))
    variants = [v for v in benchmarking._variants(5, 2) if v[0] in (("onnx", "float32"), ("saved_model", "float32"))]
    monkeypatch.setattr(benchmarking, "_variants", lambda *_: variants)
    monkeypatch.setattr(
        benchmarking, "in_turns", lambda runs: {key: [0.5, 0.002, 0.001] for key in runs if run_all(runs)}
    )
    found = benchmark(model, steps=5, batch=2)
    rows = {row.format: row for row in found.rows}
    assert list(rows) == ["keras", "onnx", "saved_model"]
    assert (rows["onnx"].ms, rows["onnx"].size) == (None, None)
    assert rows["onnx"].note.startswith("none: own")
    for name in ("keras", "saved_model"):
        assert (rows[name].ms, rows[name].note) == (pytest.approx(2.0), "")
        assert rows[name].steps_per_second == pytest.approx(5 * 2 / 0.002)
    assert rows["keras"].size is None
    assert rows["saved_model"].size > 1000
    assert 0 <= rows["saved_model"].error < 1e-5
    assert "none: own" in str(found)


def run_all(runs):
    """Run all functions, at shapes that none was traced for, and say that it went well."""
    return all(len(run()) == 1 for run in runs.values())


@pytest.mark.parametrize(("options", "message"), [({"steps": 0}, "steps=0"), ({"batch": 1.5}, "batch=1.5")])
def test_sizes_that_are_none(options, message):
    model = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.GRU(2)])
    with pytest.raises(ArgumentError, match=f"{message}: give a whole number of at least 1"):
        benchmark(model, **options)
