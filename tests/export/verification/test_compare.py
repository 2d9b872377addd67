"""Comparisons of numbers, names, shapes and types."""

from dataclasses import replace

import numpy as np
import pytest

from export.tracing.source import Source
from export.verification import compare
from tests.conftest import FEATURES
from tests.export.verification.faults import BOTH, failed_check, first_input, first_output
from zoo.core.task import names
from zoo.errors import VerificationError
from zoo.runtime.signature import Face, Signature, Tensor


def test_differences():
    a = np.array([[1.0, 1000.0]], np.float32)
    for measure in (compare.difference, compare.rms_difference):
        assert measure(a, a) == 0
        assert measure(a, a[:, :1]) == measure(a, np.full_like(a, np.inf)) == float("inf")
        assert measure(a[:0], a[:0]) == 0
    assert compare.difference(a, a + np.float32([[0, 1]])) == pytest.approx(1e-3)
    assert compare.difference(np.float32([0.1]), np.float32([0.2])) == pytest.approx(0.1)  # small values: as they are
    assert compare.difference(np.array([1, 2]), np.array([1, 3])) == float("inf")
    assert compare.rms_difference(np.float32([0.1]), np.float32([0.2])) == pytest.approx(1)
    assert compare.rms_difference(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5])) == 0.25


def test_words_are_the_same_or_not():
    words, others = np.array(["to", "be"], object), np.array(["to", "do"], object)
    assert (compare.difference(words, words.copy()), compare.difference(words, others)) == (0, float("inf"))
    assert failed_check(compare.check_repeat, [words], [others], "here") == "repeat"
    compare.check_repeat([words], [words.copy()], "here")


def test_small_values_beside_large_ones_count():
    """Features as they are (a time stamp) beside a layer's output: losing the layer is not a rounding error."""
    expected, found = np.float32([[1e6, 0.5]]), np.float32([[1e6, -0.5]])
    assert compare.difference(expected, found) > compare.TOLERANCES["float32"]


SIGNATURE_FAULTS = {
    "renamed input": lambda s: first_input(s, name="input"),
    "renamed state": lambda s: replace(s, inputs=(s.inputs[0], replace(s.inputs[1], name="hidden"), s.inputs[2])),
    "renamed output": lambda s: first_output(s, name="logits"),
    "inputs in another order": lambda s: replace(s, inputs=s.inputs[::-1]),
    "outputs in another order": lambda s: replace(s, outputs=s.outputs[::-1]),
    "batch fixed": lambda s: first_input(s, shape=(1, *s.inputs[0].shape[1:])),
    "time fixed": lambda s: first_input(s, shape=(None, 9, s.inputs[0].shape[2])),
    "features free": lambda s: first_input(s, shape=(None, None, None)),
    "axis added": lambda s: first_input(s, shape=(*s.inputs[0].shape, None)),
    "another dtype": lambda s: first_input(s, dtype="int64"),
    "another dtype out": lambda s: first_output(s, dtype="float16"),
    "another form": lambda s: replace(s, form="step"),
    "input missing": lambda s: replace(s, inputs=s.inputs[:-1]),
    "output missing": lambda s: replace(s, outputs=s.outputs[:-1]),
    "output added": lambda s: replace(s, outputs=(*s.outputs, Tensor("z", (None,), "float32"))),
    "output of other size": lambda s: first_output(s, shape=(None, None, 5)),
    "output with another axis": lambda s: first_output(s, shape=(None, None)),
    "time of output fixed": lambda s: first_output(s, shape=(None, 1, s.outputs[0].shape[2])),
    "batch of output fixed": lambda s: first_output(s, shape=(1, *s.outputs[0].shape[1:])),
}


@BOTH
@pytest.mark.parametrize("name", SIGNATURE_FAULTS)
def test_signature_check_fails(faces, which, name):
    expected = faces[which].signature
    compare.check_signature(expected, expected)
    assert failed_check(compare.check_signature, expected, SIGNATURE_FAULTS[name](expected)) == "signature"


def test_order_check_fails_where_a_tensor_stands_in_the_place_of_another(faces):
    signature = faces["user"].signature
    names = [tensor.name for tensor in signature.inputs], [tensor.name for tensor in signature.outputs]
    compare.check_order(signature, names)
    compare.check_order(signature, None)
    for side, which in enumerate(("inputs", "outputs")):
        for fault in (
            lambda n: n[::-1],
            lambda n: [*n[1:], n[0]],
            lambda n: n[:-1],
            lambda n: [*n, "z"],
            lambda n: ["", *n[1:]],
        ):
            broken_names = [fault(each) if i == side else each for i, each in enumerate(names)]
            assert failed_check(compare.check_order, signature, broken_names) == "order"
            with pytest.raises(VerificationError, match=f"{which} stand as .* instead of {', '.join(names[side])}"):
                compare.check_order(signature, broken_names)


def test_signature_check_lets_a_runtime_know_less_of_an_output(faces):
    expected = faces["user"].signature
    compare.check_signature(expected, first_output(expected, shape=(None, None, None)))


def test_signature_check_lets_a_runtime_know_the_length_of_an_output_where_steps_are_fixed():
    """It follows from the steps; where they are free, or for another size, it does not."""
    y = Tensor("y", (None, None, 4), "float32")
    for steps, known, passes in ((6, 3, True), (None, 3, False), (1, 3, False)):
        expected = Signature("sequence", (Tensor("x", (None, steps, 3), "float32"),), (y,))
        found = first_output(expected, shape=(None, known, 4))
        if passes:
            compare.check_signature(expected, found)
            found = first_output(expected, shape=(None, known, 5))
        assert failed_check(compare.check_signature, expected, found) == "signature"


def face_of(batch=None, steps=None):
    """A model with a still input first, and outputs with and without time."""
    import keras

    still, moving = keras.Input((2,), name="a"), keras.Input((None, FEATURES), name="b")
    hidden = keras.layers.GRU(2, return_sequences=True)(moving)
    model = keras.Model([still, moving], [keras.layers.Dense(2)(still), hidden, hidden[:, -1]])
    source = Source(model, every_state=True)
    return Face(source, source.signature("sequence", batch, steps))


def test_axes_of_a_signature_by_hand():
    for axes in ((None, None), (2, None), (None, 5), (2, 5)):
        face = face_of(*axes)
        assert compare.fixed_axes(face) == axes
        assert compare.timed_outputs(face) == [False, True, False, False]


def test_shapes_must_be_those_of_the_signature(faces):
    face = faces["user"]
    good = [np.zeros((2, 9, 4)), np.zeros((2, 4)), np.zeros((2, 4))]
    compare.check_shapes(face, good, "here")
    with pytest.raises(VerificationError, match=r"cn_0 \(None, 4\) has the shape \(2, 3\) at here"):
        compare.check_shapes(face, [*good[:2], np.zeros((2, 3))], "here")
    assert failed_check(compare.check_shapes, face, [np.zeros((2, 9, 5)), *good[1:]], "here") == "signature"


def test_the_same_call_gives_the_same_bits():
    first = [np.float32([1, np.nan]), np.int32([3])]
    compare.check_repeat(first, [array.copy() for array in first], "here")
    for again in (
        [np.nextafter(first[0], np.float32(2)), first[1]],
        [first[0], np.int32([4])],
        [first[0][:1], first[1]],
    ):
        assert failed_check(compare.check_repeat, first, again, "here") == "repeat"


def test_within_returns_the_largest_difference_and_names_the_output_that_exceeds_it(faces):
    face, expected = faces["user"], [np.zeros((1, 1), np.float32) for _ in range(3)]
    found = [array + np.float32(d) for array, d in zip(expected, (0.25, 0.5, 0.125), strict=True)]
    args = face, expected, found
    assert compare.within("parity", *args, 0.5, "here", compare.difference) == 0.5
    with pytest.raises(VerificationError, match="hn_0 differs by 0.5 here, allowed is 0.4") as caught:
        compare.within("chain", *args, 0.4, "here", compare.difference)
    assert caught.value.check == "chain"
    for missing in (
        (face, expected[:2], found),
        (face, expected, found[:2]),
        (face, [*expected, found[0]], [*found, found[0]]),
    ):
        with pytest.raises(VerificationError, match="an output differs by inf here"):
            compare.within("parity", *missing, 0.5, "here", compare.difference)
    assert failed_check(compare.within, "parity", *args, 0.5, "here", lambda *_: float("nan")) == "parity"


def test_largest_error_is_absolute_and_of_floats_alone():
    expected = [np.float32([100, 1]), np.int32([1]), np.float32([[2]])]
    found = [np.float32([97, 1]), np.int32([50]), np.float32([[2.5]])]
    assert compare.largest_error(expected, found) == 3
    assert compare.largest_error(expected[1:2], found[1:2]) == 0
    assert compare.largest_error([expected[0][:0]], [found[0][:0]]) == 0


def test_tolerances_name_no_task():
    """A task that needs more room than its cells says so itself."""
    assert not set(names()) & {word for key in compare.TOLERANCES for word in key.split()}
