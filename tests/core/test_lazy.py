"""What a reference names is imported when it is first called."""

import math
import sys

import pytest

from zoo.core.lazy import imported

MODULE = """
def double(x, *, plus=0):
    return 2 * x + plus

class Reader:
    @classmethod
    def read(cls, text):
        return cls.__name__, text
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "module_of_a_task.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield "module_of_a_task"
    sys.modules.pop("module_of_a_task", None)


def test_the_module_is_imported_by_the_first_call(module):
    reference = imported(f"{module}:double")
    assert module not in sys.modules
    assert repr(reference) == "imported('module_of_a_task:double')"
    assert callable(reference)
    assert module not in sys.modules
    assert reference(3, plus=1) == 7
    assert module in sys.modules


def test_methods_are_named_as_in_entry_points(module):
    reference = imported(f"{module}:Reader.read")
    assert reference("x") == ("Reader", "x")
    assert reference.resolve() == sys.modules[module].Reader.read


def test_resolved_is_the_function_itself():
    assert imported("math:sqrt").resolve() is math.sqrt


def test_what_is_not_there_is_told_by_the_call():
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        imported("no_such_module:x")()
    with pytest.raises(AttributeError, match="squirt"):
        imported("math:squirt")(4)
