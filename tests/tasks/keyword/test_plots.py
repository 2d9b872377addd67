import numpy as np

from tests.tasks.keyword.spotters import WORDS, by_level, said
from zoo.tasks.keyword import plots


def test_pictures_are_drawn(tmp_path):
    found = by_level().spot(said((1, 0.6)))
    assert found.plot(tmp_path / "spotted.png").stat().st_size > 5000
    counts = np.diag([3, 4, 5, 0])
    assert plots.confusions(counts, WORDS, tmp_path / "confusions.svg").read_text().count("_silence_")
