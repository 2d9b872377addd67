"""What a pretrained model is worth to other music and other texts: trained further, and from nothing.

    python benchmarks/bench_fine_tuning.py           # trains, writes fine_tuning.json, prints the table (half an hour)
    python benchmarks/bench_fine_tuning.py --show    # prints the table of fine_tuning.json

A book (Alice's Adventures in Wonderland), folk tunes with chords (the first 40 of Nottingham's training part, in four
voices, a frame taken as an eighth) and piano music (eight of Bach's Goldberg Variations, in three voices), with the
settings of examples/fine_tune.py and examples/fine_tune_music.py, which both trainings share. Reported: nats on what
neither training nor the choice of the epoch has seen, the last tenth of the book, 20 tunes of Nottingham's test part,
and variations 18 and 21. Before: the model as it is shipped, where it has as many voices.
"""

import json
import os
import runpy
import tarfile
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from tabulate import tabulate

import zoo
from bench_poly_music import DATASETS, LOWEST, dataset
from zoo.core import datasets
from zoo.core.datasets import Dataset, Source
from zoo.core.files import write_text

EXAMPLES = Path(__file__).parent.parent / "examples"
RESULTS, COMMAND = Path(__file__).with_name("fine_tuning.json"), "python benchmarks/bench_fine_tuning.py"
KEPT = 10  # one part in so many of the book
TUNES, TESTED, FRAME = 40, 20, 2  # tunes to train on and to test on; sixteenths of a frame
VARIATIONS = ("18", "21")


def example(name):
    """Read the settings of an example."""
    return runpy.run_path(str(EXAMPLES / name))["SETTINGS"]


def source(file, digest, read):
    """Give what is in one file of the data, under the file's name."""
    made = Dataset(file, (Source(file, digest, lambda path: {"all": read(path)}),), "see the source", file)
    return datasets.load(made)["all"]


def book(folder):
    """Write the book but its end; return that."""
    digest = "19e40df12fe41dc7b506e00aae31901133d6597eed344da8f6b661e5fc20f2b9"
    text = source("text/alice_in_wonderland.txt", digest, lambda path: path.read_text(encoding="utf-8"))
    end = len(text) // KEPT * (KEPT - 1)
    write_text(folder / "alice.txt", text[:end])
    return [text[end:]]


def tunes(folder):
    """Write folk tunes as MIDI files; return others."""
    splits = datasets.load(dataset("Nottingham", *DATASETS["Nottingham"]))
    made = {split: [score(roll, LOWEST) for roll in splits[split]] for split in ("train", "test")}
    for i, piece in enumerate(made["train"][:TUNES]):
        piece.save(folder / f"{i:03}.mid")
    return made["test"][:TESTED]


def score(roll, lowest):
    """Put a roll `(frames, keys)` into four voices, the highest and the lowest notes first; what goes on is held."""
    grid = np.full((len(roll) * FRAME, 4), zoo.HOLD)
    for i, frame in enumerate(roll):
        pitches = (np.flatnonzero(frame)[::-1] + lowest).tolist()
        chosen = pitches if len(pitches) <= 4 else [*pitches[:3], pitches[-1]]
        grid[i * FRAME] = [*chosen, *[zoo.REST] * (4 - len(chosen))]
    sounding = grid[::FRAME]
    sounding[1:][(sounding[1:] == sounding[:-1])] = zoo.HOLD
    return zoo.Score(grid)


def variations(folder):
    """Write variations, as they are, but two; return those."""
    digest = "dd3cd72f6ed9c55eb73dbfb93a923220e13560b02693fcf429d266675e346d00"

    def read(path):
        with tarfile.open(path) as archive:
            members = [member for member in archive if "goldberg" in member.name and member.size]
            return {Path(member.name).name: archive.extractfile(member).read() for member in members}

    kept = folder.parent / "kept"
    kept.mkdir()
    for name, data in source("music/example_midi.tar", digest, read).items():
        (kept if name.removesuffix(".mid").endswith(VARIATIONS) else folder).joinpath(name).write_bytes(data)
    return [zoo.Score.read(path, voices=3) for path in sorted(kept.iterdir())]


ROWS = {
    "Alice's Adventures in Wonderland": ("lstm_text", "fine_tune.py", book, {}),
    "40 folk tunes with chords, four voices": ("lstm_music", "fine_tune_music.py", tunes, {"voices": 4}),
    "6 Goldberg Variations, three voices": ("lstm_music", "fine_tune_music.py", variations, {"voices": 3}),
}


def nats(model, pieces):
    """Measure a model; characters that it does not know are left out."""
    if model.card.task == "text":
        pieces = ["".join(c for c in text if c in model.codec.vocabulary) for text in pieces]
    return next(iter(model.measure(pieces).values()))


def measure(name, settings, fill, options):
    """Train twice, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        (data := Path(folder) / "data").mkdir()
        pieces, before = fill(data), zoo.load(name)
        fits = options.get("voices") in (None, getattr(before.codec, "voices", None))
        row = {"model": name, "before": nats(before, pieces) if fits else None}
        for key, start in (("further", name), ("from nothing", None)):
            out = Path(folder) / key.replace(" ", "-")
            zoo.train(name, out=out, start=start, data=data, **settings, **options)
            row[key] = nats(zoo.load(out / "preset"), pieces)
    return row


def tables(results):
    """Lay out the results."""
    figures = ("before", "further", "from nothing")
    shown = [
        [on, row["model"], *("" if row[key] is None else f"{row[key]:.2f}" for key in figures)]
        for on, row in results["rows"].items()
    ]
    heads = ("on", "model", "before", "trained further", "from nothing")
    return [tabulate(shown, heads, "github", disable_numparse=True)]


@click.command()
@click.option("--show", is_flag=True, help="Print the table of fine_tuning.json.")
def main(show):
    """Measure, or show what was measured."""
    if show:
        results = json.loads(RESULTS.read_text())
    else:
        rows = {on: measure(name, example(file), fill, options) for on, (name, file, fill, options) in ROWS.items()}
        results = {"command": COMMAND, "rows": rows}
        write_text(RESULTS, json.dumps(results, indent=1) + "\n")
    print(*tables(results), sep="\n\n")


if __name__ == "__main__":
    main()
