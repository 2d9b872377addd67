"""Rows that other packages add to a table, through entry points."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

from zoo.core import plugins
from zoo.core.architectures import ARCHITECTURES, Architecture
from zoo.errors import PluginError


class Entry:
    """What `importlib.metadata` gives of an entry point."""

    dist = None

    def __init__(self, name, row):
        self.name, self.value, self.load = name, "module:ROW", lambda: row


def test_own_names_cannot_be_taken(monkeypatch):
    row = Architecture("lstm", "gru", 1, "nobody")
    table = plugins.Table(ARCHITECTURES.own, "rnn_zoo.architectures", Architecture)
    monkeypatch.setattr(plugins, "entries", lambda group: {"lstm": Entry("lstm", row)})
    with pytest.warns(UserWarning, match="lstm = .* has a name that is taken; it is left out"):
        assert list(table) == [*ARCHITECTURES.own]
    assert table["lstm"].cell == "lstm"


@pytest.mark.parametrize(("row", "reason"), [(3, "int"), (Architecture("other", "gru", 1, ""), "'other'")])
def test_rows_of_another_kind_or_name_are_refused(row, reason, monkeypatch):
    monkeypatch.setattr(plugins, "entries", lambda group: {"tree": Entry("tree", row)})
    table = plugins.Table({}, "rnn_zoo.architectures", Architecture)
    with pytest.raises(PluginError, match=reason):
        table["tree"]
    with pytest.warns(UserWarning, match="it is left out"):
        assert list(table.values()) == []


def test_iteration_leaves_out_what_cannot_be_loaded(monkeypatch):
    """With one warning; asked for by name, the row says what is wrong with it."""
    good = Architecture("good", "gru", 1, "")
    monkeypatch.setattr(plugins, "entries", lambda group: {"tree": Entry("tree", 3), "good": Entry("good", good)})
    table = plugins.Table(ARCHITECTURES.own, "rnn_zoo.architectures", Architecture)
    assert table.names() == [*ARCHITECTURES.own, "tree", "good"]
    with pytest.warns(UserWarning, match="tree = .* it is left out") as warned:
        assert list(table) == list(dict(table.items())) == [*ARCHITECTURES.own, "good"]
    assert len(warned) == 1
    assert [row.name for row in table.values()] == [*ARCHITECTURES.own, "good"]
    assert len(table) == len(ARCHITECTURES.own) + 1
    assert "tree" in table
    with pytest.raises(PluginError, match="has the type int"):
        table["tree"]


def test_of_two_packages_that_add_one_name_the_first_is_used(monkeypatch):
    rows = [
        EntryPoint(name, value, "group") for name, value in (("a", "m:A"), ("a", "m:A"), ("b", "m:B"), ("a", "n:A"))
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: rows)
    plugins.entries.cache_clear()
    with pytest.warns(UserWarning, match="both add 'a' to a_group: the first is used") as told:
        found = plugins.entries("a_group")
    plugins.entries.cache_clear()
    assert {name: entry.value for name, entry in found.items()} == {"a": "m:A", "b": "m:B"}
    assert len(told) == 1  # the same one twice, as of a package that is found in two places, is nothing to tell


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_module:ROW", "cannot be loaded (ModuleNotFoundError: No module named 'no_such_module')"),
        ("math:no_such_row", "cannot be loaded (AttributeError: module 'math' has no attribute 'no_such_row')"),
        ("math:pi", "has the type float, not int"),
    ],
)
def test_rows_that_cannot_be_loaded_are_named(value, reason):
    with pytest.raises(PluginError) as caught:
        plugins.load(EntryPoint("tree", value, "group"), int)
    assert str(caught.value) == f"the entry point tree = {value} of an unknown package {reason}"
    assert plugins.load(EntryPoint("base", "string:digits", "group"), str) == "0123456789"


@dataclass(frozen=True)
class Row:
    name: str
    suffix: str


def test_a_row_is_loaded_when_it_is_first_used_and_once(monkeypatch):
    loaded = []
    own = {name: lambda name=name: loaded.append(name) or Row(name, f".{name}") for name in ("a", "b")}
    monkeypatch.setattr(plugins, "entries", lambda group: {"broken": Entry("broken", None)})
    table = plugins.Table(own, "group", Row)
    assert ("a" in table, "broken" in table, "d" in table, loaded) == (True, True, False, [])
    assert repr(table) == "<Row table: a, b, broken>"
    assert table["b"] is table["b"]
    assert loaded == ["b"]
    with pytest.raises(KeyError, match="'d'"):
        table["d"]


@pytest.mark.parametrize(("suffix", "taken"), [(".a", "a"), (".c", "c"), (".d", "")])
def test_what_must_be_unique_cannot_be_taken(suffix, taken, monkeypatch):
    rows = {row.name: Entry(row.name, row) for row in (Row("c", ".c"), Row("new", suffix))}
    monkeypatch.setattr(plugins, "entries", lambda group: rows)
    table = plugins.Table({"a": lambda: Row("a", ".a")}, "group", Row, unique=("suffix",))
    assert table["c"].suffix == ".c"
    if not taken:
        assert table["new"].suffix == suffix
        return
    with pytest.raises(PluginError, match=f"of an unknown package has the suffix '{suffix}', which is that of {taken}"):
        table["new"]
    with pytest.warns(UserWarning, match="it is left out"):
        assert [*table] == ["a", "c"]
