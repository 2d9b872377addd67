"""Which model a generative task has follows from its codec, not from the names in its card."""

import pytest

from zoo.core.card import Card
from zoo.core.recipe import Recipe
from zoo.models.generation import Generator
from zoo.models.generative import generative
from zoo.models.infilling import Infiller
from zoo.tasks.music.codec import MusicCodec, MusicInfillCodec
from zoo.tasks.text.codec import TextCodec, TextInfillCodec


@pytest.mark.parametrize("architecture", ["lstm", "bilstm", "new"])
@pytest.mark.parametrize(
    ("codec", "kind", "other"),
    [
        (MusicCodec(), Generator, "infill"),
        (TextCodec("ab"), Generator, "infill"),
        (MusicInfillCodec(), Infiller, "generate"),
        (TextInfillCodec("ab"), Infiller, "generate"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_codec_decides(architecture, codec, kind, other):
    card, engine = Card("some_model", architecture, "music", Recipe(units=1, embedding=1)), object()
    model = generative(card, codec, engine)
    assert type(model) is kind
    assert (model.card, model.codec, model.engine) == (card, codec, engine)
    with pytest.raises(AttributeError, match=f"some_model has no {other}: "):
        getattr(model, other)
