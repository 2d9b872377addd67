"""Text of others in outputs: labels, names and paths that must not become lines, formulas, tags or commands.

Control characters (C0, DEL and C1, among them line ends and the beginning of terminal commands), line and paragraph
separators, directional marks and overrides, byte order marks and halves of surrogate pairs are written as `\\xHH` or
`\\uHHHH`.
"""

import json
import re
import unicodedata
from typing import Any

CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u061c\u200e\u200f\ufeff\ufffe\uffff\ud800-\udfff"
ANY = re.compile(rf"[{CONTROLS}]|\\(?=x[0-9a-f]{{2}}|u[0-9a-f]{{4}})")
ON_SCREEN = re.compile(rf"(?![\n\t])[{CONTROLS}]")
ESCAPE = re.compile(r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})")
COMPUTED = "=+-@\u2212"  # first signs of cells that spreadsheets compute, and of others that look like them
INVISIBLE = ("Cf", "Mn", "Me")  # categories of characters without a place of their own
SKIPPED = "'\"\u115f\u1160\u2800\u3164\uffa0"  # quotation marks, letters and signs that are empty
TAGS = str.maketrans("<>{}", "‹›｛｝")  # of players of subtitles; the arrow between two times ends in one
BLANK = "(blank)"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def escaped(text: str) -> str:
    """Return a text as one line without control characters.

    Example:
        >>> print(escaped("up\\n\\x1b[2J"))
        up\\x0a\\x1b[2J
    """
    return ANY.sub(_escape, text)


def unescaped(text: str) -> str:
    """Return the text that `escaped` has written.

    Example:
        >>> unescaped(escaped("up\\n")) == "up\\n"
        True
    """
    return ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), text)


def on_screen(text: str) -> str:
    """Return a text of several lines without what a terminal would obey.

    Example:
        >>> print(on_screen("one\\ntwo\\x07"))
        one
        two\\x07
    """
    return ON_SCREEN.sub(_escape, text)


def _computed(text: str) -> bool:
    """Tell whether a cell is one that spreadsheets compute, or that `cell` has marked as text."""
    for character in text:
        if not (character.isspace() or character in SKIPPED or unicodedata.category(character) in INVISIBLE):
            return unicodedata.normalize("NFKC", character)[0] in COMPUTED
    return False


def cell(text: str) -> str:
    """Return a text for a cell of a table (CSV) that no spreadsheet takes for a formula.

    A semicolon before a formula is escaped: spreadsheets divide cells there where numbers are written with a comma.

    Example:
        >>> cell("=1+1"), cell("up"), cell("'-")
        ("'=1+1", 'up', "''-")
        >>> print(cell("a;=1+1"))
        a\\x3b=1+1
    """
    first, *others = escaped(text).split(";")
    text = first + "".join(f"\\x3b{part}" if _computed(part) else f";{part}" for part in others)
    return f"'{text}" if _computed(text) else text


def from_cell(text: str) -> str:
    """Return the text that `cell` has written; what others have written is as it is, unless it looks like that.

    Example:
        >>> from_cell("'=1+1"), from_cell("=1+1"), from_cell("'up'")
        ('=1+1', '=1+1', "'up'")
    """
    return unescaped(text[1:] if text.startswith("'") and _computed(text) else text)


def caption(text: str) -> str:
    """Return a text as a line of subtitles that players show as it is.

    Angle brackets and braces become signs that look like them, since players take them for tags.

    Example:
        >>> caption("a --> <i>b"), caption(" ")
        ('a --› ‹i›b', '(blank)')
    """
    return escaped(text).translate(TAGS).strip() or BLANK


def to_json(value: Any) -> str:
    """Return a value as one line of JSON, readable and without what a terminal would obey.

    Example:
        >>> to_json({"label": "né\\x9b"})
        '{"label": "né\\\\u009b"}'
    """
    text = json.dumps(value, ensure_ascii=False)
    return ON_SCREEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
