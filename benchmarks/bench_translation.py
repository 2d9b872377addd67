"""Multi30k: German to English and English to German, by the networks and the trainer of the translation task.

    python benchmarks/bench_translation.py --out runs/multi30k    # trains both, writes translation.json (two hours)
    python benchmarks/bench_translation.py --out runs/multi30k    # once more: continues after the last whole epoch
    python benchmarks/bench_translation.py --show                 # prints the table of translation.json

Reads ZOO_DATA. The training part here has 28,111 of the 29,000 pairs of task 1; `val` chooses the epoch, and
test_2016_flickr and test_2017_flickr are read once, after training. BLEU is sacreBLEU's (13a tokens, mixed case) by the
one reference there is; published figures of tokenized, lower-case text are several points higher. The licence of the
texts is not clear: only figures are published, no weights.

Reference: Elliott, Frank, Sima'an & Specia, Multi30K: Multilingual English-German Image Descriptions, 2016.
"""

import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
from tabulate import tabulate

import zoo
from zoo.core.files import sha256, write_text
from zoo.errors import ChecksumError
from zoo.tasks.translation.datasets import rows
from zoo.tasks.translation.model import scores, signatures
from zoo.tasks.translation.pairs import tidy

RESULTS, COMMAND = Path(__file__).with_name("translation.json"), "python benchmarks/bench_translation.py"
FILE = "translation/multi30k_en_de_fr_cs.tsv.gz"
SHA256 = "4f0ce22271ecf08271acef4dac3c77af32f36d2136d83f79a3418c2939518d35"
DIRECTIONS = (("de", "en"), ("en", "de"))
MODEL = "bilstm_translation"
SETTINGS = {"units": 288, "embedding": 256, "vocabulary": 6000, "epochs": 24, "patience": 24, "batch": 64,
            "dropout_in": 0.3, "dropout_out": 0.3}  # fmt: skip
SPLITS = {"train": "train", "val": "valid"}
TESTS = ("test_2016_flickr", "test_2017_flickr")


def pairs(split, source, target):
    """Return the pairs of a split."""
    path = Path(os.environ["ZOO_DATA"]) / FILE
    if sha256(path) != SHA256:
        raise ChecksumError(f"{path} is not the file that the figures are of")
    chosen = [row for row in rows(path) if row["split"] == split]
    return [(tidy(row[source]), tidy(row[target])) for row in chosen]


def trained(source, target, out):
    """Train a model of a direction, or continue; return its preset folder and its card."""
    place = out / f"{source}_{target}"
    data = place / "data"
    data.mkdir(parents=True, exist_ok=True)
    for split, name in SPLITS.items():
        lines = ["\t".join(pair) for pair in pairs(split, source, target)]
        write_text(data / f"{name}.tsv", "\n".join(lines) + "\n")
    run = place / "run"
    card = zoo.train(MODEL, run, data=data, resume=(run / "run.json").exists(), **SETTINGS)
    return run / "preset", card


def measured(source, target, out):
    """Return the figures of a direction."""
    folder, card = trained(source, target, out)
    model = zoo.load(folder)
    found = {
        "parameters": card.parameters,
        "epochs": card.epochs,
        "minutes": card.minutes,
        "valid": card.metrics["valid"],
    }
    for split in TESTS:
        known = pairs(split, source, target)
        texts = [one.text for one in model.translate([text for text, _ in known], progress=True)]
        found[split] = scores(texts, [[reference] for _, reference in known])
    return found


def table(results):
    """Lay out the results."""
    lines = [
        [
            direction, f"{row['parameters']:,}", f"{row['minutes']:.0f}",
            *(f"{row[split][metric]:.1f}" for split in TESTS for metric in ("bleu", "chrf")),
        ]
        for direction, row in results["directions"].items()
    ]  # fmt: skip
    heads = ["", "parameters", "minutes", "2016: BLEU", "chrF", "2017: BLEU", "chrF"]
    return tabulate(lines, heads, "github", colalign=("left", *["right"] * 6), disable_numparse=True)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/multi30k"), show_default=True)
@click.option("--show", is_flag=True, help="Print the table of translation.json.")
def main(out, show):
    """Train and measure both directions, or show what was measured."""
    if not show:
        found = {f"{source} → {target}": measured(source, target, out) for source, target in DIRECTIONS}
        results = {"command": COMMAND, "model": MODEL, "settings": SETTINGS, "signatures": signatures(),
                   "directions": found}  # fmt: skip
        write_text(RESULTS, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    print(table(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()
