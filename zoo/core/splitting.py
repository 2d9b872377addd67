"""Text → words, in any script; joined they are the text again.

A word has the space before it, such as " word", so that no token is spent on it and nothing is lost: what begins a
line, or follows a bracket, is another word. Letters, marks and digits make words, with apostrophes between them; any
other character is a word of its own, and so is each character of scripts that are written without spaces. Rules of
Unicode's own (UAX #29) that need a dictionary, such as of Thai, are left out.
"""

import functools
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from unicodedata import category

MOST_WORD, MOST_MARKS = 64, 16
"""Most characters of a word, and marks on one of its characters: longer ones are several."""
ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, kana and ideographs: written without spaces between words."""
JOINERS = "\u200c\u200d"
SPACED = re.compile(r"\n|[^\S\n]+|\S+")
END = "<eos>"
Split = Callable[[str], list[str]]


@functools.cache
def _pattern() -> re.Pattern[str]:
    """Return the pattern of a word; marks, which Python's `\\w` leaves out, are read from its table of Unicode."""
    points = (point for point in range(0x300, sys.maxunicode + 1) if category(chr(point))[0] == "M")
    runs = ([point for _, point in run] for _, run in groupby(enumerate(points), lambda pair: pair[1] - pair[0]))
    marks = JOINERS + "".join(f"\\U{run[0]:08x}-\\U{run[-1]:08x}" for run in runs)
    letter, mark = rf"[^\W{ALONE}]", f"[{marks}]"
    inner = rf"(?:[^\W{ALONE}{marks}]|{mark}|['’](?={letter}))"
    return re.compile(rf" ?(?:{letter}{inner}{{0,{MOST_WORD - 1}}}|\S{mark}{{0,{MOST_MARKS}}})|\s")


def words(text: str) -> list[str]:
    """Cut a text into words.

    Example:
        >>> words("I don't know, 君.\\n")
        ['I', " don't", ' know', ',', ' 君', '.', '\\n']
    """
    return _pattern().findall(text)


def spaced(text: str) -> list[str]:
    """Cut a text at spaces and at line ends.

    Example:
        >>> spaced("N <unk>  said\\n")
        ['N', ' ', '<unk>', '  ', 'said', '\\n']
    """
    return SPACED.findall(text)


def stretches(blocks: Iterable[str], split: Split) -> Iterator[list[str]]:
    """Cut texts that follow each other block by block; yield the words of a stretch after the other."""
    rest = ""
    for block in blocks:
        found = split(rest + block)
        rest = "".join(found[-2:])  # what follows may belong to the last word, and an apostrophe to the one before
        yield found[:-2]
    yield split(rest)
