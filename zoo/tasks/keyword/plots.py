"""Pictures of what was spotted, and of what is mistaken for what."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.core.plots import COLOURS, figure, plain, save

SHOWN = 0.2  # probability that a word has somewhere, if it is drawn


def spotted(probabilities: Any, vocabulary: Sequence[str], words: Sequence[Any], step_s: float, path: Path) -> Path:
    """Draw the probabilities of words over time, and the words that were told.

    Args:
        probabilities: `(steps, classes)`.
        vocabulary: Words of the classes.
        words: Each with `word`, `start` and `end` in seconds.
        step_s: Length of a step, in seconds.
        path: File.
    """
    seconds = len(probabilities) * step_s
    drawn = figure(figsize=(min(4 + 1.2 * seconds, 50), 4), layout="constrained")
    axes = drawn.add_subplot()
    times = [step_s * (step + 1) for step in range(len(probabilities))]
    for number, i in enumerate(i for i in range(len(vocabulary)) if probabilities[:, i].max(initial=0) >= SHOWN):
        color = "#bbbbbb" if vocabulary[i].startswith("_") else COLOURS[number % len(COLOURS)]
        axes.plot(times, probabilities[:, i], color=color, label=plain(vocabulary[i]).strip("_"), linewidth=1.4)
    for one in words:
        axes.axvspan(one.start, one.end, color="#f3e9c9", zorder=0)
        axes.text((one.start + one.end) / 2, 1.04, plain(one.word), ha="center", fontsize=9)
    axes.set_xlim(0, max(seconds, step_s))
    axes.set_ylim(0, 1.12)
    axes.set_xlabel("seconds")
    axes.set_ylabel("probability, of the last second")
    axes.grid(color="#eeeeee", linewidth=0.6)
    if axes.lines:
        axes.legend(loc="upper left", bbox_to_anchor=(1.005, 1), frameon=False)
    return save(drawn, path)


def confusions(counts: Any, vocabulary: Sequence[str], path: Path) -> Path:
    """Draw how often each word was taken for which.

    Args:
        counts: `(said, heard)`.
        vocabulary: The words.
        path: File.
    """
    drawn = figure(figsize=(1.5 + 0.5 * len(vocabulary), 1.2 + 0.5 * len(vocabulary)), layout="constrained")
    axes = drawn.add_subplot()
    shares = counts / counts.sum(1, keepdims=True).clip(1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for said, row in enumerate(counts):
        for heard, count in enumerate(row):
            if count:
                color = "white" if shares[said, heard] > 0.5 else "black"
                axes.text(heard, said, f"{count:.0f}", ha="center", va="center", fontsize=8, color=color)
    names = [plain(word) for word in vocabulary]
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("heard")
    axes.set_ylabel("said")
    return save(drawn, path)
