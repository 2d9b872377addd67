"""`SimpleRNN`, `LSTM` and `GRU`: drop-in subclasses of Keras's layers, faster to train on a CPU."""

from zoo.core.extras import needing

with needing("zoo.layers needs", "keras"):
    from zoo.layers.recurrent import GRU, LSTM, PACKAGE, SimpleRNN, slow_because, usual

__all__ = ["GRU", "LSTM", "PACKAGE", "SimpleRNN", "slow_because", "usual"]
