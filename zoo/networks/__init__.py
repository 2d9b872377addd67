"""Keras networks: how they are built, run and given weights."""

from zoo.core.extras import needing

with needing("running a network in Keras needs", "keras"):
    import keras  # noqa: F401 (says so at once, whichever module is wanted)
