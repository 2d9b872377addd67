"""Audio and video files of any kind, as arrays."""
