"""Pictures, drawn by matplotlib without a display."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.files import replacing, suffixed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg")
LINE = 100  # characters
DARK = 0.6  # of the scale of colours, from which on letters are white
COLOURS = ("#c0392b", "#e08e0b", "#27864b", "#2c5fa8", "#7d3c98", "#138d90", "#7f8c8d", "#34495e")


def save(figure: "Figure", path: Path) -> Path:
    """Write a figure as PNG, PDF or SVG, by its suffix.

    Raises:
        ArgumentError: The suffix names no picture format.
        DataError: The file cannot be written.
    """
    with replacing(suffixed(path, FORMATS)) as scratch:
        figure.savefig(scratch, dpi=120, bbox_inches="tight")
    return path


def curves(lines: Mapping[str, tuple[Any, Any]], path: Path, x: str, y: str, logarithmic: bool = False) -> Path:
    """Draw lines, label → `(x (points,), y (points,))`, over named axes; `logarithmic` is for the upright one."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5))
    axes = figure.add_subplot()
    for colour, (label, (along, up)) in zip(COLOURS * (1 + len(lines) // len(COLOURS)), lines.items(), strict=False):
        axes.plot(along, up, label=label, color=colour, marker="." if len(along) == 1 else None)
    if logarithmic:
        axes.set_yscale("log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.legend(loc="upper left", bbox_to_anchor=(1.005, 1), frameon=False)
    return save(figure, path)


def piano_roll(score: Any, names: Sequence[str], path: Path) -> Path:
    """Draw a score with named voices: time in bars to the right, pitch upwards, a colour a voice."""
    import pretty_midi
    from matplotlib.figure import Figure

    bars = max(1.0, len(score) / score.steps_per_bar)
    figure = Figure(figsize=(min(4 + 0.75 * bars, 60), 5))
    axes = figure.add_subplot()
    notes = list(score.notes())
    # Lower voices are drawn first and thicker, so that a unison shows both colours.
    for voice, name in reversed(list(enumerate(names))):
        thick = 0.9 - 0.4 * (1 - voice / max(1, score.voices - 1))
        mine = [note for note in notes if note.voice == voice]
        axes.barh(
            [note.pitch for note in mine],
            [note.end - note.start - 0.15 for note in mine],
            left=[note.start for note in mine],
            height=thick, color=COLOURS[voice % len(COLOURS)], label=name, zorder=3,
        )  # fmt: skip
    low, high = min((n.pitch for n in notes), default=60) - 2, max((n.pitch for n in notes), default=60) + 2
    axes.set_ylim(low, high)
    for pitch in range(low, high + 1):
        if pitch % 12 in (1, 3, 6, 8, 10):
            axes.axhspan(pitch - 0.5, pitch + 0.5, color="#f2f2f2", zorder=0)
    named = [pitch for pitch in range(low, high + 1) if pitch % 12 in (0, 2, 4, 5, 7, 9, 11)]
    axes.set_yticks(named, [pretty_midi.note_number_to_name(pitch) for pitch in named], fontsize=7)
    axes.set_xlim(0, max(1, len(score)))
    starts = range(0, len(score) + 1, score.steps_per_bar)
    every = 1 + len(starts) // 40
    axes.set_xticks(starts[::every], [str(i + 1) for i in range(len(starts))][::every])
    axes.set_xticks(range(0, len(score) + 1, score.steps_per_beat), minor=True)
    axes.grid(axis="x", which="major", color="#888888", linewidth=1, zorder=1)
    axes.grid(axis="x", which="minor", color="#dddddd", linewidth=0.6, zorder=1)
    axes.set_xlabel("bar")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="upper left", bbox_to_anchor=(1.005, 1), frameon=False)
    return save(figure, path)


def coloured(labels: Sequence[str], values: Any, path: Path, unit: str) -> Path:
    """Draw labels in lines, each on the colour of its value; a line ends at a line break too."""
    from matplotlib import colormaps
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    widest = max(len(label) for label in labels)
    places, line, column = [], 0, 0
    for label in labels:
        if column == LINE // widest:
            line, column = line + 1, 0
        places.append((line, column * widest))
        line, column = (line + 1, 0) if label == "\n" else (line, column + 1)
    scale, colours = Normalize(0, max(float(max(values)), 1e-6)), colormaps["YlOrRd"]
    figure = Figure(figsize=(0.11 * LINE, 0.26 * (places[-1][0] + 1) + 0.6))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, LINE)
    axes.set_ylim(places[-1][0] + 2.5, -0.2)
    axes.axis("off")
    axes.barh([row + 0.5 for row, _ in places], widest, left=[at for _, at in places], height=1,
              color=colours(scale(values)), linewidth=0)  # fmt: skip
    for label, value, (row, left) in zip(labels, values, places, strict=True):
        shown = {"\n": "¶", "\t": "→"}.get(label, label).replace("$", r"\$")
        axes.text(left + widest / 2, row + 0.55, shown, ha="center", va="center", family="monospace", fontsize=9,
                  color="white" if scale(value) > DARK else "black")  # fmt: skip
    legend = figure.add_axes((0.02, 0.25 / (places[-1][0] + 2.5), 0.3, 0.25 / (places[-1][0] + 2.5)))
    legend.imshow([[i / 99 for i in range(100)]], aspect="auto", cmap=colours, extent=(0, scale.vmax, 0, 1))
    legend.set_yticks([])
    legend.set_xlabel(unit, fontsize=8, labelpad=1)
    legend.tick_params(labelsize=7)
    return save(figure, path)


def heard(
    features: Any, probabilities: Any, vocabulary: str, words: Sequence[Any], start: float, step_s: float, path: Path
) -> Path:  # fmt: skip
    """Draw log-mel features `(steps, frames, bands)`, words above them, and below the probabilities of symbols.

    Args:
        features: What the network heard.
        probabilities: `(steps, classes)`; the last class is the blank.
        vocabulary: Characters of the other classes.
        words: Each with `text`, `start`, `end` in seconds.
        start: Time of the first step, in seconds.
        step_s: Length of a step, in seconds.
        path: File.
    """
    from matplotlib.figure import Figure

    steps = len(probabilities)
    seconds = steps * step_s
    figure = Figure(figsize=(min(4 + 1.6 * seconds, 50), 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.2))
    span = (start, start + seconds)
    image = features[:steps].reshape(-1, features.shape[-1]).T
    above.imshow(image, origin="lower", aspect="auto", cmap="magma", extent=(*span, 0, 8), interpolation="nearest")
    above.set_ylabel("mel bands up to 8 kHz")
    above.set_yticks([])
    for word in words:
        above.axvspan(word.start, word.end, ymin=0.985, color=COLOURS[0], clip_on=False)
        above.text((word.start + word.end) / 2, 8.15, word.text, ha="center", fontsize=8)
    used = [i for i in range(len(vocabulary)) if probabilities[:, i].max() >= 0.05]
    times = [start + step_s * (step + 0.5) for step in range(steps)]
    for i in used:
        line = below.plot(times, probabilities[:, i], color=COLOURS[i % len(COLOURS)], linewidth=1.2)[0]
        for step in peaks(probabilities[:, i]):
            name = "␣" if vocabulary[i] == " " else vocabulary[i]
            below.text(
                times[step], probabilities[step, i] + 0.02, name, color=line.get_color(), ha="center", fontsize=9
            )
    below.plot(times, probabilities[:, -1], color="#cccccc", linewidth=0.8, zorder=0, label="blank (␣: word ends)")
    below.set_xlim(*span)
    below.set_ylim(0, 1.15)
    below.set_ylabel("probability")
    below.set_xlabel("seconds")
    below.grid(color="#eeeeee", linewidth=0.6)
    below.legend(loc="upper right", frameon=False)
    return save(figure, path)


def peaks(values: Any) -> list[int]:
    """Give the places where values are highest among their neighbours, and at least 0.2."""
    return [
        i
        for i, value in enumerate(values)
        if value >= 0.2 and (i == 0 or values[i - 1] < value) and (i + 1 == len(values) or values[i + 1] <= value)
    ]


def seen(found: Any, truth: Sequence[Any], start: float, seconds: float, path: Path) -> Path:
    """Draw a timeline: thumbnails, a coloured strip of its labels, their probabilities, and the true labels.

    Args:
        found: `Timeline`.
        truth: True labels: each with `label`, `start` and `end`, in frames; none draws none.
        start: Where the picture begins, in seconds.
        seconds: How much of it is shown.
        path: File.
    """
    from matplotlib.figure import Figure

    from zoo.checks import number

    start = number("start", start, 0, max(0, found.seconds - 1 / found.rate_hz))
    end = min(found.seconds, start + number("seconds", seconds, 1 / found.rate_hz))
    wide = min(4 + 2.5 * (end - start), 50)
    count = max(4, round(wide / 0.9))
    moments = [start + (i + 0.5) * (end - start) / count for i in range(count)]
    heights = [1.1, 0.5, *([0.5] if truth else []), 1.4]
    figure = Figure(figsize=(wide, sum(heights) + 0.8), layout="constrained")
    rows = list(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights))
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
    return save(figure, path)


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
            axes.text((low + high) / 2, 0.5, label, ha="center", va="center", fontsize=8, clip_on=True)
    axes.set_ylabel(name, rotation=0, ha="right", va="center")


def confusion(counts: Any, names: Sequence[str], path: Path) -> Path:
    """Draw how often each class `(classes, classes)` was told as which: rows are true, columns told."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(0.28 * len(names) + 1.5, 0.28 * len(names) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    shares = counts / counts.sum(1, keepdims=True).clip(1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            if count:
                colour = "white" if shares[row, column] > 0.6 else "#c0392b" if row != column else "black"
                axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(names)), names, fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlabel("read")
    axes.set_ylabel("said")
    return save(figure, path)
