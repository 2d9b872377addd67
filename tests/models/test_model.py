import itertools

import numpy as np

from zoo.models.model import overlapping


def test_overlapping_parts_are_the_whole():
    line = np.arange(37)
    for size, margin in itertools.product((5, 10, 40), (0, 2, 5)):
        parts = [line[i : i + size] for i in range(0, 37, size)]
        windows = list(overlapping(parts, margin))
        assert np.concatenate([x[inner] for x, inner in windows]).tolist() == line.tolist()
        assert all((np.diff(x) == 1).all() for x, _ in windows)
    assert list(overlapping([], 2)) == []
