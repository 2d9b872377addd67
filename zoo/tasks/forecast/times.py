"""Times as text or numbers → `datetime64[us]`, in UTC where they name their zone.

ISO 8601 is read, and what spreadsheets write. Numbers, such as 1990, 20200131 or Unix time, are read as times only
where a column is known to hold times.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import numpy as np

from zoo.errors import CodecError

DTYPE = "datetime64[us]"
NAT = np.datetime64("NaT", "us")
ISO = re.compile(r"\d{4}-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d{1,6})?)?)?)?)?")
CLOCK = (
    r"(?:[T ,]+(?P<H>\d{1,2}):(?P<M>\d\d)(?::(?P<S>\d\d)(?:\.(?P<f>\d{1,9}))?)?(?: ?(?P<p>[AaPp])[Mm])?"
    r" ?(?P<z>Z|UTC|[+-]\d\d(?::?\d\d)?)?)?"
)
DATES = {
    "year first": r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})",
    "month": r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})",
    "quarter": r"(?P<y>\d{4})[- ]?Q(?P<q>[1-4])",
    "day first": r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})",
    "month first": r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<y>\d{4})",
}
FORMS = {name: re.compile(date + CLOCK) for name, date in DATES.items()}
NUMBERS = {
    4: lambda text: datetime(int(text), 1, 1),
    6: lambda text: datetime(int(text[:4]), int(text[4:]), 1),
    8: lambda text: datetime(int(text[:4]), int(text[4:6]), int(text[6:])),
    10: lambda text: datetime(1970, 1, 1) + timedelta(seconds=int(text)),
    13: lambda text: datetime(1970, 1, 1) + timedelta(milliseconds=int(text)),
}
"""Digits of a number that is a time → reader: year, year and month, date, seconds and milliseconds since 1970."""


def parse(texts: Sequence[str], numbers: bool = False) -> np.ndarray:
    """Read times, `(rows,)` datetime64[us], NaT for what is no time.

    Args:
        texts: One time each, all written in the same way.
        numbers: Read numbers as times, too.

    Raises:
        CodecError: They are dates whose day and month cannot be told apart.
    """
    if not texts:
        return np.zeros(0, DTYPE)
    if all(map(ISO.fullmatch, texts)):
        try:
            return np.array(texts, DTYPE)
        except ValueError:  # such as the 30th of February: the rows are told one by one
            pass
    if numbers and texts[0].isdecimal():
        return np.array([_of_number(text) for text in texts], DTYPE)
    read = {name: _of_form(form, texts) for name, form in FORMS.items() if form.fullmatch(texts[0])}
    if not read:
        return np.full(len(texts), NAT)
    missing = {name: int(np.isnat(times).sum()) for name, times in read.items()}
    best = min(missing, key=lambda name: missing[name])
    same = [name for name, count in missing.items() if count == missing[best]]
    if any(not np.array_equal(read[best], read[name], equal_nan=True) for name in same):
        raise CodecError(f"{texts[0]}: day and month cannot be told apart: write dates as 2020-01-31")
    return read[best]


def _of_number(text: str) -> datetime | None:
    try:
        return NUMBERS[len(text)](text) if text.isdecimal() else None
    except (KeyError, ValueError, OverflowError):
        return None


def _of_form(form: re.Pattern[str], texts: Sequence[str]) -> np.ndarray:
    matches = (form.fullmatch(text) for text in texts)
    return np.array([_of_match(match.groupdict()) if match else None for match in matches], DTYPE)


def _of_match(parts: dict[str, str | None]) -> datetime | None:
    """Return the time that the parts of a form name; None if there is no such time."""
    found = {name: part for name, part in parts.items() if part}
    month = 3 * int(found["q"]) - 2 if "q" in found else int(found["m"])
    hour = int(found.get("H", 0))
    if half := found.get("p", "").lower():
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half == "p")
    microsecond = int(found.get("f", "0").ljust(6, "0")[:6])
    clock = (hour, int(found.get("M", 0)), int(found.get("S", 0)), microsecond)
    try:
        time = datetime(int(found["y"]), month, int(found.get("d", 1)), *clock, tzinfo=_zone(found.get("z", "Z")))
        return time.astimezone(timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _zone(text: str) -> timezone:
    """Return a time zone written as Z, UTC, +02, +0200 or +02:00."""
    if text in ("Z", "UTC"):
        return timezone.utc
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(offset if text[0] == "+" else -offset)
