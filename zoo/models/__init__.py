"""Models: a card, a codec and an engine."""
