"""Pictures: what is drawn in them, and what they are written as."""

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from zoo.core import plots
from zoo.errors import ArgumentError


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were to be saved."""
    figures = []
    monkeypatch.setattr(plots, "save", lambda figure, path: figures.append(figure) or path)
    return figures


@pytest.mark.parametrize(("name", "begins"), [("a.png", b"\x89PNG"), ("a.PDF", b"%PDF-"), ("a.svg", b"<?xml")])
def test_the_suffix_says_the_format(tmp_path, name, begins):
    figure = Figure(figsize=(1, 1))
    figure.add_subplot().plot([1, 2])
    assert plots.save(figure, tmp_path / name) == tmp_path / name
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_other_formats_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ArgumentError, match=r"a\.jpg: give a file name that ends in \.png or \.pdf or \.svg"):
        plots.save(Figure(), tmp_path / "new/a.jpg")
    assert not list(tmp_path.iterdir())


def test_curves_are_the_points_that_were_given(tmp_path, drawn):
    lines = {f"line {i}": ([1, 2, 3], [i, 1, 10]) for i in range(len(plots.COLOURS) + 1)} | {"one": ([4], [5])}
    assert plots.curves(lines, tmp_path / "a.png", "epoch", "nats", logarithmic=True) == tmp_path / "a.png"
    [axes] = drawn[0].axes
    assert [(line.get_label(), [*line.get_xdata()], [*line.get_ydata()]) for line in axes.lines] == [
        (label, *points) for label, points in lines.items()
    ]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale(), axes.get_yscale()) == (
        "epoch", "nats", "linear", "log",
    )  # fmt: skip
    assert [text.get_text() for text in axes.get_legend().texts] == [*lines]
    assert axes.lines[-1].get_marker() == "."  # a line of one point would not be seen
    assert len({line.get_color() for line in axes.lines}) == len(plots.COLOURS)  # then they begin anew
    plots.curves({"a": ([0], [0])}, tmp_path / "a.png", "x", "y")
    assert drawn[1].axes[0].get_yscale() == "linear"


def test_labels_stand_in_lines_on_the_colors_of_their_values(tmp_path, drawn):
    labels, values = ["ab", "$", "\n", "\t", *["c"] * 49, "d"], [0.0, 2.0, 4.0, 3.0, *[0.0] * 49, 1.0]
    plots.coloured(labels, values, tmp_path / "a.png", "nats")
    axes, legend = drawn[0].axes
    texts, bars = axes.texts, axes.patches
    assert [text.get_text() for text in texts] == ["ab", r"\$", "¶", "→", *["c"] * 49, "d"]
    # The widest label has two characters, so that 50 labels fill a line of 100; a line break ends one before.
    assert [bar.get_y() for bar in bars] == [0] * 3 + [1] * 50 + [2]
    assert [bar.get_x() for bar in bars] == [0, 2, 4, *range(0, 100, 2), 0]
    assert [text.get_color() for text in texts[:4]] == ["black", "black", "white", "white"]
    darkness = [sum(bar.get_facecolor()[:3]) for bar in bars[:4]]
    assert darkness[0] > darkness[1] > darkness[3] > darkness[2]
    assert to_hex(bars[0].get_facecolor()) == to_hex(bars[4].get_facecolor())
    assert (legend.get_xlabel(), legend.get_xlim()) == ("nats", (0, 4))


def test_labels_that_were_all_expected_are_drawn_too(tmp_path):
    assert plots.coloured(["a"], [0.0], tmp_path / "a.png", "nats").stat().st_size > 1000
