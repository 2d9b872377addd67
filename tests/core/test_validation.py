"""Numbers within a range, and the reasons in the errors of others."""

import math

import numpy as np
import pytest

from zoo.core.validation import first_line, number
from zoo.errors import ArgumentError


@pytest.mark.parametrize(("value", "most"), [(1, 1), (2.5, 3), (3, 3), (10**30, math.inf), (np.float32(1.5), 2)])
def test_numbers_within_the_range_stay(value, most):
    assert number("n", value, 1, most) is value


@pytest.mark.parametrize("value", [3, 3.0, np.int64(3), np.float64(3)])
def test_whole_numbers_become_int(value):
    found = number("n", value, 1, 3, whole=True)
    assert (found, type(found)) == (3, int)


@pytest.mark.parametrize(
    ("value", "whole"),
    [(0, False), (3.1, False), (math.nan, False), (-math.inf, False), (True, False), ("2", False), (None, False), (2j, False), ([2], False), (np.array([1, 2]), False), (2.5, True), (True, True)],
)  # fmt: skip
def test_what_is_no_number_or_out_of_range_is_refused(value, whole):
    with pytest.raises(ArgumentError, match="^n="):
        number("n", value, 1, 3, whole)


def test_infinity_is_no_number_even_where_there_is_no_upper_limit():
    with pytest.raises(ArgumentError, match="n=inf"):
        number("n", math.inf, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1), "bars=0: give a number of at least 1"),
        (("16", 1, 100), "bars='16': give a number of at least 1, at most 100"),
        ((1.5, 0, 4, True), "bars=1.5: give a whole number of at least 0, at most 4"),
        ((2, 0.001, 0.5), "bars=2: give a number of at least 0.001, at most 0.5"),
        (("x" * 999, 1), f"bars='{'x' * 49}: give a number of at least 1"),
    ],
)
def test_messages_say_what_was_given_and_what_is_accepted(arguments, message):
    with pytest.raises(ArgumentError) as caught:
        number("bars", *arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("message", "line"), [("", ""), ("\n \n", ""), ("\n  bad shape \nat op", "bad shape"), ("one", "one")]
)
def test_the_first_line_of_a_message(message, line):
    assert first_line(RuntimeError(message)) == line
    assert first_line(RuntimeError()) == ""


WRAPPED = "Exception encountered when calling LSTM.call().\n\n\x1b[1m{{function_node __wrapped_x}} 4 and 3\x1b[0m\n\nArguments"
IN_GRAPH = """Graph execution error:

Detected at node lstm/MatMul defined at (most recent call last):
  File "model.py", line 1, in <module>

  File "layer.py", line 1002, in __call__

4 and 3
\t [[{{node lstm/MatMul}}]] [Op:__inference_function_143]"""


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (WRAPPED, "LSTM.call(): 4 and 3"),
        (IN_GRAPH, "4 and 3"),
        ("Exception encountered when calling LSTM.call().", "LSTM.call()"),
        ('in user code:\n\n    File "a.py", line 3, in call\n\n    ValueError: 4 and 3', "ValueError: 4 and 3"),
    ],
    ids=["keras", "tensorflow", "keras without a cause", "autograph"],
)
def test_the_reason_in_errors_around_others(message, cause):
    assert first_line(ValueError(message)) == cause
