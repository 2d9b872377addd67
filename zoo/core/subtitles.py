"""Time stamps of subtitles."""


def clock(seconds: float) -> str:
    """Write a time as SubRip does.

    Example:
        >>> clock(3725.5)
        '01:02:05,500'
    """
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02},{whole % 1000:03}"
