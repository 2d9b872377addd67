"""Subtitles in the SubRip form."""

from collections.abc import Iterable

from zoo.core.escaping import caption


def clock(seconds: float) -> str:
    """Write a time as SubRip does.

    Example:
        >>> clock(3725.5)
        '01:02:05,500'
    """
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02},{whole % 1000:03}"


def srt(captions: Iterable[tuple[float, float, str]]) -> str:
    """Write captions, `(start, end, text)` with times in seconds, in the SubRip form.

    Example:
        >>> print(srt([(0, 1.5, "up"), (1.5, 2, "a\\nb")]))
        1
        00:00:00,000 --> 00:00:01,500
        up
        <BLANKLINE>
        2
        00:00:01,500 --> 00:00:02,000
        a\\x0ab
        <BLANKLINE>
    """
    return "\n".join(
        f"{i}\n{clock(start)} --> {clock(end)}\n{caption(text)}\n" for i, (start, end, text) in enumerate(captions, 1)
    )
