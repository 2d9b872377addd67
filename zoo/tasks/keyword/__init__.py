"""Spoken words: spotted in a stream."""
