"""The check at the inputs that an artifact was calibrated with."""

import numpy as np
import pytest

from export.tracing.source import Source
from export.verification.calibrated import check_usual
from export.verification.compare import TOLERANCES
from tests.conftest import FEATURES, user_model
from tests.export.verification.faults import (
    BOTH,
    FAULTS,
    RUNS,
    TOLERANCE,
    broken,
    dropped,
    failed_check,
    user_run,
    with_gate,
)
from zoo.errors import VerificationError
from zoo.runtime.signature import Face


def usual(face, count=3):
    """Inputs that a whole-number artifact might be made for."""
    rng = np.random.default_rng(5)
    return [face.source.sample(rng, 2, 40) for _ in range(count)]


@BOTH
def test_usual_inputs_pass_without_a_fault(faces, which):
    measured, tried = check_usual(faces[which], RUNS[which](), TOLERANCE, usual(faces[which]))
    assert tried == ["representative inputs"]
    assert 0 < measured["parity"] <= TOLERANCE
    assert 0 < measured["chain"] <= TOLERANCE
    assert measured["error"] > 0


@BOTH
@pytest.mark.parametrize("name", FAULTS)
def test_faults_fail_at_usual_inputs(faces, which, name):
    fault, check = FAULTS[name]
    run = broken(RUNS[which](), fault)
    assert failed_check(check_usual, faces[which], run, TOLERANCES["int8"], usual(faces[which])) == check


@BOTH
@pytest.mark.parametrize("gate", range(4))
def test_a_whole_gate_zeroed_fails_at_usual_inputs(faces, which, gate):
    run = with_gate(which, gate, np.zeros_like)
    samples, tolerance = usual(faces[which]), TOLERANCES["int8"]
    assert failed_check(check_usual, faces[which], run, tolerance, samples) == "parity"


@BOTH
def test_states_lost_after_a_single_usual_input_fail(faces, which):
    [sample] = usual(faces[which], 1)
    sample = [sample[0], *(np.zeros_like(state) for state in sample[1:])]
    run = broken(RUNS[which](), dropped)
    assert failed_check(check_usual, faces[which], run, TOLERANCES["int8"], [sample]) == "chain"


def test_states_lost_between_usual_inputs_fail(faces):
    def fault(run, inputs, calls):  # the first six calls are those of the parity check, the others of the chain
        return dropped(run, inputs, calls) if calls in (8, 12) else run(inputs)

    run = broken(user_run(), fault)
    assert failed_check(check_usual, faces["user"], run, TOLERANCE, usual(faces["user"])) == "chain"


def test_what_is_wrong_in_the_first_steps_alone_is_seen():
    """Of 40 steps a lost first one is 16 % of all, which int8 may lose, but half of the first four."""
    source = Source(user_model())
    face = Face(source, source.signature("sequence"))

    def fault(run, inputs, _):
        [y] = run(inputs)
        return [np.where(np.arange(y.shape[1])[:, None] < 1, 0, y)]

    samples = [[np.ones((2, 40, FEATURES), np.float32)]]
    with pytest.raises(VerificationError, match="y differs by 0.* early in representative inputs"):
        check_usual(face, broken(source.run, fault), TOLERANCES["int8"], samples)
    assert check_usual(face, source.run, TOLERANCE, samples) == ({"parity": 0, "error": 0}, ["representative inputs"])


@pytest.mark.parametrize(("count", "calls"), [(1, 2 * 1 + 2 * 4), (5, 2 * 5 + 2 * 5), (10, 2 * 10 + 2 * 8)])
def test_number_of_calls(faces, count, calls):
    """Everything twice: the samples, then at most eight of them chained, at least four."""
    made, run = [], faces["user"].source.run
    check_usual(faces["user"], lambda arrays: made.append(1) or run(arrays), TOLERANCE, usual(faces["user"], count))
    assert len(made) == calls
