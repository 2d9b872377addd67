"""Keras's layers and ours, side by side."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from zoo.layers import recurrent as fast

NAMES = ("SimpleRNN", "LSTM", "GRU")
BATCH, TIME, FEATURES, UNITS = 3, 7, 4, 5
PADDED = np.arange(TIME) < np.array([[7], [4], [0]])  # one row is all padding
ANY = np.random.default_rng(5).random((BATCH, TIME)) < 0.6
OPTIONS = {
    "given and returned state": {"return_sequences": True, "return_state": True, "state": True},
    "backwards, no bias": {"return_sequences": True, "go_backwards": True, "use_bias": False},
    "padded": {"return_sequences": True, "return_state": True, "mask": PADDED, "state": True},
    "padded, last output": {"mask": PADDED},
    "any mask, backwards": {"return_sequences": True, "mask": ANY, "go_backwards": True, "state": True},
    "zeros where masked": {"return_sequences": True, "mask": ANY, "zero_output_for_mask": True},
    "dropout": {"return_sequences": True, "dropout": 0.3, "seed": 1},
    "both dropouts, masked": {"dropout": 0.3, "recurrent_dropout": 0.4, "seed": 1, "mask": PADDED, "state": True},
}


def pair(kind, dtype="float32", features=FEATURES, saving=None, **options):
    """Keras's layer and ours, with the same random weights; ours saves memory, if it is to."""
    options = {"units": UNITS, **options, "dtype": dtype}
    theirs = getattr(keras.layers, kind)(**options)
    with keras.RematScope(saving) if saving else contextlib.nullcontext():
        ours = getattr(fast, kind)(**options)
    rng = np.random.default_rng(0)
    for layer in (theirs, ours):
        layer.build((None, None, features))
    ours.set_weights([rng.normal(0.1, 0.5, w.shape) for w in theirs.get_weights()])
    theirs.set_weights(ours.get_weights())
    return theirs, ours


def inputs(name, state, batch=BATCH, time=TIME, features=FEATURES, units=UNITS):
    rng = np.random.default_rng(1)
    x = tf.constant(rng.normal(size=(batch, time, features)).astype("f"))
    count = 2 if name == "LSTM" else 1
    return x, [tf.constant(rng.normal(size=(batch, units)).astype("f")) for _ in range(count)] if state else []


def flat(results):
    return [tf.cast(r, tf.float32) for r in tf.nest.flatten(results)]


def gradients(layer, x, state, mask=None, training=True, second=False, jit=False, signature=None):
    """Outputs, and the gradients of a loss that weighs every number differently: of input, state and weights."""
    watched = [x, *state, *(v.value for v in layer.trainable_variables)]

    def run(x, state):
        inner = [x, *state]
        with tf.GradientTape() if second else contextlib.nullcontext() as outer:
            if second:
                outer.watch(inner)
            with tf.GradientTape() as tape:
                tape.watch(inner)
                out = flat(layer(x, mask=mask, initial_state=state or None, training=training))
                loss = sum(
                    tf.reduce_sum(o * o * tf.reshape(tf.range(tf.cast(tf.size(o), tf.float32)), tf.shape(o)))
                    for o in out
                )
            found = tape.gradient(loss, [*inner, *watched[len(inner) :]], unconnected_gradients="zero")
            squares = second and sum(tf.reduce_sum(tf.sin(tf.cast(f, tf.float32))) for f in found)
        if second:
            found += outer.gradient(squares, [*inner, *watched[len(inner) :]], unconnected_gradients="zero")
        return out + found

    function = tf.function(run, jit_compile=jit, autograph=False, input_signature=signature)
    return [r.numpy() for r in flat(function(x, state))]


def close(found, expected, tolerance=2e-5):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1, np.abs(b).max(initial=0)))


def compare(name, options, saving=None, **how):
    options = dict(options)
    mask, state = options.pop("mask", None), options.pop("state", False)
    theirs, ours = pair(name, saving=saving, **options)
    assert not fast.slow_because(ours)
    assert fast._saves_memory(ours) == bool(saving)
    arguments = (*inputs(name, state), None if mask is None else tf.constant(mask))
    found = gradients(ours, *arguments, **how)
    if "dropout" not in options:  # whose random numbers are others if XLA makes them
        how.pop("jit", None)
    close(found, gradients(theirs, *arguments, **how))
