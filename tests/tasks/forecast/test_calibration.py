import numpy as np
import pytest

from zoo.core.calibration import UNCALIBRATED
from zoo.tasks.forecast.calibration import calibrated
from zoo.tasks.forecast.series import Series

NORMAL = np.array([-1.2816, 0, 1.2816])


def pairs(corpus, count, width, horizon=50, seed=0):
    rng = np.random.default_rng(seed)
    series = [Series("x", rng.standard_normal(60), horizon=horizon, corpus=corpus) for _ in range(count)]
    return [(one, np.tile(NORMAL * width, (horizon, 1))) for one in series]


@pytest.mark.parametrize("width", [0.4, 1.0, 2.5])
def test_the_interval_covers_what_it_says(width):
    some = pairs("a", 100, width)
    factor = calibrated(some).temperature
    assert factor == pytest.approx(1 / width, rel=0.05)
    covered = np.mean([np.abs(one.target) <= -factor * found[0, 0] for one, found in some])
    assert covered == pytest.approx(0.8, abs=1e-3)


def test_corpora_count_the_same():
    few, many = pairs("few", 20, 0.5), pairs("many", 400, 1.0, seed=1)
    alone = [calibrated(some).temperature for some in (few, many)]
    assert min(alone) < calibrated(few + many).temperature < max(alone)
    assert calibrated(few + many).temperature == pytest.approx(calibrated(few + many[:200]).temperature, rel=0.05)


def test_too_little_is_left_as_it_is():
    assert calibrated([]) == calibrated(pairs("a", 1, 9)) == UNCALIBRATED
    certain = [(one, np.zeros((50, 3))) for one, _ in pairs("a", 5, 1)]
    assert calibrated(certain).temperature == 50
