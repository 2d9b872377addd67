"""The core: NumPy at most, and no task."""
