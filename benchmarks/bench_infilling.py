"""What seeing both sides is worth: hidden tokens as the bidirectional models expect them, and as the LSTMs do.

    python benchmarks/bench_infilling.py           # measures, writes infilling.json, prints the table (5 minutes)
    python benchmarks/bench_infilling.py --show    # prints the table of infilling.json

All are asked for the same hidden tokens of the test split. At once: the bidirectional model sees what is not hidden,
on both sides, and no other hidden token. In turn: it sees the hidden ones before a token too, as the LSTM does, which
sees nothing after it. In turn is estimated from some hidden tokens of each piece, drawn at random, as each takes a pass
over the piece; after ± stands the standard error of that.

Nats are those of all hidden tokens over the number of hidden characters, or of notes that begin; foreseen is the share
of these that the model expects most.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from tabulate import tabulate

import zoo
from zoo.core import storage
from zoo.core.codec import MaskedPiece
from zoo.core.files import write_text
from zoo.core.task import find, split_of
from zoo.models.model import EVALUATION_BATCH
from zoo.models.sampling import log_softmax

RESULTS, COMMAND = Path(__file__).with_name("infilling.json"), "python benchmarks/bench_infilling.py"
TASKS = ("text", "music")
PLACES = 24  # hidden tokens of a piece that are asked for in turn
SHOWN = {
    "hidden_15": "15 % of the characters",
    "hidden_50": "50 % of the characters",
    "hidden_voices": "all voices but the highest",
    "hidden_bars": "one bar in four",
}


def left_only(model, codec, pieces, scheme):
    """Measure a left-to-right model on the tokens that a masked codec hides: nats per unit, share foreseen."""
    cut = next(iter(find(model.card.task).protocols.values()))[0]
    ordered, rng = storage.by_length(cut(pieces)), np.random.default_rng(0)
    total, units, right = 0.0, 0, 0
    for start in range(0, len(ordered), EVALUATION_BATCH):
        batch = ordered[start : start + EVALUATION_BATCH]
        x, y = model.codec.encode(batch)
        logits, _ = model.engine.step(x, model.engine.initial_state(len(x)))
        for piece, line, known in zip(batch, logits, y, strict=True):
            hidden = np.flatnonzero(codec.hide(piece, rng, scheme).hidden)
            asked, wanted = line[hidden], known[hidden]
            total -= float(np.take_along_axis(log_softmax(asked), wanted[:, None], -1).sum())
            begins = codec.is_unit(wanted)
            units, right = units + int(begins.sum()), right + int((begins & (asked.argmax(-1) == wanted)).sum())
    return {"nats": total / units, "accuracy": right / units}


def in_turn(model, pieces, scheme):
    """Measure a model that sees both sides on tokens hidden at random, those before each known by then.

    Returns:
        The same, and the standard error of the nats, as only some of the tokens are asked for.
    """
    cut = next(iter(find(model.card.task).protocols.values()))[0]
    ordered, rng, draw = storage.by_length(cut(pieces)), np.random.default_rng(0), np.random.default_rng(1)
    total, variance, units, right = 0.0, 0.0, 0, 0.0
    begun = 0.0  # units among the tokens that are asked for, as many as they stand for
    for piece in ordered:
        hidden = model.codec.hide(piece, rng, scheme).hidden
        places = np.flatnonzero(hidden)
        if not len(places):
            continue
        asked = draw.choice(places, min(PLACES, len(places)), replace=False)
        x, y = model.codec.encode([MaskedPiece(piece, hidden & (np.arange(len(hidden)) >= place)) for place in asked])
        rows, first = np.arange(len(asked)), (y >= 0).argmax(axis=1)
        logits = model.engine.step(x, [])[0][rows, first]
        wanted, share = y[rows, first], len(places) / len(asked)
        nats = -np.take_along_axis(log_softmax(logits), wanted[:, None], -1)
        total += len(places) * float(nats.mean())
        if share > 1:
            variance += len(places) * (len(places) - len(asked)) * float(nats.var(ddof=1)) / len(asked)
        begins = model.codec.is_unit(wanted)
        right, begun = right + share * int((begins & (logits.argmax(-1) == wanted)).sum()), begun + share * begins.sum()
        units += int(model.codec.is_unit(model.codec.tokens(piece)[places]).sum())
    return {"nats": total / units, "accuracy": right / float(begun), "error": variance**0.5 / units}


def measure(task):
    """Give scheme → model → nats per unit and accuracy."""
    both, left = (zoo.load(f"{architecture}_{task}") for architecture in ("bilstm", "lstm"))
    pieces = split_of(find(task), "test", progress=False)
    measured, found = both.measure(pieces), {}
    for scheme in both.codec.schemes:
        nats, accuracy = measured[f"{scheme}_nats_per_{both.codec.hidden_unit}"], measured[f"{scheme}_accuracy"]
        found[scheme] = {
            f"{both.card.name}, at once": {"nats": nats, "accuracy": accuracy},
            f"{both.card.name}, in turn": in_turn(both, pieces, scheme),
            left.card.name: left_only(left, both.codec, pieces, scheme),
        }
    return {"unit": both.codec.hidden_unit, "schemes": found}


def told(one):
    """Write nats, with their standard error if they are an estimate."""
    return f"{one['nats']:.3f}" + (f" ± {one['error']:.3f}" if one.get("error") else "")


def tables(results):
    """Lay out the results."""
    rows = [
        [name, SHOWN[scheme], f"{told(one)} per {part['unit']}", f"{100 * one['accuracy']:.1f} %"]
        for part in results["tasks"].values()
        for scheme, models in part["schemes"].items()
        for name, one in models.items()
    ]
    return [tabulate(rows, ("model", "what is hidden", "nats", "foreseen"), "github", disable_numparse=True)]


@click.command()
@click.option("--show", is_flag=True, help="Print what infilling.json has.")
def main(show):
    """Measure, or show what was measured."""
    if show:
        results = json.loads(RESULTS.read_text())
    else:
        shipped = zoo.list_models(pretrained=True)
        tasks = {task: measure(task) for task in TASKS if {f"bilstm_{task}", f"lstm_{task}"} <= set(shipped)}
        results = {"command": COMMAND, "tasks": tasks}
        write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    print(*tables(results), sep="\n\n")


if __name__ == "__main__":
    main()
