"""How often both choose the same class: which outputs count, and which do not."""

import keras
import numpy as np
import pytest

from export.tracing.source import Source
from export.verification import checks, compare
from export.verification.agreement import Agreement, is_distribution
from tests.conftest import randomized
from tests.zoo_of_layers import L
from zoo.errors import VerificationError
from zoo.runtime.signature import Face


def face_of(*outputs):
    """A model of a dense layer with each of the activations."""
    x = keras.Input((None, 3))
    h = L.SimpleRNN(4, return_sequences=True)(x)
    made = [L.TimeDistributed(L.Dense(5))(h) if name == "steps" else L.Dense(5, name)(h) for name in outputs]
    source = Source(randomized(keras.Model(x, made)), every_state=True)
    return Face(source, source.signature("sequence"))


def test_distributions_and_logits_count_and_other_outputs_and_states_do_not():
    face = face_of("softmax", "linear", "tanh", "steps")
    expected = face.source.run(face.source.sample(np.random.default_rng(0), 4, 6))
    agreement = Agreement(face)
    agreement.count(expected, [-array for array in expected])
    assert agreement.measured() == {"argmax agreement": 0.0, "argmax rows": 3 * 4 * 6}
    agreement.count(expected, expected)
    assert agreement.measured() == {"argmax agreement": 0.5, "argmax rows": 2 * 3 * 4 * 6}


def test_nothing_is_measured_without_scores():
    face = face_of("tanh")
    agreement = Agreement(face)
    agreement.count(*[face.source.run(face.source.sample(np.random.default_rng(0), 2, 3))] * 2)
    assert agreement.measured() == {}


def test_rows_of_probabilities():
    assert is_distribution(np.float32([[0.2, 0.8], [1, 0]]))
    assert not is_distribution(np.float32([[0.2, 0.8], [1, 0.1]]))
    assert not is_distribution(np.float32([[-0.2, 1.2]]))


@pytest.fixture(scope="module")
def saturated():
    """A classifier that is sure of everything, and the same with one row in 40 flipped: few calls show it."""
    face = face_of("softmax")
    network = face.source.network
    network.layers[-1].kernel.assign(network.layers[-1].kernel * 40)

    def run(arrays):
        y, *states = face.source.run(arrays)
        wrong = np.abs(arrays[0]).sum(-1, keepdims=True) * 1e4 % 40 < 1
        return [np.where(wrong, np.roll(y, 1, -1), y), *states]

    return face, run


def test_a_rare_wrong_class_is_found_in_many_rows(saturated, monkeypatch):
    face, run = saturated
    tolerance = compare.TOLERANCES["int8"]
    measured, tried = checks.check_parity(face, run, 0.5, compare.rms_difference)
    assert "256 rows, time 12" in tried
    assert measured["argmax agreement"] == pytest.approx(39 / 40, abs=0.01)
    assert measured["argmax rows"] == sum(b * t for b, t in checks.SHAPES) + 256 * 12
    assert measured["parity"] == pytest.approx(np.sqrt(2 / 40), abs=0.05)
    assert measured["parity"] > tolerance
    with pytest.raises(VerificationError, match="allowed is 0.2; rounding loses too much") as caught:
        checks.check_parity(face, run, tolerance, compare.rms_difference)
    assert caught.value.check == "parity"
    assert "argmax agreement" not in checks.check_parity(face, face.source.run, 1e-4)[0]


@pytest.mark.parametrize(
    ("batch", "numbers", "rows"), [(None, 2**21, 256), (None, 360, 10), (3, 2**21, 192), (400, 2**21, 400)]
)
def test_rows_of_a_fixed_batch_come_in_several_calls(saturated, monkeypatch, batch, numbers, rows):
    monkeypatch.setattr(checks, "MOST_NUMBERS", numbers)
    monkeypatch.setattr(checks, "SHAPES", ((1, 2),))
    source, sizes = saturated[0].source, []

    def run(arrays):
        sizes.append(len(arrays[0]))
        return source.run(arrays)

    _, tried = checks.check_parity(Face(source, source.signature("sequence", batch)), run, 1e-3, compare.rms_difference)
    assert tried[-1] == f"{rows} rows, time 12"
    assert set(sizes[2:]) == {batch or rows}
    assert sum(sizes[2:]) == 2 * rows
