"""Captions: a video in, a sentence out."""
