"""ETTh1, 96 hours → 96 hours, by a network of segments on `zoo.layers.GRU`: recipe and result of three seeds.

    python benchmarks/bench_ett.py           # trains three networks, writes ett.json, prints the table (ten minutes)
    python benchmarks/bench_ett.py --show    # prints the table of ett.json
    python benchmarks/bench_ett.py --trial   # trains one, prints its validation error; the test part stays unread

Protocol of the published results: the first 12, 4 and 4 months train, validate and test, each column is scaled by mean
and deviation of its training part, and every window of the test part is forecast, its 96 hours from the 96 before them.
The seven columns are series of one network. It reads differences from the last value, a day at a time; a second GRU
starts from the state of the first and makes each day to come from an embedding of its place, the column and the hour.

Reference: Lin et al., SegRNN: Segment Recurrent Neural Network for Long-Term Time Series Forecasting, 2023.
"""

import json
import os
from pathlib import Path
from statistics import mean

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from tabulate import tabulate

from zoo.core import datasets
from zoo.core.files import write_text
from zoo.tasks.forecast.evaluation_data import ETTH1, ETTH1_SPLITS

RESULTS = Path(__file__).with_name("ett.json")
PAST, HORIZON, SEGMENT, DAY = 96, 96, 24, 24
UNITS, DROPOUT, EPOCHS, BATCH, RATE, WARMUP, EMA = 256, 0.5, 5, 48, 2e-3, 30, 0.99
SEEDS, BLOCK = (1, 2, 3), 256
PUBLISHED = {
    "TimeMixer++": (0.361, None), "SegRNN": (0.368, 0.395), "PatchTST": (0.379, 0.395), "linear": (0.399, 0.416),
    "Transformer": (0.499, 0.484),
}  # fmt: skip


def network(columns):
    """Return a network of `(values (batch, PAST), column (batch,), hour (batch,))` → `(batch, HORIZON)`."""
    import keras
    from keras import layers, ops

    from zoo.layers import GRU

    values = keras.Input((PAST,))
    column, hour = (keras.Input((), dtype="int32") for _ in range(2))
    last, days = values[:, -1:], HORIZON // SEGMENT
    segments = ops.reshape(values - last, (-1, PAST // SEGMENT, SEGMENT))
    read = GRU(UNITS)(layers.Dense(UNITS, activation="relu")(segments))
    about = layers.Embedding(columns, UNITS)(column) + layers.Embedding(DAY, UNITS)(hour)
    place = layers.Embedding(days, UNITS)(ops.arange(days)[None])
    asked = ops.reshape(place + about[:, None], (-1, 1, UNITS))
    state = ops.reshape(ops.repeat(read[:, None], days, axis=1), (-1, UNITS))
    made = layers.Dropout(DROPOUT)(GRU(UNITS)(asked, initial_state=state))
    return keras.Model([values, column, hour], last + ops.reshape(layers.Dense(SEGMENT)(made), (-1, HORIZON)))


class Windows:
    """Windows of all columns, scaled.

    Args:
        series: The columns.
    """

    def __init__(self, series):
        values = np.stack([one.values for one in series], 1)[: ETTH1_SPLITS["test"][1]]
        known = values[slice(*ETTH1_SPLITS["train"])]
        scaled = ((values - known.mean(0)) / known.std(0)).astype(np.float32)
        self.columns = scaled.shape[1]
        self.all = np.lib.stride_tricks.sliding_window_view(scaled, PAST + HORIZON, axis=0)

    def starts(self, split):
        """Return where the windows begin whose values to forecast are in a split."""
        first, end = ETTH1_SPLITS[split]
        return np.arange(max(first - PAST, 0), end - PAST - HORIZON + 1)

    def batch(self, starts):
        """Return inputs and targets of all columns at some times."""
        found = self.all[starts].reshape(-1, PAST + HORIZON)
        column = np.tile(np.arange(self.columns, dtype=np.int32), len(starts))
        hour = np.repeat((starts + PAST) % DAY, self.columns).astype(np.int32)
        return [found[:, :PAST], column, hour], found[:, PAST:]


def trained(windows, seed):
    """Return a network that has learned from the training part."""
    import keras

    keras.utils.set_random_seed(seed)
    net, rng, starts = network(windows.columns), np.random.default_rng(seed), windows.starts("train")
    steps = len(starts) // BATCH * EPOCHS
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - WARMUP, warmup_target=RATE, warmup_steps=WARMUP)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.0, clipnorm=1.0, use_ema=True, ema_momentum=EMA)
    net.compile(optimizer, "mae")
    for _ in range(EPOCHS):
        order = rng.permutation(starts)
        for first in range(0, len(order) - BATCH + 1, BATCH):
            net.train_on_batch(*windows.batch(order[first : first + BATCH]))
    optimizer.finalize_variable_values(net.trainable_variables)
    return net


def errors(net, windows, split):
    """Return mean squared and mean absolute error over all windows of a split."""
    found = []
    starts = windows.starts(split)
    for first in range(0, len(starts), BLOCK):
        x, y = windows.batch(starts[first : first + BLOCK])
        found.append(np.asarray(net(x, training=False)) - y)
    difference = np.concatenate(found)
    return {"mse": round(float(np.mean(difference**2)), 4), "mae": round(float(np.mean(np.abs(difference))), 4)}


def table(results):
    """Lay out the results beside the published ones."""
    ours = {f"GRU of segments, seed {seed}": tuple(row["test"].values()) for seed, row in results["seeds"].items()}
    ours["**mean of the seeds**"] = tuple(mean(pair) for pair in zip(*ours.values(), strict=True))
    rows = [
        (name, *("" if value is None else f"{value:.3f}" for value in pair))
        for name, pair in sorted({**PUBLISHED, **ours}.items(), key=lambda row: row[1][0])
    ]
    return tabulate(rows, ["", "MSE", "MAE"], "github", colalign=("left", "right", "right"), disable_numparse=True)


@click.command()
@click.option("--trial", is_flag=True, help="Train one network, and print its validation error alone.")
@click.option("--show", is_flag=True, help="Print the table of ett.json.")
def main(trial, show):
    """Measure, or show what was measured."""
    if not show:
        windows, found = Windows(datasets.load(ETTH1)["all"]), {}
        for seed in SEEDS[:1] if trial else SEEDS:
            net = trained(windows, seed)
            splits = ("valid",) if trial else ("valid", "test")
            found[seed] = {split: errors(net, windows, split) for split in splits}
            print(seed, net.count_params(), found[seed], flush=True)
        if trial:
            return
        write_text(RESULTS, json.dumps({"parameters": net.count_params(), "seeds": found}, indent=2) + "\n")
    print(table(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()
