"""The rules of single operators: those of numbers here, the others in files that break them (`test_checking`)."""

from types import SimpleNamespace

import numpy as np
import pytest

from export.formats.tflite import rules
from export.formats.tflite.schema import operators
from zoo.errors import ArtifactError

ROWS = {row.name: row for row in operators().values()}
PLACES = [(name, place) for name, found in rules.VALUES.items() for place in found]


def checked(name, place, *numbers):
    """Check an operator with constants in one place."""
    inputs = [None] * 3
    inputs[place] = np.array(numbers, np.int64)
    rules.check_numbers(SimpleNamespace(row=ROWS[name], what=name), inputs)


@pytest.mark.parametrize(("name", "place"), PLACES)
def test_numbers_in_range_are_accepted_and_others_are_not(name, place):
    least, most = rules.VALUES[name][place]
    for number in (least, 1, most):
        checked(name, place, number)
    for number in (least - 1, most + 1, -(2**31), 2**40):
        with pytest.raises(ArtifactError, match=f"{name}: a number outside of {least} to {most} in its input {place}"):
            checked(name, place, 1, number)


@pytest.mark.parametrize("name", rules.SIZES)
def test_results_are_not_huge(name):
    side = min(1 << 15, rules.VALUES[name][rules.SIZES[name]][1])
    checked(name, rules.SIZES[name], side, 1)
    with pytest.raises(ArtifactError, match="it makes more than"):
        checked(name, rules.SIZES[name], side, side, side)


def test_rules_are_of_known_operators_and_inputs():
    assert {*rules.VALUES, *rules.SIZES, *rules.RULES} <= set(ROWS)
    for name, place in [*PLACES, *rules.SIZES.items()]:
        assert all(place < len(pattern.inputs) for pattern in ROWS[name].patterns if len(pattern.inputs) > 1)
    for row in ROWS.values():  # what must be a constant is looked at
        for pattern in row.patterns:
            told = {i for i, slot in enumerate(pattern.inputs) if "!" in slot.flags and set(slot.types) <= {*"il"}}
            weights = {"CONV_2D", "DEPTHWISE_CONV_2D", "STRIDED_SLICE", "UNIDIRECTIONAL_SEQUENCE_LSTM"}
            assert row.name in weights or told <= set(rules.VALUES.get(row.name, {})), row.name


def integers(*numbers, natural=False):
    return SimpleNamespace(letter="i", numbers=np.array(numbers, np.int32) if numbers else None, natural=natural)


ANY, NATURAL = integers(), integers(natural=True)


@pytest.mark.parametrize(
    ("name", "given", "is_natural"),
    [
        ("SHAPE", [ANY], True),
        ("MAXIMUM", [ANY, integers(1, 2)], True),
        ("MAXIMUM", [ANY, integers(1, -1)], False),
        ("MINIMUM", [NATURAL, ANY], False),
        ("PACK", [NATURAL, integers(3)], True),
        ("PACK", [NATURAL, integers(-3)], False),
        ("STRIDED_SLICE", [NATURAL, ANY, ANY, ANY], True),
        ("RESHAPE", [ANY, integers(1)], False),
        ("SUB", [NATURAL, integers(1)], False),
        ("WHILE", [NATURAL], False),
    ],
)
def test_remainders_are_of_natural_divisors(name, given, is_natural):
    checker, operator = SimpleNamespace(numbers=lambda tensor: tensor.numbers), SimpleNamespace(row=ROWS[name])
    assert rules.natural(checker, operator, given) == is_natural
    remainder = SimpleNamespace(row=ROWS["FLOOR_MOD"], what="FLOOR_MOD")
    divisor = integers(natural=is_natural)
    if is_natural:
        rules.RULES["FLOOR_MOD"](checker, None, remainder, [ANY, divisor], [ANY])
    else:
        with pytest.raises(ArtifactError, match="numbers that may be -1"):
            rules.RULES["FLOOR_MOD"](checker, None, remainder, [ANY, divisor], [ANY])
