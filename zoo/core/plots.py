"""Pictures, drawn by matplotlib without a display."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.core.escaping import escaped
from zoo.core.extras import needing, require
from zoo.core.files import replacing, suffixed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


FORMATS = (".png", ".pdf", ".svg")
PLOTS = "plots need"
LINE = 100  # characters
DARK = 0.6  # of the scale of colours, from which on letters are white
COLOURS = ("#c0392b", "#e08e0b", "#27864b", "#2c5fa8", "#7d3c98", "#138d90", "#7f8c8d", "#34495e")


def plain(text: str) -> str:
    """Return a text that is drawn as it is: without formulas between dollar signs, and control characters visible."""
    return escaped(text).replace("$", r"\$")


def check() -> None:
    """Refuse a plot before anything is computed, if plots cannot be drawn.

    Raises:
        MissingExtra: Matplotlib is not installed.
    """
    require(PLOTS, "matplotlib")


def figure(**options: Any) -> "Figure":
    """Make an empty figure; `options` are those of `matplotlib.figure.Figure`.

    Raises:
        MissingExtra: Matplotlib is not installed.
    """
    with needing(PLOTS, "matplotlib"):
        from matplotlib.figure import Figure

    return Figure(**options)


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
    drawn = figure(figsize=(8, 4.5))
    axes = drawn.add_subplot()
    for colour, (label, (along, up)) in zip(COLOURS * (1 + len(lines) // len(COLOURS)), lines.items(), strict=False):
        axes.plot(along, up, label=plain(label), color=colour, marker="." if len(along) == 1 else None)
    if logarithmic:
        axes.set_yscale("log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.legend(loc="upper left", bbox_to_anchor=(1.005, 1), frameon=False)
    return save(drawn, path)


def coloured(labels: Sequence[str], values: Any, path: Path, unit: str) -> Path:
    """Draw labels in lines, each on the colour of its value; a line ends at a line break too."""
    with needing(PLOTS, "matplotlib"):
        from matplotlib import colormaps
        from matplotlib.colors import Normalize

    widest = max(len(label) for label in labels)
    places, line, column = [], 0, 0
    for label in labels:
        if column == LINE // widest:
            line, column = line + 1, 0
        places.append((line, column * widest))
        line, column = (line + 1, 0) if label == "\n" else (line, column + 1)
    scale, colours = Normalize(0, max(float(max(values)), 1e-6)), colormaps["YlOrRd"]
    drawn = figure(figsize=(0.11 * LINE, 0.26 * (places[-1][0] + 1) + 0.6))
    axes = drawn.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, LINE)
    axes.set_ylim(places[-1][0] + 2.5, -0.2)
    axes.axis("off")
    axes.barh([row + 0.5 for row, _ in places], widest, left=[at for _, at in places], height=1,
              color=colours(scale(values)), linewidth=0)  # fmt: skip
    for label, value, (row, left) in zip(labels, values, places, strict=True):
        shown = plain({"\n": "¶", "\t": "→"}.get(label, label))
        axes.text(left + widest / 2, row + 0.55, shown, ha="center", va="center", family="monospace", fontsize=9,
                  color="white" if scale(value) > DARK else "black")  # fmt: skip
    legend = drawn.add_axes((0.02, 0.25 / (places[-1][0] + 2.5), 0.3, 0.25 / (places[-1][0] + 2.5)))
    legend.imshow([[i / 99 for i in range(100)]], aspect="auto", cmap=colours, extent=(0, scale.vmax, 0, 1))
    legend.set_yticks([])
    legend.set_xlabel(unit, fontsize=8, labelpad=1)
    legend.tick_params(labelsize=7)
    return save(drawn, path)


def grid(values: Any, columns: Sequence[str], rows: Sequence[str], path: Path) -> Path:
    """Draw values `(rows, columns)` from 0 to 1 as squares, the darker, the larger, with the names of both axes."""
    drawn = figure(figsize=(1.5 + 0.4 * len(columns), 1.2 + 0.3 * len(rows)))
    axes = drawn.add_subplot()
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(columns)), [plain(name.strip() or name) for name in columns], rotation=60, ha="left")
    axes.set_yticks(range(len(rows)), [plain(name.strip() or name) for name in rows])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=9)
    return save(drawn, path)
