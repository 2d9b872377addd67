"""A piano roll has a bar for each note, in the color of its voice."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from zoo.core.plots import COLOURS
from zoo.errors import ArgumentError
from zoo.tasks.music import plots
from zoo.tasks.music.midi import HOLD, REST
from zoo.tasks.music.score import Score


@pytest.fixture
def drawn(monkeypatch):
    """The axes of the figures that were to be saved."""
    found = []
    monkeypatch.setattr(plots, "save", lambda figure, path: found.append(figure.axes[0]) or path)
    return found


def test_bars_are_the_notes(drawn, tmp_path):
    score = Score([[72, 48], [HOLD, HOLD], [71, HOLD], [REST, 50], [60, HOLD]], steps_per_beat=2, beats_per_bar=2)
    assert plots.piano_roll(score, ("high", "low"), tmp_path / "a.png") == tmp_path / "a.png"
    [axes] = drawn
    voices = {group.get_label(): group.patches for group in axes.containers}
    notes = {
        name: [(bar.get_x(), round(bar.get_width() + 0.15, 6), bar.get_y() + bar.get_height() / 2) for bar in bars]
        for name, bars in voices.items()
    }
    assert notes == {"high": [(0, 2, 72), (2, 1, 71), (4, 1, 60)], "low": [(0, 3, 48), (3, 2, 50)]}
    assert [to_hex(voices[name][0].get_facecolor()) for name in ("high", "low")] == [*COLOURS[:2]]
    assert voices["high"][0].get_height() < voices["low"][0].get_height()  # both are seen in a unison
    assert [text.get_text() for text in axes.get_legend().texts] == ["high", "low"]  # as they sound
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 5), (46, 74))
    assert [*axes.get_xticks()] == [0, 4]  # a bar has four steps
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"]
    names = {tick: label.get_text() for tick, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)}
    assert (names[48], names[60], names[72], 61 in names) == ("C3", "C4", "C5", False)


def test_more_voices_than_colors_are_drawn(drawn, tmp_path):
    count = len(COLOURS) + 1
    plots.piano_roll(Score([range(60, 60 + count)]), [str(i) for i in range(count)], tmp_path / "a.png")
    colours = [to_hex(group.patches[0].get_facecolor()) for group in reversed(drawn[0].containers)]
    assert colours == [*COLOURS, COLOURS[0]]


@pytest.mark.parametrize("steps", [0, 1, 700])
def test_pieces_of_any_length_are_drawn(steps, tmp_path):
    """None at all, a silent step, and more bars than can be numbered."""
    score = Score(np.full((steps, 1), 60 if steps > 1 else REST))
    assert plots.piano_roll(score, ["voice 1"], tmp_path / "a.svg").read_text().startswith("<?xml")


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"give a file name that ends in \.png or \.pdf or \.svg"):
        plots.piano_roll(Score([[60]]), ["voice 1"], tmp_path / "a.gif")
