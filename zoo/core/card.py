"""What is known of a trained model, as it is stored beside its weights and inside its artifacts."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from zoo.core import display
from zoo.core.calibration import UNCALIBRATED, Calibration
from zoo.core.files import sha256
from zoo.core.recipe import Recipe, from_dict
from zoo.core.strict_json import parse
from zoo.core.task import Task, find, foreign_settings
from zoo.core.validation import checked, limits, shown, value
from zoo.errors import ArgumentError, PluginError, PresetError

if TYPE_CHECKING:
    from zoo.core.codec import Codec

NAME = r"[a-z0-9]+(_[a-z0-9]+)+(\.[a-z0-9_-]+)?"  # <architecture>_<task>[.<tag>]

SHA256 = r"([0-9a-f]{64})?"  # of a card that is not written yet: empty
WORD = 1000  # characters of a name, at most


@dataclass(frozen=True)
class Card:
    """What is known of a trained model.

    Attributes:
        name: Catalog name.
        architecture: Row of `zoo.ARCHITECTURES`.
        task: Name of its task.
        recipe: Sizes and training settings.
        parameters: Trained numbers.
        metrics: Split → metric name → value, measured with the weights as stored.
        command: Command that trains it.
        epochs: Epochs trained, and minutes they took.
        versions: Library versions of the training run.
        weights_sha256: Checksum of the weights file.
        codec_sha256: Checksum of the codec's description.
        graph_sha256: Checksum of the graph; empty in cards of releases before there was one.
        data: Name, licence and citation of the data.
        licence: Licence of the weights.
        calibration: What its confidences are made with. Cards without one have confidences as they are.
    """

    name: str = limits(longest=WORD)
    architecture: str = limits(longest=WORD)
    task: str = limits(longest=WORD)
    recipe: Recipe = limits()
    parameters: int = limits(0, least=0)
    metrics: dict[str, dict[str, float]] = limits(factory=dict, longest=WORD, each={"longest": WORD})
    command: str = limits("")
    epochs: int = limits(0, least=0)
    minutes: float = limits(0.0, least=0)
    versions: dict[str, str] = limits(factory=dict, longest=WORD, each={"longest": WORD})
    weights_sha256: str = limits("", pattern=SHA256)
    codec_sha256: str = limits("", pattern=SHA256)
    graph_sha256: str = limits("", pattern=SHA256)
    data: dict[str, str] = limits(factory=dict, longest=WORD)
    licence: str = limits("Apache-2.0", longest=WORD)
    calibration: Calibration = limits(factory=Calibration)

    def _repr_html_(self) -> str:
        """Return the most important facts for a notebook."""
        metrics = {f"{split}: {name}": f"{v:.4g}" for split, row in self.metrics.items() for name, v in row.items()}
        about = {"parameters": f"{self.parameters:,}", "trained by": self.command, "license": self.licence}
        return display.table({"model": self.name, **about, **metrics})

    def to_json(self) -> str:
        """Write the card as JSON with its own checksum."""
        content = {**asdict(self), "recipe": self.recipe.to_dict()}
        if self.calibration == UNCALIBRATED:  # as cards were before there were any
            del content["calibration"]
        if not self.graph_sha256:
            del content["graph_sha256"]
        return json.dumps({**content, "card_sha256": _digest(content)}, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Read a card.

        Raises:
            PresetError: It is not a card, or it was changed since it was written.
        """
        try:
            content = parse(text)
            if not isinstance(content, dict):
                raise ArgumentError(f"the content is {shown(content)}: give an object")
            if content.pop("card_sha256", None) != _digest(content):
                raise PresetError("the card was changed after it was written (its checksum differs)")
            task = _task(value("task", str, content.get("task"), {"longest": WORD}))
            recipe = from_dict(content.pop("recipe", None), task.settings, foreign_settings(task))
            card = checked(cls, content, recipe=recipe)
        except (ArgumentError, PluginError) as error:  # PluginError: of a package that is not here
            raise PresetError(f"the card cannot be used: {error}") from error
        if not re.fullmatch(NAME, card.name):
            raise PresetError(f"the name {shown(card.name)} is not that of a model")
        return card


def _task(name: str) -> Task:
    try:
        return find(name)
    except ArgumentError as error:
        raise PluginError(str(error)) from error


def _digest(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode())


def codec_json(codec: Codec) -> str:
    """Write a codec's description as it is stored and hashed."""
    return json.dumps(codec.to_json(), indent=2) + "\n"
