"""Keras networks: how they are built, run and given weights."""
