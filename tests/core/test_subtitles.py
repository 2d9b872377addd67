"""Time stamps as SubRip has them: hours:minutes:seconds,milliseconds."""

import pytest

from zoo.core.subtitles import clock, srt


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


def test_captions_cannot_make_others():
    text = srt([(0, 1, "a\n\n2\n00:00:05,000 --> 00:00:06,000\nb"), (1, 2, ""), (2, 3.5, "<b>é")])
    blocks = text.split("\n\n")
    assert [block.strip().split("\n")[:2] for block in blocks] == [
        ["1", "00:00:00,000 --> 00:00:01,000"],
        ["2", "00:00:01,000 --> 00:00:02,000"],
        ["3", "00:00:02,000 --> 00:00:03,500"],
    ]
    assert {len(block.strip().split("\n")) for block in blocks} == {3}
    assert text.count("-->") == 3
    assert srt([]) == ""
