import numpy as np
import pytest

from zoo.errors import CodecError
from zoo.tasks.forecast.gaps import filled

DAY = np.sin(np.arange(24) * np.pi / 12)
WAVE = np.tile(DAY, 10) + np.repeat(np.arange(10), 24) / 10


def test_short_gaps_are_straight_lines_and_long_ones_like_other_seasons():
    values = np.where(np.isin(np.arange(240), [10, 11, *range(100, 112)]), np.nan, WAVE)
    found = filled(values, 24)
    assert found[9:13] == pytest.approx(np.linspace(WAVE[9], WAVE[12], 4))
    assert found[100:112] == pytest.approx(WAVE[100:112])
    assert np.array_equal(found[112:], WAVE[112:])
    assert filled(values)[100:112] == pytest.approx(np.linspace(WAVE[99], WAVE[112], 14)[1:-1])


def test_a_place_without_a_value_in_any_season_is_on_the_line():
    values = np.array([1.0, 2, 3, 4, np.nan, np.nan, np.nan, 8, 9, 10, 11, 12, 13, 14, 15])
    assert filled(values, 10)[4:7] == pytest.approx([15, 6, 7])


def test_too_many_missing_values_are_refused():
    values = np.where(np.arange(100) % 4 == 1, np.nan, 1.0)
    with pytest.raises(CodecError, match="25 % of 100 values are missing: at most 20 %"):
        filled(values)
    assert np.array_equal(filled(np.r_[np.nan, np.ones(9)]), np.ones(10))
