"""Earlier names of arguments and methods, accepted for one release."""

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

from zoo.errors import ArgumentError

Function = TypeVar("Function", bound=Callable[..., Any])


def earlier(name: str, present: str) -> Callable[..., Any]:
    """Return a method that calls the one of the present name, with a FutureWarning.

    Args:
        name: Its earlier name.
        present: Its present one.
    """

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the method by its present name."""
        warnings.warn(f"{name}() is now {present}(); the earlier name works in this release only", FutureWarning, 2)
        return getattr(self, present)(*args, **kwargs)

    return call


def renamed(**names: str) -> Callable[[Function], Function]:
    """Accept earlier names of keyword arguments, with a FutureWarning for each.

    Args:
        names: Earlier name → name.

    Example:
        >>> @renamed(colour="color")
        ... def paint(color="red"):
        ...     return color
        >>> import warnings
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     paint(colour="blue")
        'blue'
        >>> print(caught[0].message)
        paint(): colour= is now color=; the earlier name works in this release only
    """

    def wrap(function: Function) -> Function:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            for old, new in names.items():
                if old not in kwargs:
                    continue
                if new in kwargs:
                    raise ArgumentError(
                        f"{function.__name__}(): {old}= is the earlier name of {new}=: give {new}= only"
                    )
                warnings.warn(
                    f"{function.__name__}(): {old}= is now {new}=; the earlier name works in this release only",
                    FutureWarning,
                    stacklevel=2,
                )
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return cast(Function, call)

    return wrap
