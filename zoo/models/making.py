"""Models: a card, a codec and an engine. They know NumPy only; the engine may be Keras or any exported artifact."""

from typing import Any

from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card
from zoo.core.engine import Engine
from zoo.core.task import find
from zoo.models.generation import Generator
from zoo.models.infilling import Infiller
from zoo.tasks.speech.model import Recognizer
from zoo.tasks.video.model import Labeler

KINDS = {"generate": Generator, "infill": Infiller, "label": Labeler, "transcribe": Recognizer}
"""How a task's kind of model is used."""


def make(card: Card, codec: Any, engine: Engine) -> Any:
    """Build the model of a card's task around an engine; one that sees both sides fills gaps instead of generating."""
    kind = find(card.task).kind
    if kind == "generate" and ARCHITECTURES[card.architecture].bidirectional:
        kind = "infill"
    return KINDS[kind](card, codec, engine)
