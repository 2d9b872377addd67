"""What is known of a trained model, as it is stored beside its weights and inside its artifacts."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from zoo.core.files import sha256
from zoo.core.recipe import Recipe, from_dict
from zoo.core.task import find, foreign_settings
from zoo.errors import ArgumentError, PluginError, PresetError

if TYPE_CHECKING:
    from zoo.core.codec import Codec

NAME = r"[a-z0-9]+(_[a-z0-9]+)+(\.[a-z0-9_-]+)?"  # <architecture>_<task>[.<tag>]

KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("name", "architecture", "task", "command", "weights_sha256", "codec_sha256", "licence"), str),
    **dict.fromkeys(("metrics", "versions", "data"), dict),
    **dict.fromkeys(("parameters", "epochs"), int),
    "minutes": (int, float),
}
"""Field of a card → its type."""


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
        data: Name, licence and citation of the data.
        licence: Licence of the weights.
    """

    name: str
    architecture: str
    task: str
    recipe: Recipe
    parameters: int = 0
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    command: str = ""
    epochs: int = 0
    minutes: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    weights_sha256: str = ""
    codec_sha256: str = ""
    data: dict[str, str] = field(default_factory=dict)
    licence: str = "Apache-2.0"

    def to_json(self) -> str:
        """Write the card as JSON with its own checksum."""
        content = {**asdict(self), "recipe": self.recipe.to_dict()}
        return json.dumps({**content, "card_sha256": _digest(content)}, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Read a card.

        Raises:
            PresetError: It is not a card, or it was changed since it was written.
        """
        try:
            content = json.loads(text)
            claimed = content.pop("card_sha256")
            if claimed != _digest(content):
                raise PresetError("the card was changed after it was written (its checksum differs)")
            if not re.fullmatch(NAME, content["name"]):
                raise PresetError(f"the name {content['name']!r} is not that of a model")
            task = find(content["task"])
            recipe = from_dict(content["recipe"], task.settings, foreign_settings(task))
            card = cls(**{**content, "recipe": recipe})
            if wrong := [name for name, kind in KINDS.items() if not isinstance(getattr(card, name), kind)]:
                raise PresetError(f"not a model card: {', '.join(wrong)} has another type")
            return card
        except (ArgumentError, PluginError) as error:  # of another version, or of a package that is not here
            raise PresetError(f"the card cannot be used: {error}") from error
        except ValueError as error:
            raise PresetError(f"not a model card: {error}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise PresetError("not a model card: fields are missing, unknown or of another type") from error


def _digest(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode())


def codec_json(codec: Codec) -> str:
    """Write a codec's description as it is stored and hashed."""
    return json.dumps(codec.to_json(), indent=2) + "\n"
