"""What was heard, drawn over time."""

from types import SimpleNamespace

import numpy as np
import pytest

from zoo.tasks.speech import plots


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([0.5], [0]),
        ([0.19, 0.1], []),
        ([0.9, 0.1, 0.3, 0.2, 0.6], [0, 2, 4]),
        ([0.1, 0.5, 0.5, 0.1], [1]),  # the first of equal ones
        ([0.5, 0.5, 0.6], [0, 2]),
        ([0.2, 0.3, 0.4], [2]),
    ],
)
def test_peaks_are_higher_than_their_neighbours(values, expected):
    assert plots.peaks(values) == expected


def test_symbols_and_words_stand_at_their_times(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(plots, "save", lambda figure, path: figures.append(figure) or path)
    rows = np.tile(np.float32([0.01, 0.02, 0.03, 0.94]), (5, 1))  # A, B, a space, and the blank
    rows[1, 0], rows[3, 2] = 0.8, 0.6
    word = SimpleNamespace(text="A", start=10.5, end=11.0)
    features = np.random.default_rng(0).normal(size=(9, 4, 6))  # of more steps than there are probabilities
    assert plots.heard(features, rows, "AB ", [word], 10.0, 0.5, tmp_path / "a.png") == tmp_path / "a.png"
    above, below = figures[0].axes
    [image] = above.images
    np.testing.assert_array_equal(image.get_array(), features[:5].reshape(20, 6).T)
    assert tuple(image.get_extent()[:2]) == below.get_xlim() == (10.0, 12.5)
    assert [(text.get_text(), text.get_position()[0]) for text in above.texts] == [("A", 10.75)]
    # A step of half a second is drawn in its middle; the B is never likely enough for a line.
    assert [(text.get_text(), text.get_position()[0]) for text in below.texts] == [("A", 10.75), ("␣", 11.75)]
    lines = [line.get_ydata().tolist() for line in below.lines]
    assert lines == [rows[:, 0].tolist(), rows[:, 2].tolist(), rows[:, 3].tolist()]
    assert below.lines[0].get_xdata().tolist() == [10.25, 10.75, 11.25, 11.75, 12.25]
    assert "blank" in below.lines[-1].get_label()
