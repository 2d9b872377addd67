import numpy as np

from zoo.tasks.caption.plots import looks


def test_odd_tokens_are_drawn(tmp_path):
    path = tmp_path / "a.png"
    assert looks(np.ones((3, 4)) / 4, 0.16, ("$x$", "\n", "<end>"), path) == path
    assert path.stat().st_size > 1000
