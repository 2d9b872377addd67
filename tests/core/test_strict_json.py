import pytest

from zoo.core.strict_json import MOST_DEPTH, parse
from zoo.errors import ArgumentError


def test_json_is_read_as_it_stands():
    assert parse(b'{"a": [1, 2.5, "\\u00e9", true, null]}') == {"a": [1, 2.5, "é", True, None]}
    deep = "[" * (MOST_DEPTH - 1) + "]" * (MOST_DEPTH - 1)
    assert str(parse(deep)) == deep


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' occurs twice"),
        ('{"a": NaN}', "NaN is no number"),
        ("-Infinity", "-Infinity is no number"),
        ("1e999", "1e999 is too large"),
        ("1" * 5000, "a number of 5000 digits"),
        (b'"\xff"', "byte 1 is no UTF-8"),
        (r'"\ud800"', "surrogates not allowed"),
        (r'{"\udc00": 1}', "surrogates not allowed"),
        ("[" * 100_000, f"more than {MOST_DEPTH} objects"),
        ("[" * 40 + "]" * 40, f"more than {MOST_DEPTH} objects"),
        ('{"a":' * 500 + "1" + "}" * 500, f"more than {MOST_DEPTH} objects"),
    ],
)
def test_what_is_no_json_is_refused_with_the_reason(text, reason):
    with pytest.raises(ArgumentError, match=f"^no JSON: .*{reason}"):
        parse(text)


def test_long_texts_are_not_read():
    with pytest.raises(ArgumentError, match="11 bytes, at most 10 are read"):
        parse("[1,2,3,4,5]", most=10)


@pytest.mark.parametrize("part", ["[],", "{},", "1,", "[{}],"])
def test_many_small_parts_are_not_read(part):
    """Each takes a hundred times the room of its bytes."""
    assert parse("[" + part * 1000 + "1]")
    with pytest.raises(ArgumentError, match="more than 100,000 objects, lists and items"):
        parse("[" + part * 200_000 + "1]")
    assert parse('{"vocabulary": "[{,"}') == {"vocabulary": "[{,"}
