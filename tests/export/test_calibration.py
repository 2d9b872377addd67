"""Representative inputs, bound to the inputs of a model."""

import numpy as np
import pytest

from export.calibration import calibrated, samples
from export.formats import Face, Options
from export.tracing.source import Source
from tests import cells
from tests.conftest import FEATURES, UNITS, user_model
from zoo.errors import ArgumentError


@pytest.fixture(scope="module")
def source():
    return Source(user_model(), every_state=True)


@pytest.fixture(scope="module")
def face(source):
    return Face(source, source.signature("sequence", 1, 4))


def inputs(count):
    rng = np.random.default_rng(count)
    return [rng.normal(0, 1, (1, 4, FEATURES)).astype(np.float32) for _ in range(count)]


def bound(face, given):
    return calibrated(Options("int8", None, given), face).representative


def last(source, x, state):
    """The state after a sequence, by the equations."""
    return cells.over_time("lstm", x, source.network.layers[0].get_weights(), state)[1]


def test_samples_are_listed_once():
    assert samples(None) is None
    given = inputs(3)
    assert all(a is b for a, b in zip(samples(array for array in given), given, strict=True))
    assert samples(()) == []
    for wrong in (5, len):
        with pytest.raises(ArgumentError, match=r"^representative=.*: give inputs, each an array or a list of arrays"):
            samples(wrong)


def test_options_without_samples_are_left_as_they_are(face):
    options = Options("int8", "fused")
    assert calibrated(options, face) is options
    found = calibrated(Options("int8", "fused", inputs(1)), face)
    assert (found.quantize, found.recurrence, len(found.representative)) == ("int8", "fused", 1)
    assert bound(face, []) == []


def test_a_state_goes_on_from_sample_to_sample(face, source):
    """The first starts from zeros, each other from the state that the one before ended with."""
    given, state = inputs(3), [np.zeros((1, UNITS))] * 2
    for x, arrays in zip(given, bound(face, given), strict=True):
        np.testing.assert_array_equal(arrays[0], x)
        for found, expected in zip(arrays[1:], state, strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-6)
        state = last(source, x, state)


def test_a_state_that_a_sample_has_is_taken(face, source):
    """By position or by name, one of both or both; what it has not goes on."""
    x, (h, c) = inputs(3), [np.full((1, UNITS), value, np.float32) for value in (0.5, -0.25)]
    first, second, third = bound(face, [[x[0], h, c], {"x": x[1], "c0_0": c}, (x[2], h)])
    np.testing.assert_array_equal(first[1:], [h, c])
    np.testing.assert_array_equal(second[2], c)
    after = last(source, x[0], [h, c])
    np.testing.assert_allclose(second[1], after[0], atol=1e-6)
    np.testing.assert_array_equal(third[1], h)
    np.testing.assert_allclose(third[2], last(source, x[1], [after[0], c])[1], atol=1e-6)


def test_numbers_of_other_types_become_those_of_the_model(face):
    x = np.arange(4 * FEATURES).reshape(1, 4, FEATURES)
    for given in (x, [x], (x.tolist(),), {"x": x.astype(float)}):
        [[found, *_]] = bound(face, [given])
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, x)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((1, 5, FEATURES)), r"x: shape \(1, 5, 3\) given"),
        ({"y": np.zeros((1, 4, FEATURES))}, "y: unknown"),
        ({"h0_0": np.zeros((1, UNITS))}, "x: missing"),
        ([np.zeros((1, 4, FEATURES))] * 4, "4 inputs given"),
        ([], "x: missing"),
    ],
)
def test_a_sample_that_does_not_fit_is_refused(face, wrong, message):
    with pytest.raises(ArgumentError, match=message):
        bound(face, [*inputs(1), wrong])
