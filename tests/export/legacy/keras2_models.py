"""Models of Keras 2, built by tf_keras, with random weights: what files of that time hold."""

import tensorflow as tf
import tf_keras
from tf_keras import backend as B
from tf_keras import layers as K

STEPS, FEATURES = 6, 4


def sequential(*layers, shape=(STEPS, FEATURES), dtype="float32"):
    return tf_keras.Sequential([K.Input(shape, dtype=dtype), *layers])


def seq2seq(masked=True, kind="LSTM"):
    """The translator of many tutorials: an encoder's states start the decoder."""
    layer = getattr(K, kind)
    source, target = K.Input((None,)), K.Input((None,))
    embedded = K.Embedding(9, 5, mask_zero=masked)(source)
    states = layer(4, return_state=True)(embedded)[1:]
    decoded = layer(4, return_sequences=True)(K.Embedding(9, 3, mask_zero=masked)(target), initial_state=states)
    return tf_keras.Model([source, target], K.Dense(7, activation="softmax")(decoded))


def bidirectional_seq2seq():
    source, target = K.Input((None,)), K.Input((None,))
    _, fh, fc, bh, bc = K.Bidirectional(K.LSTM(3, return_state=True))(K.Embedding(9, 5, mask_zero=True)(source))
    h, c = K.Concatenate()([fh, bh]), K.Concatenate()([fc, bc])
    decoded, _, _ = K.LSTM(6, return_sequences=True, return_state=True)(
        K.Embedding(9, 4, mask_zero=True)(target), initial_state=[h, c]
    )
    return tf_keras.Model([source, target], K.TimeDistributed(K.Dense(7, activation="softmax"))(decoded))


def arithmetic():
    x = K.Input((STEPS, FEATURES))
    y = K.LSTM(5, return_sequences=True)(x)
    y = tf.nn.relu(y * 2.0 + 1.0) - tf.reduce_mean(y, axis=1, keepdims=True)
    y = tf.concat([y, 1.0 - y], axis=-1) / 3.0
    y = tf.transpose(tf.transpose(y, (0, 2, 1)), [0, 2, 1])
    y = tf.squeeze(tf.expand_dims(y, 1), axis=[1])
    y = tf.math.sqrt(tf.math.abs(y) + 0.5) ** 2
    last, first = y[:, -1, :], y[:, 0, 1:4]
    total = tf.reduce_sum(y[:, ::2], axis=[1])
    return tf_keras.Model(x, K.Dense(2)(tf.concat([last, first, -total, tf.clip_by_value(last, 0.1, 0.9)], -1)))


def attention():
    x = K.Input((STEPS, FEATURES))
    y = K.Bidirectional(K.GRU(4, return_sequences=True))(x)
    score = K.Dense(1, activation="tanh")(y)
    weights = K.Softmax(axis=1)(score)
    context = K.Dot(axes=1)([weights, y])
    return tf_keras.Model(x, K.Dense(2)(K.Flatten()(context)))


def heads():
    x = K.Input((STEPS, 8))
    y = K.LSTM(8, return_sequences=True)(x)
    y = K.LayerNormalization()(y + K.MultiHeadAttention(2, 3)(y, y))
    z = K.AdditiveAttention()([y, x])
    return tf_keras.Model(x, K.GlobalAveragePooling1D()(K.Attention(use_scale=True)([y, z])))


def nested():
    encoder = tf_keras.Sequential(
        [K.Input((STEPS, FEATURES)), K.LSTM(5, return_sequences=True), K.BatchNormalization()], name="encoder"
    )
    head = tf_keras.Sequential([K.Input((STEPS, 5)), K.GRU(3), K.Dense(2)], name="head")
    head.layers[0].trainable = False
    x = K.Input((STEPS, FEATURES))
    return tf_keras.Model(x, head(encoder(x)))


def frozen_nested():
    inner_in = K.Input((STEPS, FEATURES))
    a, b = K.LSTM(3, return_sequences=True, trainable=False), K.BatchNormalization()
    c, d = K.LSTM(3, return_sequences=True), K.Bidirectional(K.GRU(2))
    inner = tf_keras.Model(inner_in, d(c(b(a(inner_in)))), name="inner")
    x = K.Input((STEPS, FEATURES))
    return tf_keras.Model(x, K.Dense(2)(inner(x)))


def shared():
    one, two = K.Input((STEPS, FEATURES)), K.Input((STEPS, FEATURES))
    lstm = K.Bidirectional(K.LSTM(3, recurrent_activation="hard_sigmoid"))
    branch = tf_keras.Sequential([K.Input((6,)), K.Dense(4, "relu"), K.Dropout(0.3)])
    left, right = branch(lstm(one)), branch(lstm(two))
    return tf_keras.Model([one, two], K.Dense(1, "sigmoid")(K.Subtract()([left, right])))


def several():
    x, y = K.Input((STEPS, FEATURES), name="series"), K.Input((3,), name="facts")
    h = K.SimpleRNN(4)(x)
    z = K.Concatenate()([h, K.Dense(4, "relu")(y)])
    return tf_keras.Model({"series": x, "facts": y}, [K.Dense(2, name="one")(z), K.Dense(3, "softmax", name="two")(z)])


def given_states():
    """Both directions of a recurrent layer start from inputs of the model."""
    x, forward, backward = K.Input((STEPS, FEATURES)), K.Input((3,)), K.Input((3,))
    y = K.Bidirectional(K.GRU(3, return_sequences=True))(x, initial_state=[forward, backward])
    return tf_keras.Model([x, forward, backward], K.Dense(2)(y))


def merged():
    one, two = K.Input((STEPS, FEATURES)), K.Input((STEPS, FEATURES))
    a, b = K.LSTM(4)(one), K.SimpleRNN(4)(two)
    merges = [K.Add()([a, b]), K.Average()([a, b]), K.Maximum()([a, b]), K.Dot(axes=1, normalize=True)([a, b])]
    return tf_keras.Model([one, two], K.Dense(2)(K.Concatenate()(merges)))


def backend_functions():
    """Attention written with the functions of Keras's backend."""
    x = K.Input((STEPS, FEATURES))
    y = K.GRU(4, return_sequences=True)(x)
    weights = B.softmax(B.sum(y * B.tanh(y), axis=2))
    return tf_keras.Model(x, K.Dense(2)(B.sum(y * B.expand_dims(weights, axis=-1), axis=1)))


def mask_given():
    """The mask is an argument of the call, computed from the input."""
    x = K.Input((STEPS, FEATURES))
    y = K.LSTM(4, return_sequences=True)(x, mask=tf.reduce_any(tf.not_equal(x, -1.0), axis=-1))
    return tf_keras.Model(x, K.Dense(2)(y))


def mixed_precision():
    return sequential(K.LSTM(4, dtype="mixed_float16"), K.Dense(2))


def normalized():
    """`Normalization` holds statistics of data, not weights that were trained."""
    layer = K.Normalization()
    layer.adapt([[1.0, -2.0, 3.0, 0.0], [2.0, 0.0, 5.0, 9.0], [0.5, 4.0, 1.0, 2.0]])
    return sequential(layer, K.LSTM(3), K.Dense(2))


def frames():
    """A network for one frame, as a functional model, is taken through time."""
    frame = K.Input((6, 6, 2))
    y = K.ReLU(6.0)(K.DepthwiseConv2D(3, depth_multiplier=2)(K.ZeroPadding2D(1)(frame)))
    network = tf_keras.Model(frame, K.GlobalAveragePooling2D()(K.BatchNormalization()(y)))
    return sequential(K.TimeDistributed(network), K.LSTM(3), shape=(3, 6, 6, 2))


ROWS = {
    "rnn": lambda: sequential(K.SimpleRNN(5, return_sequences=True), K.SimpleRNN(3, activation="relu"), K.Dense(2)),
    "lstm": lambda: sequential(K.LSTM(5, return_sequences=True, dropout=0.2), K.LSTM(3, recurrent_dropout=0.1), K.Dense(2)),
    "lstm hard": lambda: sequential(K.LSTM(5, recurrent_activation="hard_sigmoid"), K.Dense(2, activation="hard_sigmoid")),
    "lstm hard everywhere": lambda: sequential(
        K.LSTM(5, activation="hard_sigmoid", recurrent_activation="hard_sigmoid", return_sequences=True),
        K.Activation("hard_sigmoid"), K.Conv1D(3, 2, activation="hard_sigmoid"), K.Flatten(), K.Dense(2)),
    "lstm options": lambda: sequential(
        K.LSTM(5, use_bias=False, unit_forget_bias=False, go_backwards=True, return_sequences=True),
        K.LSTM(4, unroll=True, activation="relu", recurrent_activation="tanh", kernel_regularizer="l2"), K.Dense(2)),
    "gru": lambda: sequential(K.GRU(5, return_sequences=True), K.GRU(3, recurrent_activation="hard_sigmoid"), K.Dense(2)),
    "gru before": lambda: sequential(K.GRU(5, reset_after=False, return_sequences=True), K.GRU(3, reset_after=False, use_bias=False)),
    "cells": lambda: sequential(
        K.RNN(K.LSTMCell(4), return_sequences=True), K.RNN([K.GRUCell(3), K.SimpleRNNCell(5)], return_sequences=True),
        K.RNN(K.StackedRNNCells([K.LSTMCell(3), K.LSTMCell(2, recurrent_activation="hard_sigmoid")])), K.Dense(2)),
    "bidirectional": lambda: sequential(
        K.Bidirectional(K.LSTM(4, return_sequences=True), merge_mode="sum"),
        K.Bidirectional(K.GRU(3, return_sequences=True, reset_after=False), merge_mode="ave"),
        K.Bidirectional(K.SimpleRNN(3), backward_layer=K.LSTM(3, go_backwards=True)), K.Dense(2)),
    "bidirectional cells": lambda: sequential(
        K.Bidirectional(K.RNN(K.LSTMCell(3), return_sequences=True)), K.Bidirectional(K.RNN([K.GRUCell(3), K.GRUCell(2)]))),
    "masked": lambda: sequential(K.Masking(-1.0), K.LSTM(4, return_sequences=True), K.GRU(3), K.Dense(2)),
    "embedded": lambda: sequential(K.Embedding(9, 4, mask_zero=True), K.SpatialDropout1D(0.2), K.Bidirectional(K.LSTM(3)),
                                   K.Dense(2, "softmax"), shape=(None,)),
    "distributed": lambda: sequential(
        K.LSTM(4, return_sequences=True), K.TimeDistributed(K.Dense(3, "relu")), K.TimeDistributed(K.BatchNormalization()),
        K.TimeDistributed(tf_keras.Sequential([K.Input((3,)), K.Dense(4), K.LeakyReLU(0.2)])), K.LSTM(2)),
    "convolutions": lambda: sequential(
        K.Conv1D(6, 3, padding="causal"), K.BatchNormalization(), K.LeakyReLU(), K.MaxPooling1D(2), K.GaussianNoise(0.1),
        K.SeparableConv1D(4, 2, padding="same"), K.PReLU(), K.ELU(0.7), K.UpSampling1D(2), K.ZeroPadding1D(1), K.Cropping1D(1),
        K.LSTM(3), K.ThresholdedReLU(0.2), K.ReLU(max_value=1.0), K.RepeatVector(3), K.GRU(2), K.Reshape((1, 2)), K.Permute((2, 1))),
    "frames": lambda: sequential(
        K.TimeDistributed(K.Conv2D(3, 3, activation="relu")), K.TimeDistributed(K.MaxPooling2D()), K.TimeDistributed(K.Flatten()),
        K.LSTM(3), K.Dense(2), shape=(3, 8, 8, 1)),
    "conv lstm": lambda: sequential(
        K.ConvLSTM2D(3, 3, padding="same", return_sequences=True), K.BatchNormalization(),
        K.ConvLSTM2D(2, 2, recurrent_activation="sigmoid"), K.GlobalAveragePooling2D(), shape=(3, 5, 5, 2)),
    "conv lstm 1d": lambda: sequential(K.ConvLSTM1D(3, 2), K.Flatten(), shape=(3, 5, 2)),
    "normalized": lambda: sequential(K.Rescaling(0.5, 1.0), K.LayerNormalization(), K.LSTM(3), K.LayerNormalization(axis=[1], epsilon=0.1)),
    "stateful": lambda: tf_keras.Sequential([K.Input(batch_shape=(2, STEPS, FEATURES)), K.LSTM(4, stateful=True), K.Dense(2)]),
    "any length": lambda: sequential(K.LSTM(4, return_sequences=True), K.Dense(2), shape=(None, FEATURES)),
    "seq2seq": seq2seq,
    "seq2seq unmasked": lambda: seq2seq(False),
    "seq2seq gru": lambda: seq2seq(True, "GRU"),
    "seq2seq rnn": lambda: seq2seq(True, "SimpleRNN"),
    "seq2seq bidirectional": bidirectional_seq2seq,
    "arithmetic": arithmetic,
    "attention": attention,
    "heads": heads,
    "nested": nested,
    "frozen nested": frozen_nested,
    "shared": shared,
    "several": several,
    "given states": given_states,
    "float64": lambda: sequential(K.LSTM(4, return_sequences=True, dtype="float64"), K.GRU(3, dtype="float64"),
                                  K.Dense(2, dtype="float64"), dtype="float64"),
    "adapted": normalized,
    "merged": merged,
    "backend functions": backend_functions,
    "mask given": mask_given,
    "frames of a model": frames,
}  # fmt: skip
