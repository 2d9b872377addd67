"""Encoders and decoders of a user, as tutorials write them."""

import functools

import numpy as np

from tests.conftest import randomized

UNITS, SYMBOLS, CLASSES = 8, 7, 6


@functools.cache
def characters():
    """One-hot characters, an LSTM each: what the encoder keeps are the states."""
    import keras
    from keras import layers

    source = keras.Input((None, SYMBOLS))
    _, *states = layers.LSTM(UNITS, return_state=True)(source)
    encoder = keras.Model(source, states, name="encoder")
    x = keras.Input((None, CLASSES))
    entering = [keras.Input((UNITS,)) for _ in range(2)]
    out, *states = layers.LSTM(UNITS, return_sequences=True, return_state=True)(x, initial_state=entering)
    y = layers.Dense(CLASSES, activation="softmax")(out)
    return randomized(encoder, 1), randomized(keras.Model([x, *entering], [y, *states], name="decoder"), 2)


@functools.cache
def attending():
    """Ids, masked embeddings, a GRU each, and attention to all steps of the source."""
    import keras
    from keras import layers

    source = keras.Input((None,), dtype="int32")
    hidden = layers.Embedding(SYMBOLS, UNITS, mask_zero=True)(source)
    memory, state = layers.GRU(UNITS, return_sequences=True, return_state=True)(hidden)
    encoder = keras.Model(source, [memory, state], name="encoder")
    x, entering = keras.Input((None,), dtype="int32"), keras.Input((UNITS,))
    seen = keras.Input((None, UNITS))
    hidden = layers.Embedding(CLASSES, UNITS, mask_zero=True)(x)
    out, state = layers.GRU(UNITS, return_sequences=True, return_state=True)(hidden, initial_state=entering)
    context = layers.Attention()([out, seen])
    y = layers.Dense(CLASSES)(layers.Concatenate()([out, context]))
    return randomized(encoder, 1), randomized(keras.Model([x, seen, entering], [y, state], name="decoder"), 2)


PAIRS = {"characters": characters, "attending": attending}


def source_of(name, rows=3, time=9):
    ids = np.random.default_rng(4).integers(1, SYMBOLS, (rows, time)).astype(np.int32)
    ids[0, 5:] = 0
    return np.eye(SYMBOLS, dtype=np.float32)[ids] if name == "characters" else ids


def listed(found):
    return list(found) if isinstance(found, (list, tuple)) else [found]
