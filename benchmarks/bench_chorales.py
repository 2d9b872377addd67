"""Compare chorales that models make with Bach's own test set: `python benchmarks/bench_chorales.py`.

Every model is given the sopranos of Bach's test chorales and writes the three voices below them; one that goes from
left to right makes chorales of its own as well. Writes `chorales.json` and `chorales.png` beside this file and prints
the table of the README.
"""

import json
import os
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
from tabulate import tabulate
from tqdm import tqdm

import zoo
from zoo.core.files import write_text
from zoo.core.plots import COLOURS, save
from zoo.core.task import find, split_of
from zoo.models.infilling import Infiller
from zoo.tasks.music.midi import voice_names
from zoo.tasks.music.score import Score

LENGTHS = (1, 2, 4, 8, 16)  # sixteenths: the lower edges of the classes of note length
LENGTH_NAMES = ("sixteenth", "eighth", "quarter", "half", "whole or longer")
HERE = Path(__file__).parent


def parallels(sounding: np.ndarray, interval: int) -> tuple[int, int]:
    """Count parallels of an interval class (7 fifths, 0 octaves and unisons) among all moves of two voices at once.

    Two voices move in parallel where both change pitch from one step to the next and keep the interval class.

    Args:
        sounding: `(steps, voices)`, -1 for silence.
        interval: Semitones modulo 12.

    Returns:
        Parallels, and moves in which both voices of a pair change.
    """
    found = moves = 0
    for high, low in combinations(range(sounding.shape[1]), 2):
        a, b = sounding[:, high], sounding[:, low]
        real = (a >= 0) & (b >= 0)
        both = real[1:] & real[:-1] & (a[1:] != a[:-1]) & (b[1:] != b[:-1])
        classes = abs(a - b) % 12
        found += int((both & (classes[1:] == interval) & (classes[:-1] == interval)).sum())
        moves += int(both.sum())
    return found, moves


def statistics(pieces: Sequence[Score]) -> dict[str, Any]:
    """Measure a set of chorales; every share is pooled over all of them."""
    sounding = [piece.sounding() for piece in pieces]
    whole = np.concatenate(sounding)
    lengths = np.array([note.end - note.start for piece in pieces for note in piece.notes()])
    counts = np.histogram(lengths, [*LENGTHS, np.inf])[0] / len(lengths)
    upper, lower = whole[:, :-1], whole[:, 1:]
    crossing = ((upper < lower) & (upper >= 0) & (lower >= 0)).any(1).mean()
    ranges = {}
    for name, column in zip(voice_names(4), whole.T, strict=True):
        low, middle, high = np.percentile(column[column >= 0], [1, 50, 99])
        ranges[name] = [int(low), int(middle), int(high)]
    result = {"pieces": len(pieces), "steps": len(whole), "range": ranges, "crossings": 100 * float(crossing)}
    for name, interval in (("fifths", 7), ("octaves", 0)):
        found, moves = map(sum, zip(*(parallels(s, interval) for s in sounding), strict=True))
        result[name] = 100 * found / moves
    return {
        **result,
        "mean_length": float(lengths.mean()),
        "lengths": dict(zip(LENGTH_NAMES, counts.tolist(), strict=True)),
    }


def rows(results: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Lay the comparison out as a table, with a column for each set."""
    import pretty_midi

    def pitches(values: list[int]) -> str:
        return " ".join(pretty_midi.note_number_to_name(value) for value in values)

    table = [
        [f"{name}: 1st, 50th, 99th percentile", *(pitches(found["range"][name]) for found in results.values())]
        for name in voice_names(4)
    ]
    labels = {
        "crossings": "steps with a voice crossing, %",
        "fifths": "parallel fifths, % of the moves of two voices",
        "octaves": "parallel octaves and unisons, % of the same",
        "mean_length": "mean note length, sixteenths",
    }
    table += [[label, *(f"{found[key]:.2f}" for found in results.values())] for key, label in labels.items()]
    return table + [
        [f"{name} notes, %", *(f"{100 * found['lengths'][name]:.1f}" for found in results.values())]
        for name in LENGTH_NAMES
    ]


def table(results: dict[str, dict[str, Any]]) -> str:
    """Lay the comparison out as Markdown."""
    return tabulate(rows(results), ["", *results], tablefmt="github", disable_numparse=True)


def plot(sets: dict[str, list[Score]], results: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw pitch distributions, each before Bach's own; below them note lengths and rule breaks, side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6), layout="constrained")
    above, below = figure.subfigures(2, 1)
    panels = above.subplots(1, len(sets), sharey=True, squeeze=False)[0]
    whole = {who: np.concatenate([piece.sounding() for piece in pieces]).T for who, pieces in sets.items()}
    first, bins = next(iter(whole.values())), np.arange(34, 84)
    for panel, (who, voices) in zip(panels, whole.items(), strict=True):
        panel.set_title(who, fontsize=10)
        panel.set(xlabel="MIDI pitch")
        for name, colour, under, column in zip(voice_names(4), COLOURS, first, voices, strict=False):
            panel.hist(under[under >= 0], bins, density=True, color=colour, alpha=0.35, label=name)
            if voices is not first:
                panel.hist(column[column >= 0], bins, density=True, histtype="step", color=colour)
    panels[0].set(ylabel="share of steps")
    panels[0].legend(fontsize=7)
    left, right = below.subplots(1, 2, width_ratios=(1.6, 1))
    width = 0.8 / len(sets)
    for i, (who, result) in enumerate(results.items()):
        at = np.arange(len(LENGTH_NAMES)) + width * i
        left.bar(at, [100 * v for v in result["lengths"].values()], width, label=who)
        right.bar(at[:3], [result[key] for key in ("crossings", "fifths", "octaves")], width)
    centre = width * (len(sets) - 1) / 2
    left.set_xticks(np.arange(len(LENGTH_NAMES)) + centre, LENGTH_NAMES)
    left.set(title="note length", ylabel="% of notes")
    left.legend(fontsize=8)
    right.set_xticks(np.arange(3) + centre, ("crossings", "∥ fifths", "∥ octaves"))
    right.set(title="against the rules", ylabel="%")
    save(figure, path)


def harmonised(model: Any, bach: Sequence[Score], count: int, temperature: float, seed: int) -> list[Score]:
    """Write three voices below the sopranos, in turn; those left over get a second harmonisation."""
    made: list[Score] = []
    for i, piece in enumerate(tqdm(bach[:count], "harmonising")):
        options = {"n": len(range(i, count, len(bach))), "temperature": temperature, "seed": seed + i}
        if isinstance(model, Infiller):
            made += model.infill(piece, free=["alto", "tenor", "bass"], **options)
        else:
            made += model.generate(fixed={"soprano": piece}, **options)
    return made


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    default=("lstm_music", "bilstm_music"),
    show_default=True,
    help="Catalog name or preset folder.",
)
@click.option("--pieces", default=100, show_default=True, help="Chorales to make.")
@click.option(
    "--bars", default=15, show_default=True, help="Length of what is not under a soprano; Bach's have 15.3 on average."
)
@click.option("--temperature", default=1.0, show_default=True, help="1 is the model's own distribution.")
@click.option("--seed", default=1, show_default=True)
def main(models: Sequence[str], pieces: int, bars: int, temperature: float, seed: int) -> None:
    """Compare chorales that models make with Bach's own test set."""
    bach = split_of(find("music"), "test", progress=False)
    sets = {"Bach": bach}
    for name in models:
        model = zoo.load(name)
        if not isinstance(model, Infiller):
            sets[name] = model.generate(n=pieces, bars=bars, temperature=temperature, seed=seed, progress=True)
        sets[f"{name} under Bach's sopranos"] = harmonised(model, bach, pieces, temperature, seed)
    results = {who: statistics(chorales) for who, chorales in sets.items()}
    settings = {"pieces": pieces, "bars": bars, "temperature": temperature, "seed": seed}
    write_text(HERE / "chorales.json", json.dumps({"settings": settings, "sets": results}, indent=2) + "\n")
    plot(sets, results, HERE / "chorales.png")
    print(table(results))


if __name__ == "__main__":
    main()
