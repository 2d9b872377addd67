"""Encoder–decoder networks, which turn one sequence into another: ids that all of them have, and their limits.

Reference: Sutskever, Vinyals & Le, Sequence to Sequence Learning with Neural Networks, NIPS 2014.
"""

from typing import Any

PAD, BEGIN, END = 0, 1, 2
"""Ids that every codec of pairs has: past the end of a sequence, first input of the decoder, end of an output."""
LONGEST = (2, 10)
"""Most tokens of an output: so many times those of its source, and so many more."""


def longest(source: Any) -> Any:
    """Return the most tokens of the output for a number of tokens of the source."""
    times, more = LONGEST
    return times * source + more
