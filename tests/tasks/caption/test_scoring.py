import pytest

from zoo.tasks.caption.scoring import scores, words


def test_words():
    assert words("Eine Mütze - it's 3.5!") == ["eine", "mütze", "it's", "3", "5"]
    assert words("") == []


def test_captions_that_are_right():
    found = scores(["A man is playing a guitar.", "Two dogs run"], [
        ["a man is playing a guitar", "someone plays"], ["two dogs run", "dogs are running on grass"]
    ])  # fmt: skip
    assert found["word_errors"] == 0
    assert found["bleu4"] == pytest.approx(100)
    assert found["cider"] > 100


def test_errors_are_counted_by_the_nearest_reference():
    """One word of the four of the second reference is wrong, and the other clip has three of three."""
    found = scores(["lay red at a", ""], [["bin blue with z now", "lay red by a"], ["one two three"]])
    assert found["word_errors"] == pytest.approx(100 * 4 / 7)
    assert scores(["a b c e f"], [["a b c d f"]])["bleu4"] == 0  # no four words in a row, and no smoothing


def test_cider_is_that_of_its_definition():
    """Two clips of one word each: one n-gram, whose weight is log(2 / 1); the same words have a cosine of 1."""
    found = scores(["red", "red"], [["red"], ["blue"]])
    assert found["cider"] == pytest.approx(100 * 10 * (1 / 4) / 2)
