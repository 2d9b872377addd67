"""Audio and video files of any kind, as arrays."""

RATE_HZ = 16_000
"""Rate that sound is brought to."""
FULL_SCALE = 32768
"""What stands for 1 in samples of 16 bits."""
