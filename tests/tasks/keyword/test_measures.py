import numpy as np
import pytest

from tests.tasks.keyword.spotters import clips
from zoo.tasks.keyword.clips import Clip
from zoo.tasks.keyword.measures import by, rates, standard_error


def test_rates_are_of_clips_words_and_speakers():
    right = np.array([True, False, True, True, True, False])
    found = rates(clips(), right)  # no, yes, silence, no, yes, silence
    assert found["accuracy"] == pytest.approx(400 / 6)
    assert found["accuracy_without_silence"] == 75
    assert found["worst_word_accuracy"] == 50
    assert found["error_over_speakers"] == pytest.approx(standard_error(np.arange(4), right[[0, 1, 3, 4]]))
    assert list(rates([Clip(np.zeros(1), "yes")], np.array([True]))) == ["accuracy"]
    assert by(["a", "b", "a"], np.array([True, False, False])) == {"b": 0, "a": 50}


def test_standard_error_of_single_clips_is_that_of_a_mean():
    right = np.random.default_rng(0).random(50) < 0.8
    expected = 100 * right.std(ddof=1) / np.sqrt(50)
    assert standard_error(np.arange(50), right) == pytest.approx(expected)
    assert standard_error(np.repeat(np.arange(50), 3), np.repeat(right, 3)) == pytest.approx(expected)
