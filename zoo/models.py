"""Models: a card, a codec and an engine. They know NumPy only; the engine may be Keras or any exported artifact."""

from typing import Any

from zoo.architectures import ARCHITECTURES
from zoo.cards import Card
from zoo.engine import Engine
from zoo.generation import Generator
from zoo.infilling import Infiller
from zoo.labeling import Labeler
from zoo.tasks import find
from zoo.transcription import Recognizer

KINDS = {"generate": Generator, "infill": Infiller, "label": Labeler, "transcribe": Recognizer}
"""How a task's kind of model is used."""


def make(card: Card, codec: Any, engine: Engine) -> Any:
    """Build the model of a card's task around an engine; one that sees both sides fills gaps instead of generating."""
    kind = find(card.task).kind
    if kind == "generate" and ARCHITECTURES[card.architecture].bidirectional:
        kind = "infill"
    return KINDS[kind](card, codec, engine)
