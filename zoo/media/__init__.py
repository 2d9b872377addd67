"""Audio and video files of any kind, as arrays."""

from zoo.core.mel import RATE_HZ

__all__ = ["FULL_SCALE", "RATE_HZ"]

FULL_SCALE = 32768
"""What stands for 1 in samples of 16 bits."""
