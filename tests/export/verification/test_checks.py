"""The checks of structure and numbers: of operators, at drawn inputs, and in a chain of calls."""

import numpy as np
import pytest

from export.formats import Face, Options, formats
from export.tracing.source import Source
from export.verification import checks, compare, verify
from tests.conftest import FEATURES, UNITS, user_model
from tests.export.verification.faults import (
    BOTH,
    FAULTS,
    RUNS,
    TOLERANCE,
    broken,
    dropped,
    failed_check,
    frozen,
    swapped_in,
    swapped_out,
    user_run,
    with_gate,
)
from zoo.errors import VerificationError


@BOTH
def test_checks_pass_without_a_fault(faces, which):
    measured, tried = checks.check_parity(faces[which], RUNS[which](), TOLERANCE)
    assert tried == [f"batch {batch}, time {time}" for batch, time in sorted(checks.SHAPES)]
    assert 0 < measured["parity"] <= measured["error"] <= TOLERANCE
    for whole in (verify.CHAIN_STEPS, 0):
        assert 0 < checks.check_chain(faces[which], RUNS[which](), TOLERANCE, whole) <= TOLERANCE


@BOTH
@pytest.mark.parametrize("name", FAULTS)
def test_parity_check_fails(faces, which, name):
    fault, check = FAULTS[name]
    assert failed_check(checks.check_parity, faces[which], broken(RUNS[which](), fault), TOLERANCE) == check


@BOTH
@pytest.mark.parametrize("gate", range(4))
@pytest.mark.parametrize("array", [0, 1, 2], ids=["kernel", "recurrent_kernel", "bias"])
def test_parity_check_fails_where_a_gate_is_scaled_by_one_percent(faces, which, gate, array):
    run = with_gate(which, gate, lambda part: part * 1.01, [array])
    for tolerance in (compare.TOLERANCES["zoo"], compare.TOLERANCES["float32"]):
        assert failed_check(checks.check_parity, faces[which], run, tolerance) == "parity"


def test_parity_check_looks_at_the_inputs_given():
    given = np.random.default_rng(3).normal(0, 1, (3, 6, 3)).astype(np.float32)
    source = Source(user_model(), given, every_state=True)
    face = Face(source, source.signature("sequence"))

    def fault(run, inputs, _):
        y, *state = run(inputs)
        return [y * 2 if np.array_equal(inputs[0], given) else y, *state]

    with pytest.raises(VerificationError, match="at the inputs given") as caught:
        checks.check_parity(face, broken(user_run(), fault), TOLERANCE)
    assert caught.value.check == "parity"


def test_parity_check_tries_several_lengths_wherever_time_is():
    """Also where an input without an axis of time comes first."""
    import keras

    still, moving = keras.Input((2,), name="a"), keras.Input((None, FEATURES), name="b")
    hidden = keras.layers.SimpleRNN(UNITS, return_sequences=True)(moving)
    source = Source(keras.Model([still, moving], [hidden, keras.layers.Dense(2)(still)]))
    face, run = Face(source, source.signature("sequence")), source.run
    seen = set()

    def fault(arrays):
        seen.add(arrays[1].shape[1])
        y, *rest = run(arrays)
        return [np.where(np.arange(y.shape[1])[:, None] < 32, y, 0), *rest]

    assert failed_check(checks.check_parity, face, fault, TOLERANCE) == "parity"
    assert seen & {33, 50}


@pytest.mark.parametrize(
    ("fixed", "tried"),
    [
        ((2, 7), ["batch 2, time 7"]),
        ((3, None), [f"batch 3, time {time}" for time in (1, 7, 33, 50)]),
        ((None, 4), [f"batch {batch}, time 4" for batch in (1, 2, 5)]),
    ],
)
def test_fixed_axes_are_tried_as_they_are(faces, fixed, tried):
    """In chains too: calls of the fixed number of steps."""
    source = faces["user"].source
    face, sizes = Face(source, source.signature("sequence", *fixed)), set()

    def run(arrays):
        sizes.add(arrays[0].shape[:2])
        return user_run()(arrays)

    assert checks.check_parity(face, run, TOLERANCE)[1] == tried
    sizes.clear()
    assert checks.check_chain(face, run, TOLERANCE, 0) <= TOLERANCE
    assert sizes == {(fixed[0] or 2, time) for time in ([fixed[1]] if fixed[1] else checks.CHUNKS)}


def test_parity_check_fails_if_nothing_could_be_compared(faces, monkeypatch):
    def refuse(_):
        raise ValueError("no length is right")

    monkeypatch.setattr(faces["user"].source, "run", refuse)
    assert failed_check(checks.check_parity, faces["user"], user_run(), TOLERANCE) == "parity"


def test_infinite_reference_is_no_agreement(faces, monkeypatch):
    """What cannot be compared has not passed."""
    broken_model = faces["user"].source.run
    monkeypatch.setattr(faces["user"].source, "run", lambda a: [np.full_like(t, np.nan) for t in broken_model(a)])
    assert failed_check(checks.check_parity, faces["user"], user_run(), TOLERANCE) == "parity"


def forgets(run, inputs, calls):
    """Drop the state once: deep in a long chain, in the middle of a short one."""
    return dropped(run, inputs, calls) if calls in (2, 150) else run(inputs)


@BOTH
@pytest.mark.parametrize("whole", [verify.CHAIN_STEPS, 0], ids=["single steps", "chunks"])
@pytest.mark.parametrize("fault", [forgets, frozen, dropped, swapped_in, swapped_out])
def test_chain_check_fails(faces, which, whole, fault):
    run = broken(RUNS[which](), fault)
    assert failed_check(checks.check_chain, faces[which], run, TOLERANCE, whole) == "chain"


def test_chain_check_fails_deep_in_the_chain(faces):
    run = broken(user_run(), lambda run, inputs, calls: dropped(run, inputs, calls) if calls == 150 else run(inputs))
    assert failed_check(checks.check_chain, faces["user"], run, TOLERANCE, verify.CHAIN_STEPS) == "chain"


GATES = pytest.mark.parametrize("gate", range(4))


@BOTH
@GATES
def test_a_whole_gate_zeroed_fails_at_the_tolerance_of_int8(faces, which, gate):
    run = with_gate(which, gate, np.zeros_like)
    tolerance = compare.TOLERANCES["int8"]
    assert failed_check(checks.check_parity, faces[which], run, tolerance, compare.rms_difference) == "parity"


@BOTH
@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"hidden state"}))
def test_faults_of_wiring_fail_at_the_tolerance_of_int8(faces, which, name):
    run = broken(RUNS[which](), FAULTS[name][0])
    tolerance = compare.TOLERANCES["int8"]
    assert failed_check(checks.check_parity, faces[which], run, tolerance, compare.rms_difference) == "parity"


@BOTH
def test_rounded_weights_pass_at_the_tolerance_of_int8(faces, which):
    def rounded(part):
        scale = np.abs(part).max() / 127
        return np.rint(part / scale) * scale

    for gate in range(4):
        run = with_gate(which, gate, rounded)
        measured, _ = checks.check_parity(faces[which], run, compare.TOLERANCES["float16"], compare.rms_difference)
        assert measured["parity"] > 1e-5
        assert failed_check(checks.check_parity, faces[which], run, TOLERANCE) == "parity"


LOOSE, FUSED, SCAN = Options(), Options(recurrence="fused"), Options(recurrence="scan")


@pytest.mark.parametrize(
    ("name", "options", "operators"),
    [
        ("onnx", LOOSE, ["LSTM", "Loop"]),
        ("onnx", LOOSE, ["Loop"]),
        ("onnx", LOOSE, ["LSTM", "Scan"]),
        ("onnx", LOOSE, ["MatMul"]),
        ("onnx", LOOSE, ["LSTM", "LSTM"]),
        ("onnx", LOOSE, ["GRU"]),
        ("onnx", LOOSE, ["LSTM", "PyFunc"]),
        ("onnx", LOOSE, ["LSTM", "Recurrent"]),
        ("onnx", Options(quantize="int8"), ["LSTM", "DynamicQuantizeLSTM"]),
        ("tflite", LOOSE, ["CUSTOM FlexTensorListReserve"]),
        ("tflite", LOOSE, ["WHILE", "FlexWhile"]),
        ("tflite", LOOSE, ["UNIDIRECTIONAL_SEQUENCE_LSTM"]),
        ("tflite", FUSED, ["WHILE"]),
        ("tflite", FUSED, ["UNIDIRECTIONAL_SEQUENCE_LSTM"] * 2),
        ("saved_model", LOOSE, ["While", "CudnnRNNV3"]),
        ("saved_model", LOOSE, ["EagerPyFunc"]),
        ("saved_model", LOOSE, ["PyFunc"]),
    ],
)
def test_structure_check_fails(faces, name, options, operators):
    row = formats()[name]
    expected = row.expected([faces["user"]], options)
    assert failed_check(checks.check_structure, name, expected, row.forbidden, operators) == "structure"


@pytest.mark.parametrize(
    ("name", "options", "operators"),
    [
        ("onnx", LOOSE, ["LSTM", "MatMul"]),
        ("onnx", SCAN, ["LSTM"]),
        ("tflite", LOOSE, ["WHILE"]),
        ("tflite", FUSED, ["UNIDIRECTIONAL_SEQUENCE_LSTM"]),
        ("saved_model", LOOSE, ["StatelessWhile"]),
    ],
)
def test_structure_check_passes(faces, name, options, operators):
    row = formats()[name]
    checks.check_structure(name, row.expected([faces["user"]], options), row.forbidden, operators)


def test_loops_of_the_model_itself_are_no_fault():
    """There may be more of them, never fewer."""
    expected = {"LSTM": 1, "Loop": 1}
    checks.check_structure("onnx", expected, [], ["LSTM", "Loop", "Loop"], ["Loop"])
    for operators, at_least in ((["LSTM", "Loop", "Loop"], []), (["LSTM"], ["Loop"]), (["Loop", "Loop"], ["Loop"])):
        assert failed_check(checks.check_structure, "onnx", expected, [], operators, at_least) == "structure"
