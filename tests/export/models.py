"""Keras models of a user, and what they compute."""

import numpy as np
from keras import layers

from tests import cells
from tests.conftest import FEATURES, UNITS, randomized, user_model

LAYERS = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}


def several():
    """Two inputs, two outputs with names, a mask; whole numbers and a layer shared by two calls."""
    import keras
    from keras import layers

    frames = keras.Input((None, FEATURES), name="frames")
    words = keras.Input((None,), dtype="int32", name="words")
    shared = layers.Dense(FEATURES)
    hidden = layers.GRU(UNITS, return_sequences=True)(shared(frames))
    heard = layers.Bidirectional(layers.LSTM(2))(shared(layers.Embedding(9, FEATURES, mask_zero=True)(words)))
    both = layers.Concatenate()([layers.GlobalAveragePooling1D()(hidden), heard])
    outputs = {"scores": layers.Dense(2)(hidden), "labels": keras.ops.cast(layers.Dense(5)(both) > 0, "int32")}
    return randomized(keras.Model({"frames": frames, "words": words}, outputs, name="several"))


MAKE = {
    "plain": (user_model, {}),
    "state": (user_model, {"state": True}),
    "step": (user_model, {"form": "step"}),
    "fixed": (user_model, {"batch": 2, "steps": 5}),
    "several": (several, {}),
}


def example(batch=2, time=5):
    return np.random.default_rng(time).normal(0, 1, (batch, time, FEATURES)).astype(np.float32)


def truth(x, state=None):
    weights = user_model().layers[0].get_weights()
    return cells.over_time("lstm", x, weights, state or [np.zeros((len(x), UNITS))] * 2)


def both_directions():
    import keras
    from keras import layers

    stack = [keras.Input((None, FEATURES)), layers.Bidirectional(layers.GRU(2, return_sequences=True), name="both")]
    return keras.Sequential([keras.Input((None, FEATURES)), keras.Sequential(stack, name="inner")])


def around(function):
    """A recurrent model with a function of one's own after it."""
    import keras

    x = keras.Input((None, FEATURES))
    return keras.Model(x, keras.layers.Lambda(function, name="own")(keras.layers.GRU(2, return_sequences=True)(x)))


def subclassed():
    import keras
    from keras import layers

    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__(name="subclassed")
            self.embedding, self.lstm = layers.Embedding(9, FEATURES), layers.LSTM(UNITS)

        def call(self, words, scale=None):
            hidden = self.lstm(self.embedding(words))
            return hidden if scale is None else hidden * scale

    model = Subclassed()
    model.embedding.build((None, None))
    model.lstm.build((None, None, FEATURES))
    model.built = True
    return randomized(model)


def everything_in_it():
    """Layers of every kind that lowering touches: wrapped, nested, stateful, masked, in half precision."""
    import keras
    from keras import layers

    x = keras.Input((None, FEATURES), batch_size=2, name="x")
    hidden = layers.Masking()(x)
    hidden = layers.Bidirectional(layers.LSTM(2, return_sequences=True, dropout=0.1, dtype="mixed_float16"))(hidden)
    hidden = layers.TimeDistributed(layers.Dense(2))(hidden)
    gru = layers.GRU(2, stateful=True)
    hidden = keras.Sequential([keras.Input((None, 2), batch_size=2), gru])(hidden)
    model = randomized(keras.Model(x, hidden))
    model(np.zeros((2, 3, FEATURES), np.float32))  # what Keras sets up on the first call
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False):
            layer.reset_state()
    return model
