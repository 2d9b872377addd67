"""How much the results of a model depend on the seed of its training: the shipped recipe with other seeds.

    python benchmarks/bench_seeds.py gru_keyword --out runs/seeds    # trains two other seeds, writes seeds.json
    python benchmarks/bench_seeds.py --show                          # prints the tables of seeds.json

One of the three seeds is that of the shipped model, whose card has its metrics; of gru_keyword the one that was best on
the validation split. Runs that were interrupted continue.
"""

import json
from pathlib import Path
from statistics import mean, stdev

import click
from tabulate import tabulate

import zoo
from zoo.core.files import write_text
from zoo.core.task import find

RESULTS = Path(__file__).with_name("seeds.json")
SEEDS = (1, 2, 3)
SHOWN = {
    "forecast": ("m4_hourly_smape", "m4_hourly_owa", "m4_hourly_coverage", "m4_weekly_smape"),
    "keyword": ("accuracy", "accuracy_without_silence", "worst_word_accuracy", "error_over_speakers"),
}


def measured(name, out):
    """Return seed → metrics of the test split."""
    card = zoo.info(name)
    teachers = [words.partition(",")[0] for words in card.data.get("teachers", "").split("; ") if words]
    usual = find(card.task).recipe(card.architecture).to_dict()
    changed = {key: value for key, value in card.recipe.to_dict().items() if value != usual[key] and key != "seed"}
    found = {}
    for seed in SEEDS:
        place = out / f"{name}_{seed}"
        if seed != card.recipe.seed:
            resume = (place / "run.json").exists()
            card_of = zoo.train(name, place, teachers=teachers, resume=resume, **changed, seed=seed)
        else:
            card_of = card
        found[str(seed)] = {split: card_of.metrics[split] for split in ("valid", "test")}
    return found


def table(name, seeds):
    """Lay out the seeds of a model, their mean, and their standard deviation, on the test split."""
    card = zoo.info(name)
    task, rows = find(card.task), []
    metrics, best = SHOWN[task.name], {seed: row["test"] for seed, row in seeds.items()}
    for seed, row in best.items():
        label = f"seed {seed}" + ", shipped" * (seed == str(card.recipe.seed))
        rows.append([name, label, *(f"{row[metric]:.4g}" for metric in metrics)])
    for label, summary in (("mean", mean), ("standard deviation", stdev)):
        rows.append([name, label, *(f"{summary(row[metric] for row in best.values()):.3g}" for metric in metrics)])
    heads = ["", "", *map(task.words, metrics)]
    return tabulate(rows, heads, "github", colalign=("left", "left", *["right"] * len(metrics)), disable_numparse=True)


def tables(results):
    """Lay out all models."""
    return [table(name, seeds) for name, seeds in results.items()]


@click.command()
@click.argument("name", default="")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/seeds"), show_default=True)
@click.option("--show", is_flag=True, help="Print the tables of seeds.json.")
def main(name, out, show):
    """Train a shipped model with other seeds, or show what was measured."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if not show:
        results[name] = measured(name, out)
        write_text(RESULTS, json.dumps(results, indent=2) + "\n")
    print(*tables(results), sep="\n\n")


if __name__ == "__main__":
    main()
