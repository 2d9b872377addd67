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
    """Run a zoo network in float64 NumPy: embedding, recurrent layers in one or both directions, a head if there is one, dense."""
    network = model.engine.network
    table = network.get_layer("embedding").get_weights()[0].astype(float)
    hidden = features = table[x].reshape(*x.shape[:2], -1)
    recurrent = [layer for layer in network.layers if layer.name.startswith("recurrent")]
    each = len(state) // len(recurrent)
    new = []
    kinds = {"SimpleRNN": "rnn", "LSTM": "lstm", "GRU": "gru"}
    for i, layer in enumerate(recurrent):
        if hasattr(layer, "backward_layer"):
            kind, both = kinds[type(layer.forward_layer).__name__], (layer.forward_layer, layer.backward_layer)
            zeros = [np.zeros((len(x), both[0].units))] * (2 if kind == "lstm" else 1)
            ways = [over_time(kind, hidden, one.get_weights(), zeros, backwards=one is both[1])[0] for one in both]
            hidden = np.concatenate([ways[0], ways[1][:, ::-1]], -1)
            continue
        kind = kinds[type(layer).__name__]
        hidden, last = over_time(kind, hidden, layer.get_weights(), state[i * each : (i + 1) * each])
        new += last
    if model.card.recipe.head:
        kernel, bias = network.get_layer("head").get_weights()
        hidden = np.maximum(np.concatenate([features, hidden], -1) @ kernel + bias, 0)
    kernel, bias = network.get_layer("y").get_weights()
    return hidden @ kernel + bias, new


def rnn_back(x, kernel, recurrent, bias, state, new, d):
    """Gradients of one step: of x, of the weights, of the state before it, from that of the state after it."""
    dz = d[0] * (1 - new[0] ** 2)
    return dz @ kernel.T, [x.T @ dz, state[0].T @ dz, dz.sum(0)], [dz @ recurrent.T]


def lstm_back(x, kernel, recurrent, bias, state, new, d):
    i, f, g, o = np.split(x @ kernel + state[0] @ recurrent + bias, 4, axis=-1)
    i, f, g, o, tanh_c = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o), np.tanh(new[1])
    dc = d[1] + d[0] * o * (1 - tanh_c**2)
    gates = (dc * g * i * (1 - i), dc * state[1] * f * (1 - f), dc * i * (1 - g**2), d[0] * tanh_c * o * (1 - o))
    dz = np.concatenate(gates, -1)
    return dz @ kernel.T, [x.T @ dz, state[0].T @ dz, dz.sum(0)], [dz @ recurrent.T, dc * f]


def gru_back(x, kernel, recurrent, bias, state, new, d):
    zx, rx, hx = np.split(x @ kernel + bias[0], 3, axis=-1)
    zh, rh, hh = np.split(state[0] @ recurrent + bias[1], 3, axis=-1)
    z, r = sigmoid(zx + zh), sigmoid(rx + rh)
    g = np.tanh(hx + r * hh)
    dg = d[0] * (1 - z) * (1 - g**2)
    dz, dr = d[0] * (state[0] - g) * z * (1 - z), dg * hh * r * (1 - r)
    da, db = np.concatenate((dz, dr, dg), -1), np.concatenate((dz, dr, dg * r), -1)
    weights = [x.T @ da, state[0].T @ db, np.stack((da.sum(0), db.sum(0)))]
    return da @ kernel.T, weights, [d[0] * z + db @ recurrent.T]


BACK = {"SimpleRNN": (rnn, rnn_back), "LSTM": (lstm, lstm_back), "GRU": (gru, gru_back)}


def bptt(name, x, state, weights):
    """Back-propagate through time in float64, step by step.

    The loss is the sum over all returned tensors (outputs, then states) of `index * value ** 2`.

    Returns:
        Outputs, states; gradients of x, of the states, of the weights.
    """
    forward, backward = BACK[name]
    x, state, weights = x.astype(float), [s.astype(float) for s in state], [w.astype(float) for w in weights]
    states = [state]
    for t in range(x.shape[1]):
        states.append(forward(x[:, t], *weights, *states[-1])[1])
    y = np.stack([s[0] for s in states[1:]], 1)
    d_y, *d = (2 * value * np.arange(value.size).reshape(value.shape) for value in (y, *states[-1]))
    dx, dw = np.zeros_like(x), [np.zeros_like(w) for w in weights]
    for t in reversed(range(x.shape[1])):
        d = [d[0] + d_y[:, t], *d[1:]]
        dx[:, t], parts, d = backward(x[:, t], *weights, states[t], states[t + 1], d)
        dw = [total + part for total, part in zip(dw, parts, strict=True)]
    return [y, *states[-1], dx, *d, *dw]
