"""Time stamps as SubRip has them: hours:minutes:seconds,milliseconds."""

import pytest

from zoo.core.subtitles import clock


@pytest.mark.parametrize(
    ("seconds", "stamp"),
    [
        (0, "00:00:00,000"),
        (0.0014, "00:00:00,001"),
        (0.04, "00:00:00,040"),
        (61.007, "00:01:01,007"),
        (7200, "02:00:00,000"),
        (100 * 3600 + 1, "100:00:01,000"),
    ],
)
def test_times_are_written_out(seconds, stamp):
    assert clock(seconds) == stamp


@pytest.mark.parametrize(
    ("seconds", "stamp"), [(0.9996, "00:00:01,000"), (59.9999, "00:01:00,000"), (3599.9999, "01:00:00,000")]
)
def test_rounding_carries_over(seconds, stamp):
    """No stamp has 1000 milliseconds or 60 seconds."""
    assert clock(seconds) == stamp
