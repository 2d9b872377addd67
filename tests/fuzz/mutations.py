"""Mutations of JSON documents: every value replaced, every field removed, added to, or given twice.

`mutants(content)` yields all of them in a fixed order, `sampled(content, count, seed)` some of them, and several at once.
A mutant is text, since some documents cannot be written by `json.dumps`.
"""

import copy
import itertools
import json
import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

Place = tuple[Any, ...]
"""Keys and indices from the document to a value."""


def nested(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


REPLACEMENTS: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, 3, 5, 7, 17, -1, -(10**9), 20_000, 10**9, 2**31, 2**63, 10**30, 0.0, -0.0, 0.5, 1.5, -0.25,
    1e-30, 1e9, 1e308, -1e308, math.nan, math.inf, -math.inf, "", "a", "1", "null", "\n", "\x00", "é" * 9, "\ud800",
    "../../x", "x" * 100_000, [], [1], ["a"], ["a", "a"], [None], [[]], {}, {"a": 1}, {"": None}, nested(20), nested(200),
)  # fmt: skip
"""Values of every type: none, too small, too large, no numbers, empty, long and deep ones."""
RAW = ("", " ", "{", "[]", "null", "1", '"card"', "{}", "NaN", "[" * 100_000, '{"a":' * 10_000, "\ufeff{}", "1" * 5000)
"""Documents that are none."""
CHARACTERS = [chr(i) for i in range(0x20, 0x20 + 1_000_000) if not 0xD800 <= i < 0xE000]
MANY_CHARACTERS, MILLION_CHARACTERS = "".join(CHARACTERS[:50_000]), "".join(CHARACTERS)
MANY_ITEMS, MANY_FIELDS = [f"s{i}" for i in range(70_000)], {f"k{i}": i for i in range(70_000)}
LARGE = 0.03  # fraction of random mutations that are large
TWICE = "\x01twice\x01"


def places(content: Any, at: Place = (), most: int = 12) -> Iterator[Place]:
    """Yield the place of every value; of long lists those of the first and last items."""
    yield at
    if isinstance(content, dict):
        for key, value in content.items():
            yield from places(value, (*at, key), most)
    elif isinstance(content, list):
        wanted = range(len(content)) if len(content) <= most else (0, 1, len(content) - 1)
        for i in wanted:
            yield from places(content[i], (*at, i), most)


def found(content: Any, at: Place) -> Any:
    for key in at:
        content = content[key]
    return content


def changed(content: Any, at: Place, value: Any) -> Any:
    """Return a copy with another value at a place."""
    if not at:
        return value
    new = copy.deepcopy(content)
    found(new, at[:-1])[at[-1]] = value
    return new


def removed(content: Any, at: Place) -> Any:
    new = copy.deepcopy(content)
    del found(new, at[:-1])[at[-1]]
    return new


def variants(value: Any) -> Iterator[Any]:
    """Yield what a value may become: others of its kind near it, longer and shorter ones, and every replacement."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from (value + 1, value - 1, -value, value * 2, value * 1000, float(value), str(value))
    if isinstance(value, str):
        yield from (value + "x", value[:-1], value[::-1], value * 2, value.upper(), value + "\n", list(value))
    if isinstance(value, list):
        yield from (value[:-1], value[1:], value * 2, value[::-1], [*value, None], [*value, *value[:1]])
    if isinstance(value, dict):
        yield from ({**value, "unknown": 1}, {**value, TWICE: 1})
        yield {f"{key}_": one for key, one in value.items()}
    yield from REPLACEMENTS


def large(value: Any) -> Iterator[Any]:
    """Yield what takes longer to read: a million characters, many items, many fields."""
    if isinstance(value, str):
        yield from (MANY_CHARACTERS, MILLION_CHARACTERS)
    if isinstance(value, list):
        yield from (value * 2000, MANY_ITEMS)
    if isinstance(value, dict):
        yield {**value, **MANY_FIELDS}


def written(content: Any) -> str:
    """Write a document; a key that must occur twice is that of its first field."""
    text = json.dumps(content)
    if (mark := json.dumps(TWICE)) in text:
        key = next(iter(content if isinstance(content, dict) else {}), "a")
        text = text.replace(mark, json.dumps(key))
    return text


def mutants(content: Any) -> Iterator[tuple[str, str]]:
    """Yield what was done, and the document, for all mutations of one value."""
    for raw in RAW:
        yield f"raw {raw[:20]!r}", raw
    for at in places(content):
        if at:
            yield f"without {at}", written(removed(content, at))
        for value in itertools.chain(variants(found(content, at)), large(found(content, at))):
            yield f"{at} = {value!r:.60}", written(changed(content, at, value))


def sampled(content: Any, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield mutants drawn at random, up to three mutations in each."""
    rng = random.Random(seed)
    for _ in range(count):
        new, done, grown = copy.deepcopy(content), [], False
        for _ in range(rng.choice((1, 1, 2, 3))):
            everywhere: Sequence[Place] = list(places(new))
            at = rng.choice(everywhere)
            if at and rng.random() < 0.15:
                new = removed(new, at)
                done.append(f"without {at}")
                continue
            choices = (
                large if not grown and rng.random() < LARGE else variants
            )  # once: the large of the large is too much
            grown |= choices is large
            value = rng.choice(list(choices(found(new, at))) or [None])
            new = changed(new, at, value)
            done.append(f"{at} = {value!r:.60}")
        yield "; ".join(done), written(new)
