"""One tree of errors, which the docstring of the module draws."""

import inspect
import re

import pytest

import zoo
from zoo import errors
from zoo.errors import ArgumentError, DownloadError, UnknownModel, VerificationError

CLASSES = {name: one for name, one in vars(errors).items() if inspect.isclass(one)}


def test_the_tree_that_is_drawn_is_the_tree():
    """Each line stands below its base, which is the last line before it that is less indented."""
    drawn, above = {}, []
    for line in errors.__doc__.splitlines():
        if found := re.match(r"([│├└─ ]*)([A-Z]\w+) {2,}\S", line):
            depth = len(found[1])
            above = [(d, name) for d, name in above if d < depth]
            drawn[found[2]] = above[-1][1] if above else "Exception"
            above.append((depth, found[2]))
    assert drawn == {name: one.__bases__[0].__name__ for name, one in CLASSES.items()}


@pytest.mark.parametrize("name", CLASSES)
def test_every_error_is_public_and_caught_as_ours(name):
    assert getattr(zoo, name) is CLASSES[name]
    assert issubclass(CLASSES[name], zoo.ZooError)


def test_errors_are_python_s_own_too():
    with pytest.raises(ValueError, match="^n=0$"):
        raise ArgumentError("n=0")
    with pytest.raises(zoo.DataError):
        raise DownloadError
    assert not issubclass(zoo.DataError, OSError)


def test_an_unknown_name_is_told_without_quotes():
    """KeyError would show its message as Python source."""
    error = UnknownModel("no model is called 'x'; did you mean y?")
    assert isinstance(error, KeyError)
    assert str(error) == "no model is called 'x'; did you mean y?"
    assert str(KeyError(*error.args)) != str(error)


def test_a_failed_check_has_its_name():
    error = VerificationError("parity", "outputs differ by 0.1")
    assert (error.check, str(error)) == ("parity", "parity check failed: outputs differ by 0.1")
