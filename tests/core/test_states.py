"""The names of the states are one contract: every architecture, every format and the front ends follow it."""

import re

import pytest

from export.tracing.cells import STATES as TRACED
from tests.conftest import ROOT
from zoo.core.states import STATES, input_name, is_state, output_name


@pytest.mark.parametrize(
    ("entering", "leaving"), [("h0_0", "hn_0"), ("c0_0", "cn_0"), ("f0_3", "fn_3"), ("h0_10", "hn_10")]
)
def test_an_input_state_leaves_under_its_own_letter_and_number(entering, leaving):
    assert output_name(entering) == leaving
    assert is_state(entering)
    assert is_state(leaving)


@pytest.mark.parametrize("name", ["x", "y", "hidden_0", "h0", "h0_", "h0_a", "xh0_0", "h0_0_0", "h0_0\n", "H0_0", ""])
def test_other_names_are_no_states_and_stay(name):
    assert not is_state(name)
    assert output_name(name) == name


def test_output_states_stay():
    assert output_name("hn_0") == "hn_0"


def test_export_has_the_same_states_and_those_of_convolutional_cells():
    assert {kind: TRACED[kind] for kind in STATES} == STATES
    assert set(TRACED) - set(STATES) == {"conv_lstm"}
    assert input_name("c", 4) == "c0_4"


def test_the_contract_is_written_once():
    """No other file turns the name of an input state into that of an output state by itself."""
    copied = re.compile(r"""["']0_["'],\s*["']n_["']|\[0n\]""")
    files = [path for package in ("zoo", "export") for path in (ROOT / package).rglob("*.py")]
    assert [path.name for path in files if copied.search(path.read_text())] == ["states.py"]
