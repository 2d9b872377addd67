"""Dataclasses as schemas of JSON."""

import math
from dataclasses import dataclass

import pytest

from zoo.core.validation import MOST_INTEGER, MOST_ITEMS, checked, limits, listed, shown, value
from zoo.errors import ArgumentError


@dataclass(frozen=True)
class Part:
    name: str = limits(shortest=1, longest=5)


@dataclass(frozen=True)
class Whole:
    count: int = limits(least=1, most=9)
    words: tuple[str, ...] = limits(longest=3, unique=True, each={"longest": 2})
    fraction: float = limits(0.5, least=0, most=1)
    yes: bool = limits(False)
    kind: str = limits("a", choices=("a", "b"))
    code: str = limits("", pattern="[0-9]*")
    maybe: int | None = limits(None, least=0)
    sizes: tuple[int | None, ...] = limits((), each={"least": 1})
    table: dict[str, dict[str, float]] = limits(factory=dict, longest=2)
    part: Part | None = limits(None)
    parts: list[Part] = limits(factory=list)

    def __post_init__(self) -> None:
        if self.count == 5 and self.yes:
            raise ArgumentError("count=5: not with yes")


GOOD = {"count": 2, "words": ["x", "y"]}


def test_objects_are_made_of_what_json_gave():
    assert checked(Whole, GOOD) == Whole(2, ("x", "y"))
    more = {"part": {"name": "p"}, "parts": [{"name": "q"}], "sizes": [None, 3], "table": {"t": {"n": 1}}, "count": 2.0}
    found = checked(Whole, GOOD | more)
    assert found == Whole(2, ("x", "y"), sizes=(None, 3), table={"t": {"n": 1}}, part=Part("p"), parts=[Part("q")])
    assert type(found.count) is int
    assert checked(Whole, {"words": []}, count=7).count == 7


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"count": 0}, "count=0: give a whole number of at least 1, at most 9"),
        ({"count": True}, "count=True: give a whole number"),
        ({"count": "2"}, "count='2'"),
        ({"count": 1.5}, "count=1.5"),
        ({"count": math.nan}, "count=nan"),
        ({"count": 10**400}, "count=1000.*: give a whole number"),
        ({"fraction": math.inf}, "fraction=inf: give a number of at least 0, at most 1"),
        ({"yes": 1}, "yes=1: give true or false"),
        ({"kind": "c"}, "kind='c': give one of 'a', 'b'"),
        ({"kind": ["a"]}, "kind=a list of 1: give one of"),
        ({"code": "12x"}, r"code='12x': give a text like \[0-9\]\*"),
        ({"code": "12\n"}, "code='12"),
        ({"words": "xy"}, "words='xy': give a list"),
        ({"words": ["x", "x"]}, "words has one of its items twice: give every one once"),
        ({"words": ["x", 1]}, r"words\[1\]=1: give a text"),
        ({"words": ["xyz"]}, r"words\[0\] has 3 characters: give at least 0, at most 2"),
        ({"words": ["a", "b", "c", "d"]}, "words has 4 items: give at least 0, at most 3"),
        ({"maybe": -1}, "maybe=-1"),
        ({"sizes": [None, 0]}, r"sizes\[1\]=0"),
        ({"table": []}, "table=a list of 0: give an object"),
        ({"table": {"t": {"n": "1"}}}, "table.t.n='1': give a number"),
        ({"part": {}}, "missing fields of part: name"),
        ({"part": {"name": "", "age": 1}}, "unknown fields of part: age; there are: name"),
        ({"parts": [{"name": "p"}, 3]}, r"parts\[1\] is 3: give an object with name"),
        ({"speed": 1, "a b": 2}, "unknown fields: speed, 'a b'; there are: count, words"),
        ({"count": 5, "yes": True}, "count=5: not with yes"),
    ],
)
def test_fields_are_refused_by_name_with_what_is_accepted(change, reason):
    with pytest.raises(ArgumentError, match=reason):
        checked(Whole, GOOD | change)


@pytest.mark.parametrize(
    ("content", "reason"), [({}, "missing fields: count, words"), ([], "the content is a list of 0")]
)
def test_what_is_no_such_object_is_refused(content, reason):
    with pytest.raises(ArgumentError, match=reason):
        checked(Whole, content)


def test_nothing_is_without_a_limit():
    for kind, given in (
        (int, MOST_INTEGER + 1),
        (float, 1e301),
        (str, "x" * (1 << 17)),
        (list[int], [0] * (MOST_ITEMS + 1)),
    ):
        with pytest.raises(ArgumentError):
            value("n", kind, given, {})
    with pytest.raises(TypeError, match="no schema for <class 'set'>"):
        value("n", set, [], {})


def test_messages_stay_short():
    assert len(shown("x" * 10**6)) == 60
    assert shown({"a": 1}) == "an object of 1"
    assert listed(["a", "b c", "x" * 99, "d", "e", "f"]) == f"a, 'b c', '{'x' * 59}, d, e"
