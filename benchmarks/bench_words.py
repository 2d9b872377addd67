"""Penn Treebank, word by word: two layers of LSTM with tied embeddings, by our layers and trainer, on two cores.

    python benchmarks/bench_words.py --out runs/words     # trains, writes words.json, prints the table
    python benchmarks/bench_words.py --out runs/words     # once more: goes on after the last whole epoch
    python benchmarks/bench_words.py --show               # prints the table of words.json
    python benchmarks/bench_words.py --time               # a step with all words, and with 512, as if they were sampled
    python benchmarks/bench_words.py --out runs/try --set dropout_out=0.5   # the validation split alone

Protocol of the published figures: the 10,000 words of Mikolov's version, `<eos>` at the end of each line counted, one
pass over the whole split with the state carried on. The epoch is that which is best on the validation split, cut into
pieces of 1,024 words; the test split is read once, after training. The text is under a licence of the Linguistic Data
Consortium (LDC99T42): only figures are published, no weights.

Reference: Zaremba, Sutskever & Vinyals, Recurrent Neural Network Regularization, 2014; Press & Wolf, Using the Output
Embedding to Improve Language Models, EACL 2017; Gal & Ghahramani, NIPS 2016.
"""

import gzip
import json
import os
import resource
import time
from dataclasses import replace
from pathlib import Path

import click

from zoo.api import TRAINING_ENVIRONMENT

RESULTS, COMMAND = Path(__file__).with_name("words.json"), "python benchmarks/bench_words.py --out runs/words"
WORDS, PIECE = 10_000, 1024  # of the vocabulary; of a piece for validation
TOKENS = {"train": 929_589, "valid": 73_760, "test": 82_430}
SAMPLED, STEPS = 512, 8  # words that a sampled softmax would look at; steps that are timed
PUBLISHED = {
    "Zaremba et al., small, 2 x 200": ("", "115"), "Zaremba et al., medium, 2 x 650": ("86.2", "82.7"),
    "Zaremba et al., large, 2 x 1500": ("82.2", "78.4"),
}  # fmt: skip


def read(path):
    """Read the three files beside each other."""
    return {split: gzip.decompress(path.with_name(f"ptb.{split}.txt.gz").read_bytes()).decode() for split in TOKENS}


def dataset():
    from zoo.core.datasets import Dataset, Source

    source = Source(
        "text/ptb.train.txt.gz", "d1ec43563d7ce27da8b43f9069b2a58cb9e7f2656e96d7aab0ddc61ef728e176", read,
        beside={
            "ptb.valid.txt.gz": "fdb970a6bddedf957366618daec55ab7beb159f8123600f8db16c34833dca93d",
            "ptb.test.txt.gz": "b9743208d38e095719ea30645a6456bd2cabe3b3dfe0815ad10a51d08b4e2a48",
        },
        home="http://www.fit.vutbr.cz/~imikolov/rnnlm/simple-examples.tgz",
    )  # fmt: skip
    return Dataset("Penn Treebank", (source,), "LDC99T42, for figures only", "Mikolov et al., Interspeech 2010")


def recipe():
    from zoo.core.recipe import Recipe
    from zoo.tasks.text.task import TextSettings

    return Recipe(
        units=400, embedding=400, layers=2, tied=True, dropout_in=0.3, dropout_out=0.4, dropout_recurrent=0.2,
        variational=True, epochs=22, patience=22, batch=32, window=35, carry=True, learning_rate=2e-3, warmup=400,
        weight_decay=0.05, clip=0.5, ema=0.998,
        settings=TextSettings(unit="word", vocabulary_size=WORDS, tokenized=True),
    )  # fmt: skip


def pieces(texts, codec):
    """Return split → pieces of tokens: one each, of the validation split shorter ones too."""
    from zoo.tasks.text.pieces import as_text, segments

    whole = {split: codec.counted([as_text(text)]) for split, text in texts.items()}
    counts = {split: sum(map(len, found)) for split, found in whole.items()}
    if counts != {split: TOKENS[split] for split in texts}:
        raise SystemExit(f"{counts} tokens: another version of the data")
    [valid] = whole["valid"]
    return whole | {"chosen by": segments(valid, 0, len(valid), PIECE)}


def prepared(texts, settings, classes=WORDS):
    """Return codec, network, windows and the compiled learner."""
    import keras

    from zoo.core.architectures import ARCHITECTURES
    from zoo.networks.build import network
    from zoo.tasks.text.codec import make_codec
    from zoo.tasks.text.pieces import as_text
    from zoo.training.batches import Windows
    from zoo.training.learner import compiled

    codec = make_codec([as_text(texts["train"])], unit="word", vocabulary_size=classes, tokenized=True)
    keras.utils.set_random_seed(settings.seed)
    net = network(ARCHITECTURES["lstm"], codec, settings)
    train = codec.counted([as_text(texts["train"])])
    windows = Windows(train, codec, settings, lambda index, _rng: train[index])
    return codec, net, windows, compiled(net, settings, windows.steps)


def trained(texts, settings, out, splits):
    """Train, or go on; return perplexities of the splits, parameters, epochs and minutes."""
    from zoo.core.card import Card
    from zoo.models.generation import Generator
    from zoo.networks.keras_engine import KerasEngine
    from zoo.training.fit import fit

    codec, net, windows, learner = prepared(texts, settings)
    found = pieces({split: texts[split] for split in {"train", "valid", *splits}}, codec)
    resume = (out / "checkpoint").exists()
    best = fit(learner, None, windows, found["chosen by"], out, "val_loss", resume)
    best.best(net)
    model = Generator(Card("lstm_text", "lstm", "text", settings, net.count_params()), codec, KerasEngine(net))
    return {
        **{split: model.measure(found[split])["stateful_perplexity"] for split in splits},
        "parameters": net.count_params(), "epochs": best.state["epoch"], "best_epoch": best.state["best_epoch"],
        "minutes": round(best.state["minutes"], 1),
    }  # fmt: skip


def step_times(texts, settings):
    """Return seconds on the clock, and of the processor, of a step: with all words, and with few."""
    rows = {}
    for classes in (WORDS, SAMPLED):
        _, _, windows, learner = prepared(texts, settings, classes)
        batches = windows.batches(0)
        for i in range(2 + STEPS):
            if i == 2:  # the first is compiled
                began, used = time.perf_counter(), _used()
            inputs, y, weights = next(batches)
            learner.train_on_batch(inputs, y, weights)
        rows[classes] = (time.perf_counter() - began) / STEPS, (_used() - used) / STEPS
    return rows, windows.steps


def _used():
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime


def table(results):
    """Lay out the result beside published ones."""
    from tabulate import tabulate

    row = results["row"]
    name = f"ours, 2 x {results['recipe']['units']}, tied, {row['minutes']:.0f} minutes"
    ours = [name, f"{row['parameters']:,}", f"{row['valid']:.1f}", f"{row['test']:.1f}"]
    rows = [ours, *([name, "", *figures] for name, figures in PUBLISHED.items())]
    return tabulate(rows, ("model", "parameters", "validation", "test"), "github", disable_numparse=True)


def write(row, settings):
    from importlib.metadata import version

    from zoo.core.files import write_text

    versions = {package: version(package) for package in ("keras", "tensorflow", "numpy")}
    results = {"command": COMMAND, "versions": versions, "row": row, "recipe": settings.to_dict()}
    write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    return results


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; a run that is there already goes on.")
@click.option("--show", is_flag=True, help="Print the table of words.json.")
@click.option("--time", "timed", is_flag=True, help="Time steps of training.")
@click.option("--set", "changes", multiple=True, metavar="SETTING=VALUE", help="Try a setting on the validation split.")
def main(out, show, timed, changes):
    """Train on Penn Treebank and print the perplexities beside published ones."""
    os.environ.update(TRAINING_ENVIRONMENT | os.environ)
    if show:
        print(table(json.loads(RESULTS.read_text())) if RESULTS.exists() else f"no run yet: {COMMAND}")
        return
    if not (out or timed):
        raise click.UsageError("name a run folder with --out FOLDER, or give --show or --time")
    from zoo.core import datasets
    from zoo.core.recipe import adjusted

    settings = adjusted(recipe(), dict(change.partition("=")[::2] for change in changes))
    texts = datasets.load(dataset())
    if timed:
        rows, steps = step_times(texts, replace(settings, ema=0))
        for classes, (clock, used) in rows.items():
            print(f"{classes} words: {clock:.3f} s a step, {used:.3f} s of the processor; {steps} steps an epoch")
        return
    out.mkdir(parents=True, exist_ok=True)
    row = trained(texts, settings, out, ("valid",) if changes else ("valid", "test"))
    print(row if changes else table(write(row, settings)))


if __name__ == "__main__":
    main()
