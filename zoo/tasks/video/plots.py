"""Pictures of timelines and confusions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.core.plots import COLOURS, figure, plain, save


def seen(found: Any, truth: Sequence[Any], start: float, seconds: float, path: Path) -> Path:
    """Draw a timeline: thumbnails, a coloured strip of its labels, their probabilities, and the true labels.

    Args:
        found: `Timeline`.
        truth: True labels: each with `label`, `start` and `end`, in frames; none draws none.
        start: Where the picture begins, in seconds.
        seconds: How much of it is shown.
        path: File.
    """
    from zoo.core.validation import number

    start = number("start", start, 0, max(0, found.seconds - 1 / found.rate_hz))
    end = min(found.seconds, start + number("seconds", seconds, 1 / found.rate_hz))
    wide = min(4 + 2.5 * (end - start), 50)
    count = max(4, round(wide / 0.9))
    moments = [start + (i + 0.5) * (end - start) / count for i in range(count)]
    heights = [1.1, 0.5, *([0.5] if truth else []), 1.4]
    drawn = figure(figsize=(wide, sum(heights) + 0.8), layout="constrained")
    rows = list(drawn.subplots(len(heights), 1, sharex=True, height_ratios=heights))
    colours = _colours(found)
    for i, picture in enumerate(found.thumbnails(moments)):
        left = start + i * (end - start) / count
        rows[0].imshow(picture, cmap="gray", extent=(left, left + (end - start) / count, 0, 1), aspect="auto")
    _strip(rows[1], [(r.label, r.start, r.end) for r in found.runs], colours, start, end, "seen")
    if truth:
        spans = [(s.label, s.start / found.rate_hz, min(s.end / found.rate_hz, end)) for s in truth]
        _strip(rows[2], spans, colours, start, end, "true")
    first, last = round(start * found.rate_hz), max(round(end * found.rate_hz), 1)
    times = [(frame + 0.5) / found.rate_hz for frame in range(first, last)]
    shown = found.probabilities[first:last]
    for label in dict.fromkeys(run.label for run in found.runs):
        rows[-1].plot(times, shown[:, found.vocabulary.index(label)], color=colours[label], linewidth=1.2)
    rows[-1].set_ylim(0, 1.05)
    rows[-1].set_ylabel("probability")
    rows[-1].set_xlabel("seconds")
    rows[-1].grid(color="#eeeeee", linewidth=0.6)
    for axes in rows[:-1]:
        axes.set_yticks([])
        axes.set_ylim(0, 1)
    rows[-1].set_xlim(start, end)
    return save(drawn, path)


def _colours(found: Any) -> dict[str, str]:
    """Give every label a colour, first those that are seen, so that neighbours have two; grey is for rest."""
    every = dict.fromkeys([*(run.label for run in found.runs), *found.vocabulary])
    names = [label for label in every if label != found.rest]
    used = [colour for colour in COLOURS if colour != "#7f8c8d"]
    return {label: used[i % len(used)] for i, label in enumerate(names)} | {found.rest: "#cccccc"}


def _strip(axes: Any, spans: Sequence[tuple], colours: Mapping[str, str], start: float, end: float, name: str) -> None:
    """Draw labels as bars of their colours."""
    for label, first, last in spans:
        low, high = max(first, start), min(last, end)
        if low < high:
            axes.barh(0.5, high - low, 1, low, color=colours.get(label, "#eeeeee"), edgecolor="white", linewidth=1)
            axes.text((low + high) / 2, 0.5, plain(label), ha="center", va="center", fontsize=8, clip_on=True)
    axes.set_ylabel(name, rotation=0, ha="right", va="center")


def confusion(counts: Any, names: Sequence[str], path: Path) -> Path:
    """Draw how often each class `(classes, classes)` was told as which: rows are true, columns told."""
    drawn = figure(figsize=(0.28 * len(names) + 1.5, 0.28 * len(names) + 1.2), layout="constrained")
    axes = drawn.add_subplot()
    shares = counts / counts.sum(1, keepdims=True).clip(1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            if count:
                colour = "white" if shares[row, column] > 0.6 else "#c0392b" if row != column else "black"
                axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=colour)
    shown = [plain(name) for name in names]
    axes.set_xticks(range(len(names)), shown, fontsize=8)
    axes.set_yticks(range(len(names)), shown, fontsize=8)
    axes.set_xlabel("read")
    axes.set_ylabel("said")
    return save(drawn, path)
