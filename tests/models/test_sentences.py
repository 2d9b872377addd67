import numpy as np
import pytest

from zoo.errors import ArgumentError
from zoo.models.sentences import Sentence


def test_what_is_not_known_is_none():
    one = Sentence(text="a", score=float("nan"), probability=0.1234567, tokens=("a",), alignment=None)
    assert str(one) == "a"
    assert one.figures() == {"score": None, "probability": 0.123457}
    with pytest.raises(ArgumentError, match="returns no alignment"):
        one.drawn()
    assert Sentence(text="a", score=0.0, probability=1.0, tokens=(), alignment=np.ones(1)).drawn() == 1
