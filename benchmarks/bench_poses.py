"""Actions from skeletons: MSR Action3D, the published cross-subject protocol, by networks of at most 200K parameters.

    python benchmarks/bench_poses.py           # trains every network, writes poses.json, prints the table (an hour)
    python benchmarks/bench_poses.py --show    # prints the table of poses.json
    python benchmarks/bench_poses.py --trial   # holds out one training subject after the other; the test stays unread

Reads ZOO_DATA. 557 sequences of a Kinect, 20 joints at 15 frames a second, of 20 actions by 10 people. Each of three
sets of 8 actions, AS1 to AS3, has a network: the odd subjects train it, for a fixed number of epochs, the even ones
test it. The figure is the mean of the three sets. Clips go the way of a user's own: a folder for each action, with
`landmarks.json`, read, augmented and trained on as `zoo train bilstm_video --data FOLDER --set rate_hz=15` does, but
for the choice of an epoch. Settings were chosen on training subjects, held out one after the other.

References: Li, Zhang & Liu, Action Recognition Based on a Bag of 3D Points, CVPR Workshops 2010. Published figures: Du,
Wang & Wang, Hierarchical Recurrent Neural Network for Skeleton Based Action Recognition, CVPR 2015.
"""

import itertools
import json
import os
import statistics
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from tabulate import tabulate

from zoo.core import datasets
from zoo.core.datasets import Dataset, Source
from zoo.core.files import write_text
from zoo.core.recipe import Recipe
from zoo.tasks.video.landmark_file import FILE
from zoo.tasks.video.task import VideoSettings
from zoo.tasks.video.user_data import read_folder

RESULTS = Path(__file__).with_name("poses.json")
SETS = ("AS1", "AS2", "AS3")
SEEDS, MOST, RATE_HZ = (1, 2, 3), 200_000, 15.0
JOINTS = (
    "left_shoulder", "right_shoulder", "shoulder_center", "spine", "left_hip", "right_hip", "hip_center", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand", "left_knee", "right_knee", "left_ankle",
    "right_ankle", "left_foot", "right_foot", "head",
)  # fmt: skip
"""In the order of the files; left is the left of the picture."""
BODY = {"joints": JOINTS, "size": [["shoulder_center", "spine"], ["spine", "hip_center"]]}
RECIPE = Recipe(
    units=64, embedding=64, layers=2, dropout_in=0.1, dropout_out=0.4, variational=True, label_smoothing=0.1, epochs=80,
    batch=8, window=0, learning_rate=3e-3, warmup=50, weight_decay=0.02, ema=0.99,
    settings=VideoSettings(joint_dropout=0.1),
)  # fmt: skip
RECIPES = {
    "bilstm": RECIPE, "lstm": replace(RECIPE, units=88), "gru": replace(RECIPE, units=100),
}  # fmt: skip
PUBLISHED = {
    "HBRNN-L (Du et al., 2015)": (93.33, 94.64, 95.50, 94.49), "HURNN-L": (92.38, 93.75, 94.59, 93.57),
    "DBRNN-L": (None, None, None, 92.61), "DURNN-L": (None, None, None, 89.86), "DURNN-T": (None, None, None, 77.11),
}  # fmt: skip


def _read(path):
    """Read the listed sequences: `(joints (time, 20, 3) in meters, action, subject, name)`, and actions of each set."""
    with np.load(path, allow_pickle=False) as stored:
        data = dict(stored)
    ends = list(itertools.pairwise(data["offsets"]))
    rows = [
        (data["joints"][slice(*ends[i])], int(data["action"][i]), int(data["subject"][i]), f"{i:03}")
        for i in np.flatnonzero(data["in_cvpr12_list"])
    ]
    return {"all": rows, "sets": {name: [int(action) for action in data[name]] for name in SETS}}


MSR_ACTION3D = Dataset(
    name="MSR Action3D",
    sources=(
        Source(
            "pose/msr_action3d_skeletons.npz",
            "7ba7cdae4026b6ff4986ff71e37868a30a7378bb1e2629ef89717d5cb96c6714",
            _read,
            home="https://sites.google.com/view/wanqingli/data-sets/msr-action3d",
        ),
    ),
    licence="for research",
    citation="Li, Zhang & Liu, Action Recognition Based on a Bag of 3D Points, CVPR Workshops 2010",
)


def clips(rows):
    """Write sequences into folders by action, and read them as a user's own clips are read."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*no landmarks")  # frames in which the Kinect lost the body
        Path(folder, FILE).write_text(json.dumps(BODY))
        for joints, action, _, name in rows:
            Path(folder, f"{action:02}").mkdir(exist_ok=True)
            np.save(Path(folder, f"{action:02}", f"{name}.npy"), joints.reshape(len(joints), -1))
        return list(itertools.chain(*read_folder(Path(folder), rate_hz=RATE_HZ).values()))


def trained(architecture, recipe, pieces):
    """Return a model that has learned from clips for all epochs of a recipe."""
    import keras

    from zoo.core.architectures import ARCHITECTURES
    from zoo.core.card import Card
    from zoo.networks.build import network
    from zoo.networks.keras_engine import KerasEngine
    from zoo.tasks.video.augment import augment
    from zoo.tasks.video.codec import make_codec
    from zoo.tasks.video.model import Labeler
    from zoo.training.batches import Windows, fit_form
    from zoo.training.learner import compiled
    from zoo.training.losses import ClipCrossEntropy as Loss

    row = ARCHITECTURES[architecture]
    codec = make_codec(pieces, row.bidirectional)
    keras.utils.set_random_seed(recipe.seed)
    net = network(row, codec, recipe)
    if net.count_params() > MOST:
        raise SystemExit(f"{net.count_params():,} parameters, more than {MOST:,}")
    windows = Windows(pieces, codec, recipe, augment(pieces, recipe), Loss.targets)
    learner = compiled(net, recipe, windows.steps, 1, Loss)
    for epoch in range(recipe.epochs):
        for batch in windows.epoch(epoch):
            learner.train_on_batch(*fit_form(*batch, Loss.targets))
    learner.optimizer.finalize_variable_values(learner.trainable_variables)
    card = Card(f"{architecture}_video", architecture, "video", recipe, net.count_params())
    return Labeler(card, codec, KerasEngine(net))


def accuracy(architecture, recipe, rows, held):
    """Train on all sequences but those of the subjects held out; return the percentage of these that is right."""
    model = trained(architecture, recipe, clips([row for row in rows if row[2] not in held]))
    return model.measure(clips([row for row in rows if row[2] in held]))["clips_correct"], model.card.parameters


def of_set(data, name, subjects):
    """Return the sequences of a set of actions by some subjects."""
    return [row for row in data["all"] if row[1] in data["sets"][name] and row[2] in subjects]


def trial(data, architecture):
    """Print the accuracy on each training subject, by a network that has seen the other four."""
    for name in SETS:
        odd = range(1, 11, 2)
        rows = of_set(data, name, odd)
        found = [accuracy(architecture, RECIPES[architecture], rows, [subject])[0] for subject in odd]
        print(name, architecture, f"{statistics.mean(found):.2f} %", [round(one, 1) for one in found], flush=True)


def measure(data, architecture):
    """Add the accuracy on the test subjects by seed and set, and the parameters, of an architecture to poses.json."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    about = results[architecture] = {"parameters": 0, "recipe": RECIPES[architecture].to_dict(), "seeds": {}}
    for seed in SEEDS:
        right = about["seeds"][str(seed)] = {}
        for name in SETS:
            rows = of_set(data, name, range(1, 11))
            recipe = replace(RECIPES[architecture], seed=seed)
            right[name], parameters = accuracy(architecture, recipe, rows, range(2, 11, 2))
            about["parameters"] = max(parameters, about["parameters"])
            print(architecture, seed, name, f"{right[name]:.2f} %", flush=True)
        write_text(RESULTS, json.dumps(results, indent=2) + "\n")


def table(results):
    """Lay out the results beside the published ones."""
    rows = [(name, "", *figures) for name, figures in PUBLISHED.items()]
    for architecture, about in results.items():
        means = [statistics.mean(seed[name] for seed in about["seeds"].values()) for name in SETS]
        per_seed = [statistics.mean(seed.values()) for seed in about["seeds"].values()]
        spread = f" ± {statistics.stdev(per_seed):.2f}" if len(per_seed) > 1 else ""
        name = f"**{architecture}_video**, {about['parameters']:,} parameters"
        rows.append((name, len(per_seed), *means, f"{statistics.mean(per_seed):.2f}{spread}"))
    shown = [[f"{cell:.2f}" if isinstance(cell, float) else cell or "" for cell in row] for row in rows]
    heads = ["accuracy %", "seeds", *SETS, "mean"]
    return tabulate(shown, heads, "github", colalign=("left", *["right"] * 5), disable_numparse=True)


@click.command()
@click.option("--architecture", "chosen", type=click.Choice([*RECIPES]), multiple=True, default=[*RECIPES])
@click.option("--trial", "is_trial", is_flag=True, help="Hold out one training subject after the other.")
@click.option("--show", is_flag=True, help="Print the table of poses.json.")
def main(chosen, is_trial, show):
    """Measure, or show what was measured."""
    for architecture in () if show else chosen:
        (trial if is_trial else measure)(datasets.load(MSR_ACTION3D), architecture)
    if not is_trial:
        print(table(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()
