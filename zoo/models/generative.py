"""The models of tasks that generate: causal ones continue a piece, bidirectional ones fill its gaps."""

from typing import Any

from zoo.core.card import Card
from zoo.core.codec import Codec, InfillCodec
from zoo.core.engine import Engine
from zoo.models.generation import Generator
from zoo.models.infilling import Infiller


def generative(card: Card, codec: Codec, engine: Engine) -> Generator[Any] | Infiller[Any]:
    """Build the model of a generative task around an engine: what it is follows from its codec."""
    if isinstance(codec, InfillCodec):
        return Infiller(card, codec, engine)
    return Generator(card, codec, engine)
