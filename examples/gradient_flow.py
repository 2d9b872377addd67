"""Vanishing and exploding gradients: what a vanilla RNN, an LSTM and a GRU learn over 10, 100 and 400 steps.

    python examples/gradient_flow.py            # writes gradient_flow.png and gradient_flow.csv (5 minutes)

The task is to name, after the last step, the symbol shown at the first, with nothing shown in between: the gradient
must come back through every step. Each network starts with an orthogonal recurrent matrix or with small normal numbers,
its gradient flow is measured before training, and it is trained with and without clipping of the gradient's norm.

Reference: Pascanu, Mikolov & Bengio, On the Difficulty of Training Recurrent Neural Networks, ICML 2013.
"""

import csv
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from tabulate import tabulate
from tqdm import tqdm

import zoo
from zoo.core import plots
from zoo.layers import recurrent as layers

CELLS = {"vanilla RNN": layers.SimpleRNN, "LSTM": layers.LSTM, "GRU": layers.GRU}
STARTS = ("orthogonal", "random_normal")
LENGTHS = (10, 100, 400)
CLIPS = (None, 1.0)
SYMBOLS, UNITS, BATCH, UPDATES = 8, 48, 32, 150
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
EACH = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)


def data(steps, count, seed=0):
    """Give inputs `(count, steps, SYMBOLS)`, a one-hot symbol and then zeros, and the symbols `(count,)`."""
    ids = np.random.default_rng(seed).integers(0, SYMBOLS, count)
    x = np.zeros((count, steps, SYMBOLS), np.float32)
    x[np.arange(count), 0, ids] = 1
    return x, ids


def network(cell, start):
    """Build one recurrent layer and a dense layer on its last output."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((None, SYMBOLS)),
            CELLS[cell](UNITS, recurrent_initializer=start, name="cell"),
            keras.layers.Dense(SYMBOLS),
        ]
    )


def trained(cell, start, steps, clip, updates):
    """Train, and return the mean loss of the last tenth of the updates in nats; log(SYMBOLS) is chance."""
    net = network(cell, start)
    net.compile(keras.optimizers.SGD(0.3, momentum=0.9, global_clipnorm=clip), LOSS, jit_compile=False)
    last = updates // 10
    x, y = data(steps, updates * BATCH)
    first = (updates - last) * BATCH
    net.fit(x[:first], y[:first], batch_size=BATCH, verbose=0, shuffle=False)
    return net.fit(x[first:], y[first:], batch_size=BATCH, verbose=0, shuffle=False).history["loss"][0]


def main(folder=".", lengths=LENGTHS, updates=UPDATES):
    """Measure and train every network; write the table and the picture."""
    folder, rows, lines = Path(folder), [], {}
    cases = [(cell, start, steps) for cell in CELLS for start in STARTS for steps in lengths]
    for cell, start, steps in tqdm(cases, unit="network"):
        flow = zoo.gradient_flow(
            network(cell, start),
            data(steps, BATCH),
            EACH,
        )
        norms = flow.norms["cell"]
        if steps == lengths[-1]:
            lines[f"{cell}, {start}"] = (np.arange(steps - 1, -1, -1), norms)
        losses = [trained(cell, start, steps, clip, updates) for clip in CLIPS]
        rows.append([cell, start, steps, norms[0] / norms[-1], *losses])
    headers = ["cell", "recurrent matrix", "steps", "gradient at the first / last step", "loss", "loss, clipped"]
    with (folder / "gradient_flow.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([headers, *rows])
    plots.curves(
        lines, folder / "gradient_flow.png", "steps back from the loss", "norm of the loss gradient at h", True
    )
    print(tabulate(rows, headers, tablefmt="github", floatfmt=("", "", "", ".1e", ".2f", ".2f")))
    print(f"loss in nats after {updates} updates; chance is {np.log(SYMBOLS):.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
