"""What seeing both sides is worth: hidden tokens as the bidirectional models expect them, and as the LSTMs do.

    python benchmarks/infilling.py           # measures, writes benchmarks/infilling.json, prints the table (5 minutes)
    python benchmarks/infilling.py --show    # prints the table of infilling.json

Both are asked for the same hidden tokens of the test split. The bidirectional model sees what is not hidden, on both
sides; the LSTM sees all that is before a token, the hidden ones too, which favours it.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]  # not this file

import numpy as np
from tabulate import tabulate

import zoo
from zoo import datasets
from zoo.engine import EVALUATION_BATCH
from zoo.sampling import log_softmax
from zoo.tasks import find, split_of

RESULTS = Path(__file__).with_suffix(".json")
TASKS = ("text", "music")
SHOWN = {
    "hidden_15": "15 % of the characters",
    "hidden_50": "50 % of the characters",
    "hidden_voices": "all voices but the highest",
    "hidden_bars": "one bar in four",
}


def left_only(model, codec, pieces, scheme):
    """Measure a left-to-right model on the tokens that a masked codec hides: nats per unit, and share foreseen."""
    cut = next(iter(find(model.card.task).protocols.values()))[0]
    ordered, rng = datasets.by_length(cut(pieces)), np.random.default_rng(0)
    total, units, right, tokens = 0.0, 0, 0, 0
    for start in range(0, len(ordered), EVALUATION_BATCH):
        batch = ordered[start : start + EVALUATION_BATCH]
        x, y = model.codec.encode(batch)
        logits, _ = model.engine.step(x, model.engine.initial_state(len(x)))
        for piece, line, known in zip(batch, logits, y, strict=True):
            hidden = np.flatnonzero(codec.hide(piece, rng, scheme).hidden)
            asked, wanted = line[hidden], known[hidden]
            total -= float(np.take_along_axis(log_softmax(asked), wanted[:, None], -1).sum())
            units += int(codec.is_unit(wanted).sum())
            right, tokens = right + int((asked.argmax(-1) == wanted).sum()), tokens + len(wanted)
    return {"nats": total / units, "accuracy": right / tokens}


def measure(task):
    """Give scheme → model → nats per unit and accuracy."""
    both, left = (zoo.load(f"{architecture}_{task}") for architecture in ("bilstm", "lstm"))
    pieces = split_of(find(task), "test", progress=False)
    measured, found = both.measure(pieces), {}
    for scheme in both.codec.schemes:
        nats, accuracy = measured[f"{scheme}_nats_per_{both.codec.hidden_unit}"], measured[f"{scheme}_accuracy"]
        found[scheme] = {
            both.card.name: {"nats": nats, "accuracy": accuracy},
            left.card.name: left_only(left, both.codec, pieces, scheme),
        }
    return {"unit": both.codec.hidden_unit, "schemes": found}


def tables(results):
    """Lay out the results."""
    rows = [
        [name, SHOWN[scheme], f"{one['nats']:.3f} per {part['unit']}", f"{100 * one['accuracy']:.1f} %"]
        for part in results.values()
        for scheme, models in part["schemes"].items()
        for name, one in models.items()
    ]
    return [tabulate(rows, ("model", "what is hidden", "nats", "foreseen"), "github", disable_numparse=True)]


def main():
    """Measure, or show what was measured."""
    if "--show" in sys.argv:
        results = json.loads(RESULTS.read_text())
    else:
        shipped = zoo.list_models(pretrained=True)
        results = {task: measure(task) for task in TASKS if {f"bilstm_{task}", f"lstm_{task}"} <= set(shipped)}
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(*tables(results), sep="\n\n")


if __name__ == "__main__":
    main()
