"""Rows that other packages add to a table of this one, through entry points.

A package adds a task, an architecture or a format by naming it in its `pyproject.toml`:

    [project.entry-points."rnn_zoo.tasks"]
    drums = "my_package.task:TASK"
"""

import functools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from zoo.errors import PluginError

Row = TypeVar("Row")
NAME = r"[a-z0-9]+(_[a-z0-9]+)*"  # of a task or an architecture: a model is called <architecture>_<task>


@functools.cache
def entries(group: str) -> dict[str, EntryPoint]:
    """Find what installed packages add to a group, by name.

    Args:
        group: Name of the group, such as `rnn_zoo.tasks`.
    """
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=group):
        if entry.name in found and found[entry.name].value != entry.value:
            both = f"{_owner(found[entry.name])} and {_owner(entry)}"
            warnings.warn(f"{both} both add {entry.name!r} to {group}: the first is used", stacklevel=2)
            continue
        found[entry.name] = entry
    return found


def load(entry: EntryPoint, kind: type[Row]) -> Row:
    """Load the row that an entry point names.

    Raises:
        PluginError: It cannot be imported, or is no row of this kind.
    """
    where = described(entry)
    try:
        row = entry.load()
    except (Exception, SystemExit) as error:
        raise PluginError(f"{where} cannot be loaded ({type(error).__name__}: {error})") from error
    if not isinstance(row, kind):
        raise PluginError(f"{where} has the type {type(row).__name__}, not {kind.__name__}")
    return row


def described(entry: EntryPoint) -> str:
    """Name an entry point in a message."""
    return f"the entry point {entry.name} = {entry.value} of {_owner(entry)}"


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an unknown package"


class Table(Mapping[str, Row], Generic[Row]):
    """Rows by name: the package's own, then those of other packages. A row is loaded when it is first used.

    Iteration leaves out rows that cannot be loaded, with a warning; asked for by name, such a row raises PluginError.

    Args:
        own: Name → function that returns the row; these names cannot be taken by other packages.
        group: Entry-point group of the rows of other packages.
        kind: Class of a row.
        unique: Attributes, besides the name, that no row of another package may share with a row before it.

    Attributes:
        left_out: Name → why iteration left out the row.
    """

    def __init__(
        self, own: Mapping[str, Callable[[], Row]], group: str, kind: type[Row], unique: Sequence[str] = ()
    ) -> None:
        self.own, self.group, self.kind, self.unique = own, group, kind, unique
        self.loaded: dict[str, Row] = {}
        self.left_out: dict[str, str] = {}

    def __getitem__(self, name: str) -> Row:
        if name not in self.loaded:
            own = self.own.get(name)
            self.loaded[name] = own() if own else self._of_another_package(entries(self.group)[name])
        return self.loaded[name]

    def _of_another_package(self, entry: EntryPoint) -> Row:
        row = load(entry, self.kind)
        if (name := getattr(row, "name", entry.name)) != entry.name:
            raise PluginError(f"{described(entry)} has the name {name!r}: entry point and row must have one name")
        self._check_unique(entry, row)
        return row

    def _check_unique(self, entry: EntryPoint, row: Row) -> None:
        """Compare a row with the package's own rows, and with those of other packages that are loaded.

        Raises:
            PluginError: It shares one of the attributes `unique` with one of them.
        """
        others = {name: self[name] for name in self.own} | self.loaded if self.unique else {}
        for name, other in others.items():
            for attribute in self.unique:
                if (value := getattr(row, attribute)) == getattr(other, attribute):
                    raise PluginError(f"{described(entry)} has the {attribute} {value!r}, which is that of {name}")

    def names(self) -> list[str]:
        """List the names of all rows, those that cannot be loaded too; load none."""
        return [*self.own, *(name for name in entries(self.group) if name not in self.own)]

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the rows that can be loaded; warn of each of the others once."""
        yield from self.own
        for name, entry in entries(self.group).items():
            try:
                if name in self.own:
                    raise PluginError(f"{described(entry)} has a name that is taken")
                self[name]
            except PluginError as error:
                if name not in self.left_out:
                    self.left_out[name] = str(error)
                    warnings.warn(f"{error}; it is left out", stacklevel=2)
            else:
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: Any) -> bool:
        return name in self.own or name in entries(self.group)

    def __repr__(self) -> str:
        """Show the names."""
        return f"<{self.kind.__name__} table: {', '.join(self.names())}>"
