import pytest

from tests.conftest import CODEC
from tests.tasks.translation.translators import codec
from zoo.core.codec import GenerationCodec, InfillCodec, PairCodec
from zoo.core.pairs import longest


def test_what_a_codec_of_pairs_is():
    assert isinstance(codec(), PairCodec)
    assert not isinstance(codec(), (GenerationCodec, InfillCodec))
    assert not isinstance(CODEC, PairCodec)


@pytest.mark.parametrize(("source", "tokens"), [(0, 10), (1, 12), (7, 24)])
def test_outputs_have_a_limit(source, tokens):
    assert longest(source) == tokens
