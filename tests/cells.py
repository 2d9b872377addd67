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


def gru_before(x, kernel, recurrent, bias, h):
    """The GRU of the paper: the reset gate acts before the recurrent product."""
    zx, rx, hx = np.split(x @ kernel + bias, 3, axis=-1)
    to_z, to_r, to_h = np.split(recurrent, 3, axis=-1)
    z, r = sigmoid(zx + h @ to_z), sigmoid(rx + h @ to_r)
    h = z * h + (1 - z) * np.tanh(hx + (r * h) @ to_h)
    return h, [h]


CELLS = {"rnn": rnn, "lstm": lstm, "gru": gru, "gru_before": gru_before}


def over_time(kind, x, weights, state, mask=None, backwards=False, zeros=False):
    """Take a cell through time in float64, with Keras's meaning of masks.

    A masked step carries the state on and repeats the output before it, which is zeros before the first valid step; with
    `zeros` its output is zeros. Backwards, the outputs are in the order they are computed: the last step's first.

    Returns:
        Outputs `(batch, time, units)` and the last state.
    """
    weights, state = [np.asarray(w, float) for w in weights], [np.asarray(s, float) for s in state]
    valid = np.ones(x.shape[:2], bool) if mask is None else mask
    output, outputs = np.zeros_like(state[0]), []
    for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
        h, new = CELLS[kind](x[:, t].astype(float), *weights, *state)
        here = valid[:, t, None]
        state = [np.where(here, after, before) for after, before in zip(new, state, strict=True)]
        output = np.where(here, h, output)
        outputs.append(np.where(here, h, 0) if zeros else output)
    return np.stack(outputs, axis=1), state


def forward(model, x, state):
    """Run a zoo network in float64 NumPy: embedding, recurrent layers, dense."""
    network = model.engine.network
    table = network.get_layer("embedding").get_weights()[0].astype(float)
    hidden = table[x].reshape(*x.shape[:2], -1)
    recurrent = [layer for layer in network.layers if layer.name.startswith("recurrent")]
    each = len(state) // len(recurrent)
    new = []
    for i, layer in enumerate(recurrent):
        kind = {"SimpleRNN": "rnn", "LSTM": "lstm", "GRU": "gru"}[type(layer).__name__]
        hidden, last = over_time(kind, hidden, layer.get_weights(), state[i * each : (i + 1) * each])
        new += last
    kernel, bias = network.get_layer("y").get_weights()
    return hidden @ kernel + bias, new
