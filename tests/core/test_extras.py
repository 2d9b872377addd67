"""Optional packages: what is said where one is missing, and that the table is that of the project."""

import sys

import pytest

from tests.declared import ROOTS, requirements
from zoo.core import extras
from zoo.core.extras import EXTRAS, needing, require
from zoo.errors import MissingExtra


@pytest.fixture
def absent(monkeypatch):
    """The packages of the table that are hidden in the test."""

    def hide(*modules):
        for module in modules:
            monkeypatch.setitem(sys.modules, module, None)

    return hide


@pytest.mark.parametrize("module", EXTRAS)
def test_a_missing_package_is_one_line_with_its_extra(module, absent):
    absent(module)
    project, extra = EXTRAS[module]
    with pytest.raises(MissingExtra) as error:
        require("this needs", module)
    assert str(error.value) == f"this needs {project}: pip install 'rnn-zoo[{extra}]'"
    assert error.value.name == module
    with pytest.raises(ImportError), needing("this needs", module):  # as `try: import …` expects it
        pytest.fail("the block must not begin")


def test_what_is_there_is_no_matter():
    require("this needs", "matplotlib", "h5py")
    with needing("this needs", "h5py"):
        import h5py
    assert h5py


@pytest.mark.parametrize("statement", ["import tf2onnx", "import tf2onnx.optimizer", "from tf2onnx import optimizer"])
def test_imports_inside_of_a_block_are_named_by_their_extra(statement, absent):
    absent("tf2onnx")

    @needing("all of it needs")
    def outer():
        with needing("the inner part needs"):
            exec(statement)

    with pytest.raises(MissingExtra, match=r"^the inner part needs tf2onnx: pip install 'rnn-zoo\[keras\]'$") as error:
        outer()
    assert isinstance(error.value.__cause__, ModuleNotFoundError)


@pytest.mark.parametrize("statement", ["import no_such_module", "import h5py.no_such_part"])
def test_other_modules_are_no_matter_of_extras(statement):
    """Nor are parts that an installed package does not have: to install it again would not help."""
    with pytest.raises(ModuleNotFoundError, match="no_such") as error, needing("this needs"):
        exec(statement)
    assert not isinstance(error.value, MissingExtra)


def test_a_finder_that_refuses_is_a_missing_package(monkeypatch):
    def refuse(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    monkeypatch.setattr(extras.importlib.util, "find_spec", refuse)
    with pytest.raises(MissingExtra, match="plots"):
        require("plots need", "matplotlib")


def test_the_table_is_that_of_the_project():
    for extra in {extra for _, extra in EXTRAS.values()}:
        declared = requirements(extra) - {"rnn-zoo"}
        assert {ROOTS.get(module, module) for module, (_, found) in EXTRAS.items() if found == extra} == declared
