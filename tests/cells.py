"""Recurrent cells in NumPy, written from the equations: the independent truth for networks and artifacts."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def rnn(x, kernel, recurrent, bias, h):
    h = np.tanh(x @ kernel + h @ recurrent + bias)
    return h, [h]


def lstm(x, kernel, recurrent, bias, h, c):
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)  # Keras's gate order
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, [h, c]


def gru(x, kernel, recurrent, bias, h):
    zx, rx, hx = np.split(x @ kernel + bias[0], 3, axis=-1)
    zh, rh, hh = np.split(h @ recurrent + bias[1], 3, axis=-1)  # reset_after, Keras's default
    z = sigmoid(zx + zh)
    h = z * h + (1 - z) * np.tanh(hx + sigmoid(rx + rh) * hh)
    return h, [h]


CELLS = {"rnn": rnn, "lstm": lstm, "gru": gru}


def forward(model, x, state):
    """Run a zoo network in float64 NumPy: embedding, recurrent layers, dense."""
    network = model.engine.network
    table = network.get_layer("embedding").get_weights()[0].astype(float)
    hidden = table[x].reshape(*x.shape[:2], -1)
    recurrent = [layer for layer in network.layers if layer.name.startswith("recurrent")]
    each = len(state) // len(recurrent)
    new = []
    for i, layer in enumerate(recurrent):
        weights = [w.astype(float) for w in layer.get_weights()]
        cell = CELLS[{"SimpleRNN": "rnn", "LSTM": "lstm", "GRU": "gru"}[type(layer).__name__]]
        mine, outputs = list(state[i * each : (i + 1) * each]), []
        for t in range(hidden.shape[1]):
            out, mine = cell(hidden[:, t], *weights, *mine)
            outputs.append(out)
        hidden = np.stack(outputs, axis=1)
        new += mine
    kernel, bias = network.get_layer("y").get_weights()
    return hidden @ kernel + bias, new
