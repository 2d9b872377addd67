"""The coverage table: small Keras models with every recurrent layer and option that can be exported.

A model of the table has many heads, one an option, so that few conversions try many options; the outputs carry the names.
"""

import keras
import numpy as np
from keras import layers as L
from keras import ops

from zoo.layers import recurrent as fast

D, U = 3, 4  # features and units
CELLS = {"rnn": L.SimpleRNN, "lstm": L.LSTM, "gru": L.GRU}
CELL_LAYERS = {"rnn": L.SimpleRNNCell, "lstm": L.LSTMCell, "gru": L.GRUCell}
CONV = {1: (L.ConvLSTM1D, (5,)), 2: (L.ConvLSTM2D, (5, 4)), 3: (L.ConvLSTM3D, (3, 4, 2))}
ACTIVATIONS = ("relu", "sigmoid", "hard_sigmoid", "linear", "elu", "leaky_relu", "softsign", "softplus", "silu")


def seq(*layers, shape=(None, D), batch=None):
    return keras.Sequential([keras.Input(shape, batch_size=batch), *layers])


def heads(x, outputs):
    """A model with a named output for each tensor; lists are numbered."""
    flat = {}
    for name, value in outputs.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        flat |= {f"{name}_{i}" if len(values) > 1 else name: tensor for i, tensor in enumerate(values)}
    return keras.Model(x, {name.replace(" ", "_"): tensor for name, tensor in flat.items()})


def plain(cell, kind):
    x = keras.Input((None, D), name="x")
    layers = {
        "backwards": cell(U, return_sequences=True, go_backwards=True),
        "backwards last": cell(U, go_backwards=True),
        "no bias": cell(U, use_bias=False, return_sequences=True),
        "state": cell(U, return_state=True, return_sequences=True),
        "stacked cells": L.RNN([CELL_LAYERS[kind](U), CELL_LAYERS[kind](5)], return_sequences=True),
    }
    if kind == "gru":
        layers |= {"before": cell(U, reset_after=False, return_sequences=True),
                   "before no bias": cell(U, reset_after=False, use_bias=False, go_backwards=True)}  # fmt: skip
    if kind == "lstm":  # what goes around the cells is the same for all of them: every option once
        layers |= {
            "last": cell(U),
            "sequences": cell(U, return_sequences=True),
            "no forget bias": cell(U, unit_forget_bias=False),
            "dropout": cell(U, dropout=0.5, recurrent_dropout=0.5),
            "state last": cell(U, return_state=True),
            "cells": L.RNN(CELL_LAYERS[kind](U), return_sequences=True),
        }
    return heads(x, {name: layer(x) for name, layer in layers.items()})


def activations(cell, kind):
    x, names = (
        keras.Input((None, D), name="x"),
        ACTIVATIONS if kind == "rnn" else ("relu", "hard_sigmoid", "linear", "silu"),
    )
    outputs = {name: cell(U, activation=name, return_sequences=True)(x) for name in names}
    if kind != "rnn":
        for name in names:
            outputs[f"gates {name}"] = cell(U, recurrent_activation=name, return_sequences=True)(x)
    outputs["backwards"] = cell(U, activation="elu", go_backwards=True)(x)
    return heads(x, outputs)


def masked(cell, kind):
    x = keras.Input((None, D), name="x")
    hidden = L.Masking()(x)
    layers = {
        "sequences": cell(U, return_sequences=True),
        "zero backwards": cell(U, return_sequences=True, go_backwards=True, zero_output_for_mask=True),
        "state": cell(U, return_state=True, return_sequences=True),
        "stacked cells": L.RNN([CELL_LAYERS[kind](U), CELL_LAYERS[kind](5)]),
        "bidirectional": L.Bidirectional(cell(U, return_sequences=True)),
    }
    if kind == "lstm":
        layers |= {
            "last": cell(U),
            "backwards last": cell(U, go_backwards=True),
            "zero last": cell(U, zero_output_for_mask=True),
            "backwards": cell(U, return_sequences=True, go_backwards=True),
            "zero": cell(U, return_sequences=True, zero_output_for_mask=True),
            "bidirectional last": L.Bidirectional(cell(U)),
        }
    if kind == "gru":
        layers["before"] = cell(U, reset_after=False, return_sequences=True)
    return heads(x, {name: layer(hidden) for name, layer in layers.items()})


def masked_unrolled(cell, kind):
    x = keras.Input((5, D), name="x")
    layers = {
        "sequences": cell(U, return_sequences=True, unroll=True),
        "backwards last": cell(U, go_backwards=True, unroll=True),
        "zero backwards": cell(U, return_sequences=True, go_backwards=True, zero_output_for_mask=True, unroll=True),
        "bidirectional": L.Bidirectional(cell(U, return_sequences=True, unroll=True)),
    }
    return heads(x, {name: layer(L.Masking()(x)) for name, layer in layers.items()})


def unrolled(cell, kind):
    x = keras.Input((6, D), name="x")
    layers = {"forward": cell(U, unroll=True, return_sequences=True), "last": cell(U, unroll=True, go_backwards=True)}
    return heads(x, {name: layer(x) for name, layer in layers.items()})


def bidirectional(cell, kind):
    x = keras.Input((None, D), name="x")
    layers = {f"mode {mode}": L.Bidirectional(cell(U, return_sequences=True), merge_mode=mode)
              for mode in (("concat", "sum", "mul", "ave", None) if kind == "rnn" else ("concat", None))}  # fmt: skip
    layers["state"] = L.Bidirectional(cell(U, return_state=True, return_sequences=True))
    if kind != "lstm":
        return heads(x, {name: layer(x) for name, layer in layers.items()})
    layers |= {
        "last": L.Bidirectional(cell(U)),
        "state last": L.Bidirectional(cell(U, return_state=True), merge_mode=None),
        "stacked": seq(
            L.Bidirectional(cell(U, return_sequences=True)), L.Bidirectional(cell(3, return_sequences=True))
        ),
    }
    return heads(x, {name: layer(x) for name, layer in layers.items()})


def given(cell, kind):
    """States come in through inputs; one model with a mask, one without, one in both directions."""
    x = keras.Input((None, D), name="x")
    states = [keras.Input((U,), name=f"s{i}") for i in range(2 * len(cell(U).state_size))]
    half = states[: len(states) // 2]
    outputs = {
        "plain": cell(U, return_sequences=True)(x, initial_state=half),
        "masked": cell(U, return_state=True, return_sequences=True)(L.Masking()(x), initial_state=half),
        "both": L.Bidirectional(cell(U, return_sequences=True))(x, initial_state=states),
        "both masked": L.Bidirectional(cell(U))(L.Masking()(x), initial_state=states),
    }
    return heads([x, *states], outputs)


def embedded(cell, kind):
    return seq(L.Embedding(9, D, mask_zero=True), cell(U, return_sequences=True),
               L.Bidirectional(cell(3, return_sequences=True)), cell(3), L.Dense(2), shape=(None,))  # fmt: skip


def stateful(cell, kind):
    return seq(cell(U, stateful=True, return_sequences=True), cell(3, stateful=True, return_sequences=True), batch=2)


def stateful_both(cell, kind):
    return seq(L.Bidirectional(cell(U, stateful=True, return_sequences=True)), batch=2)


def nested_time(cell, kind):
    return seq(L.TimeDistributed(cell(U)), cell(3), shape=(None, 2, D))


def encoder_decoder(cell, kind):
    source, target = keras.Input((None,), name="source"), keras.Input((None,), name="target")
    _, *state = cell(U, return_state=True)(L.Embedding(9, D, mask_zero=True)(source))
    hidden = cell(U, return_sequences=True)(L.Embedding(7, D)(target), initial_state=state)
    return keras.Model({"source": source, "target": target}, L.Dense(7, name="logits")(hidden))


def ids(*layers):
    return seq(L.Embedding(9, D, mask_zero=True), *layers, shape=(None,))


class Subclassed(keras.Model):
    """Several arguments, a Python list of layers, a recurrent layer called twice."""

    def __init__(self):
        super().__init__()
        self.many = [L.GRU(U, return_sequences=True), L.Bidirectional(L.LSTM(U, return_sequences=True))]
        self.shared = L.LSTM(U)
        self.out = L.Dense(2)

    def call(self, x):
        for layer in self.many:
            x = layer(x)
        return {"logits": self.out(self.shared(x)), "other": self.shared(ops.flip(x, axis=1))}


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 5, D), np.float32))
    return model


class TwoArguments(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = L.GRU(U), L.Dense(U)

    def call(self, x, y):
        return self.first(x) + self.second(y)


def two_arguments():
    model = TwoArguments()
    model(np.zeros((1, 5, D), np.float32), np.zeros((1, 2), np.float32))
    return model


def attention():
    x = keras.Input((None, D), name="x")
    hidden = L.Bidirectional(L.GRU(U, return_sequences=True))(L.LayerNormalization()(x))
    hidden = L.MultiHeadAttention(2, 3)(hidden, hidden) + hidden
    hidden = L.Attention()([hidden, hidden])
    return keras.Model(x, L.Dense(2)(L.GlobalAveragePooling1D()(hidden)))


def cross_attention():
    """Two inputs, each of its own length."""
    a, b = keras.Input((None, D), name="a"), keras.Input((None, D), name="b")
    first, second = L.GRU(U, return_sequences=True)(a), L.LSTM(U, return_sequences=True)(b)
    return keras.Model([a, b], L.MultiHeadAttention(2, 3)(first, second))


def several():
    a, b = keras.Input((None, D), name="a"), keras.Input((2,), name="b")
    hidden = L.LSTM(U, return_sequences=True, name="hidden")(a)
    last = L.GRU(U)(hidden)
    return keras.Model([a, b], {"frames": L.Dense(2)(hidden), "clip": L.Concatenate()([last, b])})


def nested(depth=2):
    inner = seq(L.LSTM(U, return_sequences=True))
    for _ in range(depth):
        inner = seq(inner, L.Dense(D), L.Bidirectional(L.SimpleRNN(2, return_sequences=True)))
    return inner


def shared():
    a, b = keras.Input((None, D), name="a"), keras.Input((None, D), name="b")
    encoder = seq(L.GRU(U))
    return keras.Model([a, b], L.Dot(1)([encoder(a), encoder(b)]))


def policy(name):
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        return ids(L.Bidirectional(L.LSTM(U, return_sequences=True)), L.LayerNormalization(), L.GRU(3), L.Dense(2))
    finally:
        keras.config.set_dtype_policy(previous)


def conv(rank, **given):
    layer, space = CONV[rank]
    return seq(layer(2, 3, **{"padding": "same", "return_sequences": True, **given}), shape=(None, *space, 2))


AROUND = {
    "different directions": lambda: seq(
        L.Bidirectional(
            L.LSTM(U, return_sequences=True), backward_layer=L.GRU(U, return_sequences=True, go_backwards=True)
        )
    ),
    "different activations": lambda: seq(
        L.Bidirectional(
            L.LSTM(U, return_sequences=True),
            backward_layer=L.LSTM(U, activation="relu", return_sequences=True, go_backwards=True),
        )
    ),
    "forward runs backwards": lambda: seq(
        L.Bidirectional(
            L.GRU(U, return_sequences=True, go_backwards=True), backward_layer=L.GRU(U, return_sequences=True)
        )
    ),
    "bidirectional stacked cells": lambda: seq(
        L.Masking(), L.Bidirectional(L.RNN([L.GRUCell(U), L.LSTMCell(U)], return_sequences=True))
    ),
    "mixed stacked cells": lambda: mixed_cells(),
    "the zoo's layers": lambda: seq(
        L.Embedding(9, D, mask_zero=True),
        L.Bidirectional(fast.GRU(U, return_sequences=True)),
        fast.LSTM(U, return_sequences=True, go_backwards=True),
        fast.SimpleRNN(U),
        shape=(None,),
    ),
    "time distributed dense": lambda: seq(L.LSTM(U, return_sequences=True), L.TimeDistributed(L.Dense(2))),
    "time distributed conv": lambda: seq(
        L.TimeDistributed(L.Conv2D(2, 3)), L.TimeDistributed(L.MaxPooling2D()), L.TimeDistributed(L.Flatten()),
        L.GRU(U, return_sequences=True), shape=(None, 8, 8, 1),
    ),
    "time distributed model": lambda: seq(
        L.TimeDistributed(seq(L.Conv2D(2, 3, activation="relu"), L.BatchNormalization(), L.GlobalAveragePooling2D(), shape=(6, 6, 2))),
        L.Bidirectional(L.LSTM(U)), shape=(None, 6, 6, 2),
    ),
    "convolutions": lambda: seq(
        L.Conv1D(U, 3, padding="causal", activation="relu"), L.BatchNormalization(), L.GRU(U, return_sequences=True),
        L.Conv1D(2, 3, padding="same"), L.Softmax(),
    ),
    "long convolutions": lambda: seq(
        L.Conv1D(U, 11, strides=2, activation="relu"), L.MaxPooling1D(4), L.GRU(U, return_sequences=True),
    ),
    "pooling": lambda: seq(L.MaxPooling1D(4, padding="same"), L.LSTM(U, return_sequences=True)),
    "gelu": lambda: seq(L.LSTM(U, activation="gelu", return_sequences=True), L.Dense(2, activation="gelu")),
    "attention": attention,
    "cross attention": cross_attention,
    "several inputs and outputs": several,
    "subclassed": subclassed,
    "two arguments": two_arguments,
    "nested": nested,
    "shared": shared,
    "mixed_float16": lambda: policy("mixed_float16"),
    "mixed_bfloat16": lambda: policy("mixed_bfloat16"),
    "float16": lambda: policy("float16"),
    "float64": lambda: policy("float64"),
    "loop of its own": lambda: seq(L.LSTM(U, return_sequences=True), Halving()),
    "layers for training alone": lambda: seq(Auxiliary(), L.LSTM(U, return_sequences=True)),
    "one direction unused": lambda: one_direction(),
    "conv lstm 1d": lambda: conv(1),
    "conv lstm 2d": lambda: conv(2),
    "conv lstm 2d last": lambda: conv(2, return_sequences=False, go_backwards=True),
    "conv lstm 2d strides": lambda: conv(2, padding="valid", strides=2, recurrent_activation="hard_sigmoid"),
    "conv lstm 2d masked": lambda: conv_masked(),
    "conv lstm 2d stateful": lambda: seq(L.ConvLSTM2D(2, 3, stateful=True), shape=(None, 5, 4, 2), batch=2),
    "conv lstm 2d bidirectional": lambda: seq(
        L.Bidirectional(L.ConvLSTM2D(2, 3, return_sequences=True)), shape=(None, 5, 4, 2)
    ),
    "conv lstm 3d": lambda: conv(3),
}  # fmt: skip


def mixed_cells():
    x = keras.Input((None, D), name="x")
    cells = [L.SimpleRNNCell(U), L.LSTMCell(3), L.GRUCell(5)]
    return heads(x, {"out": L.RNN(cells, return_sequences=True, return_state=True)(x)})


class Halving(L.Layer):
    """A loop that no recurrent layer makes."""

    def call(self, x):
        return ops.while_loop(lambda i, _: i < 3, lambda i, x: (i + 1, x / 2 + 1), (0, x))[1]


class Auxiliary(L.Layer):
    """A branch that only a loss depends on; it draws random numbers, too."""

    def __init__(self):
        super().__init__()
        self.branch, self.seed = L.Bidirectional(L.GRU(2)), keras.random.SeedGenerator(0)

    def call(self, x):
        noise = keras.random.normal(ops.shape(x), seed=self.seed)
        self.add_loss(ops.mean(self.branch(x + noise)))
        return x


def one_direction():
    """Two kinds of cells, so that no operator computes both."""
    x = keras.Input((None, D), name="x")
    cells = L.LSTM(U, return_sequences=True), L.GRU(U, return_sequences=True, go_backwards=True)
    return keras.Model(x, L.Bidirectional(cells[0], backward_layer=cells[1], merge_mode=None)(x)[0])


def conv_masked():
    x, mask = keras.Input((None, 5, 4, 2), name="x"), keras.Input((None,), dtype="bool", name="mask")
    return keras.Model([x, mask], L.ConvLSTM2D(2, 3, return_sequences=True)(x, mask=mask))


PER_CELL = dict.fromkeys((plain, activations, masked, bidirectional, given), tuple(CELLS)) | {
    masked_unrolled: ["lstm"], unrolled: ["rnn"], embedded: ["gru"], encoder_decoder: ["lstm"], stateful: ["lstm"],
    stateful_both: ["rnn"], nested_time: ["gru"],
}  # fmt: skip
"""Options that meet the equations of a cell, with every cell; those of what is around it, with one."""
TITLES = {
    given: "given states", embedded: "embedding mask", encoder_decoder: "encoder-decoder",
    nested_time: "time distributed",
}  # fmt: skip
MODELS = {
    f"{kind} {TITLES.get(make, make.__name__.replace('_', ' '))}": lambda make=make, kind=kind: make(CELLS[kind], kind)
    for make, kinds in PER_CELL.items()
    for kind in kinds
} | AROUND
INPUTS = {"two arguments": [np.zeros((1, 5, D), np.float32), np.zeros((1, 2), np.float32)]}
"""Models that do not say themselves what they take."""


def build(name, seed=0):
    """Build a model of the table with asymmetric random weights and biases."""
    keras.utils.set_random_seed(seed)
    model = MODELS[name]()
    randomize(model, seed, 0.15 if "activations" in name else 0.4)  # without bounds, gates make large numbers larger
    return model


def randomize(model, seed=0, scale=0.4):
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if "float" in str(variable.dtype) and "rnn_state" not in variable.path:
            values = rng.normal(0.05, scale, variable.shape)
            variable.assign(np.abs(values) + 0.5 if "variance" in variable.path else values)
