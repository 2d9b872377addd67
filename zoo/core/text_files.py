"""Text files and texts given → characters: encodings, line ends, and what is no text.

A file is read by its byte order mark, or as UTF-8; another encoding has to be named, none is guessed. A byte order mark
is left out, CRLF and CR become line feeds, and control characters but tab, line feed and form feed are refused.
"""

import codecs
import contextlib
import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO
from unicodedata import category

from zoo.core.files import regular
from zoo.errors import ArgumentError, CodecError, DataError

MAX_BYTES = 1 << 32
"""Largest text file (4 GiB)."""
MAX_DISTINCT = 1 << 15
"""Most different characters of a file: a network has an output for each."""
MAX_PROMPT = 1_000_000
"""Most characters of a prompt, or of a text with gaps."""
MAX_LIST = 100_000_000
"""Most characters of a list, such as of labels, transcripts or words."""
READ = 1 << 20  # bytes read at a time
SAMPLE = 1 << 12  # bytes that the reason in an error is told from
WESTERN = 0.3  # most bytes above 127 of a text in Latin letters
MARKS = {
    codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF32_LE: "utf-32-le", codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be",
}  # fmt: skip
"""Byte order mark → encoding; that of UTF-32 begins like that of UTF-16."""
WIDE = {"utf-32-le": (4, 3), "utf-32-be": (4, 0), "utf-16-le": (2, 1), "utf-16-be": (2, 0)}
"""Encoding → bytes of a character, and which of them is zero in most texts."""
NOTATIONS = ("charmap", "idna", "punycode", "raw-unicode-escape", "unicode-escape")
"""Encodings of names and of source code, which would read any file, and as something else."""
PAUSES = " \n\u3000\u3001\u3002\uff0c"  # spaces, commas and full stops, which are in every text
IDEOGRAPHS = 0x34  # groups of 256 characters before theirs
OF_ONE_SCRIPT, OF_PAUSES, OF_TEXT, FEW = 0.5, 0.02, 0.9, 4  # shares of characters; characters that tell nothing
LOOKS = "it looks like {}; if it is, give encoding={}"
SHIFTED = {"iso2022_jp": re.compile(rb"\x1b(\$[@AB]|\([BIJ])"), "iso2022_kr": re.compile(rb"\x1b\$\)C")}
"""Encoding → bytes by which it changes to another set of characters."""
CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
BREAK = re.compile("\r\n?")


def normalized(text: str) -> str:
    """Return a text without byte order marks before it, its lines ended by line feeds.

    Raises:
        CodecError: It has a control character, or half of a surrogate pair.
    """
    text = BREAK.sub("\n", text.lstrip("\ufeff"))
    if found := CONTROL.search(text):
        raise CodecError(
            f"character U+{ord(found[0]):04X} at position {found.start()}: a control character is no text; leave it out"
        )
    return text


def check_encoding(encoding: str) -> str:
    """Return the usual name of an encoding of text; "" for none.

    Raises:
        ArgumentError: Python does not know it, or it is not one of text files.
    """
    if not encoding:
        return ""
    try:
        name = codecs.lookup(encoding).name
        if name.replace("_", "-") in NOTATIONS:
            raise LookupError(name)
        codecs.getincrementaldecoder(name)
        with contextlib.suppress(UnicodeDecodeError):
            b"a".decode(name)  # refuses codecs that are not of text
    except (LookupError, ValueError, TypeError):  # ValueError: of a null character in the name, and of `undefined`
        raise ArgumentError(
            f"encoding={encoding!r:.50}: give the name of an encoding of text, such as utf-16-le, latin-1 or cp1252"
        ) from None
    return name


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a text file to read its bytes.

    Raises:
        DataError: It cannot be read, is no regular file, or too large.
    """
    with regular(path, "a text file") as stream:
        if (size := os.fstat(stream.fileno()).st_size) > MAX_BYTES:
            raise DataError(f"{path} has {size:,} bytes: a text file has at most {MAX_BYTES:,}; divide it")
        yield stream


def blocks(path: Path, encoding: str = "") -> Iterator[str]:
    """Yield the characters of a text file, block by block.

    Raises:
        ArgumentError: There is no such encoding.
        DataError: The file is missing, no regular file, too large, or no text in this encoding; the message says what
            it looks like.
    """
    encoding, place, before = check_encoding(encoding), 0, b""
    with opened(path) as stream:
        encoding = _resolved(path, stream.read(SAMPLE), encoding)
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
        stream.seek(0)
        for data in chain(iter(lambda: stream.read(READ), b""), [b""]):
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                at = stream.tell() - len(error.object) + error.start
                sample = error.object[_around(error.start) :][:SAMPLE] if data else before[-SAMPLE:]
                raise DataError(
                    f"{path} is no {encoding.upper()} text (byte {at}): {_likely(sample, encoding)}"
                ) from error
            except UnicodeError as error:  # of codecs with states
                raise DataError(f"{path} is no {encoding.upper()} text: {error}") from error
            text = text if place else text.lstrip("\ufeff")
            if found := CONTROL.search(text):
                what = f"the control character U+{ord(found[0]):04X} at position {place + found.start()}"
                again = text[_around(found.start()) :][:SAMPLE].encode(encoding, "replace")
                raise DataError(f"{path} has {what}: {_likely(again, encoding)}")
            place, before = place + len(text), data
            yield text


def read(path: str | os.PathLike[str], encoding: str = "", most: int = MAX_LIST) -> str:
    """Read a text file whole.

    Args:
        path: The file.
        encoding: Its encoding; "": that of its byte order mark, or UTF-8.
        most: Largest number of characters.

    Raises:
        ArgumentError: There is no such encoding.
        DataError: As in `blocks`, or it has more characters than that, or none.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ArgumentError(f"{path!r:.50}: give the path of a text file")
    parts, length = [], 0
    for block in blocks(Path(path), encoding):
        parts.append(block)
        if (length := length + len(block)) > most:
            raise DataError(f"{path} has more than {most:,} characters: give at most so many")
    if not length:
        raise DataError(f"{path} is empty: give a file with text")
    return "".join(parts)


def table(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str | None]]]:
    """Read a table of comma-separated values with a header.

    Args:
        path: The file.
        columns: Names that the header must have; it may have others.

    Returns:
        For each row its line and its values by column; None where the row is too short.

    Raises:
        DataError: The file cannot be read, is no such table, or has rows and lacks a column.
    """
    try:
        rows = list(enumerate(csv.DictReader(io.StringIO(read(path), newline="")), 2))
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as text with commas: {error}") from error
    if missing := [name for name in columns if rows and name not in rows[0][1]]:
        raise DataError(f"{path} has no column {', '.join(missing)}: its first row must be {','.join(columns)}")
    return rows


def _resolved(path: Path, head: bytes, encoding: str) -> str:
    """Return the encoding of a file: the given one, that of its byte order mark, or UTF-8."""
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), "")
    if marked and not marked.startswith(encoding.removesuffix("-sig")):
        raise DataError(f"{path} begins with the byte order mark of {marked.upper()}: give encoding={marked}, or none")
    if encoding in ("utf-16", "utf-32"):  # without a mark it would depend on this machine
        if not marked:
            raise DataError(f"{path} has no byte order mark: give encoding={encoding}-le or {encoding}-be")
        return marked
    swapped = encoding[:-2] + {"le": "be", "be": "le"}.get(encoding[-2:], "")
    if (
        encoding in WIDE
        and not marked
        and _evenness(head, swapped) >= max(OF_ONE_SCRIPT, 1.01 * _evenness(head, encoding))
    ):
        raise DataError(f"{path} is no {encoding.upper()} text: {LOOKS.format(swapped.upper(), swapped)}")
    return encoding or marked or "utf-8"


def _around(place: int) -> int:
    """Return where a sample with a place in its middle begins: with a whole character of any encoding."""
    return max(0, place - SAMPLE // 2) // 4 * 4


def _likely(data: bytes, encoding: str) -> str:
    """Tell what bytes that could not be read in an encoding look like, and what to do."""
    if wide := _wide(data):
        if wide == encoding:
            return f"it looks like {wide.upper()} that is damaged or cut off; repair it"
        return LOOKS.format(wide.upper(), wide)
    for name, shift in SHIFTED.items():
        if shift.search(data):
            return LOOKS.format(name.upper().replace("ISO2022_", "ISO-2022-"), name)
    if any((byte < 32 and byte not in b"\t\n\f\r") or byte == 127 for byte in data):
        return "it looks like a binary file; give a text file, or one without control characters"
    high = [byte for byte in data if byte > 127]
    if encoding == "iso8859-1" and sum(byte >= 0xA0 for byte in high) <= WESTERN * len(data):
        return LOOKS.format("Windows-1252", "cp1252")
    if 2 * (len(data.decode("utf-8", "ignore").encode()) + len(high) - len(data)) > len(high):
        return "it looks like UTF-8 that is damaged; repair it"
    if len(high) > WESTERN * len(data):
        return "it looks like another encoding, such as cp1251, koi8-r, shift_jis, gb18030 or euc-kr; give encoding="
    if any(0x80 <= byte < 0xA0 for byte in high):
        return LOOKS.format("Windows-1252", "cp1252")
    return "it looks like Latin-1 or Windows-1252; if it is, give encoding=latin-1 or cp1252"


def _wide(data: bytes) -> str:
    """Return the encoding of wide characters that bytes look like; "" for none."""
    for name, (width, zero) in WIDE.items():
        rows = data[: len(data) // width * width]
        zeros = rows[zero::width].count(0) * 2 > len(rows) // width and _is_text(rows, name)
        if rows and (zeros or _evenness(rows, name) >= OF_ONE_SCRIPT):
            return name
    return ""


def _is_text(data: bytes, encoding: str) -> bool:
    """Tell whether bytes are text without control characters in an encoding."""
    try:
        return not CONTROL.search(data.decode(encoding))
    except UnicodeDecodeError as error:  # the sample may end within a pair
        return error.start >= len(data) - 4 and bool(error.start)


def _evenness(data: bytes, encoding: str) -> float:
    """Return how much bytes are like a text in an encoding of wide characters, from 0 to 1.

    It is the share of the 256 neighbouring characters that most are among: an alphabet has few such groups, and bytes
    that are something else many. Of ideographs, which have many, pauses tell as much as OF_ONE_SCRIPT.
    """
    text = data.decode(encoding, "ignore") if _is_text(data, encoding) else ""
    signs = sum(character.isalnum() or character.isspace() or category(character)[0] in "PSM" for character in text)
    if len(text) < FEW or signs < OF_TEXT * len(text):
        return 0.0
    groups = Counter(ord(character) >> 8 for character in text)
    most = max((count for group, count in groups.items() if group < IDEOGRAPHS), default=0)
    paused = sum(map(text.count, PAUSES)) >= OF_PAUSES * len(text)
    return max(most / len(text), OF_ONE_SCRIPT * paused)
