import numpy as np
import pytest

from zoo.errors import ArgumentError, CodecError
from zoo.tasks.text.codec import Text, TextCodec
from zoo.tasks.text.fitting import fit

CODEC = TextCodec("ab?")
PIECE = Text(np.array([0, 3, 1, 2]), "abéx", name="a.txt")


def test_unknown_characters_are_told_or_replaced():
    with pytest.raises(CodecError, match="vocabulary: 'é', 'x'; replace"):
        fit(PIECE, CODEC)
    fitted = fit(PIECE, CODEC, replace="?")
    assert (CODEC.decode(CODEC.tokens(fitted)), fitted.name) == ("a?b?", "a.txt")
    assert CODEC.tokens(fit("ab", CODEC)).tolist() == [0, 1]
    for bad in ("é", "ab", 5):
        with pytest.raises(ArgumentError, match="give a character of the vocabulary"):
            fit(PIECE, CODEC, replace=bad)
