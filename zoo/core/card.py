"""What is known of a trained model, as it is stored beside its weights and inside its artifacts."""

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from zoo.core.files import sha256
from zoo.core.recipe import Recipe
from zoo.errors import PresetError

NAME = r"[a-z0-9]+(_[a-z0-9]+)+(\.[a-z0-9_-]+)?"  # <architecture>_<task>[.<tag>]


SHORT = {"an4": "AN4", "fsdd": "FSDD", "cer": "CER %", "wer": "WER %"}
SHORT |= {word: f"{word} %" for word in ("exact", "correct", "errors")}
"""Parts of the names of metrics that are written otherwise in words."""


def words(metric: str) -> str:
    """Say the name of a metric in words.

    Example:
        >>> words("hidden_15_nats_per_character"), words("hidden_voices_accuracy"), words("an4_cer")
        ('nats per character (15 % hidden)', 'accuracy (voices hidden)', 'AN4 CER %')
    """
    hidden = re.fullmatch(r"hidden_([a-z]+|\d+)_(.+)", metric)
    if not hidden:
        return " ".join(SHORT.get(part, part) for part in metric.split("_"))
    what, measured = hidden.groups()
    return f"{measured.replace('_', ' ')} ({what}{' %' * what.isdecimal()} hidden)"


def lost(metric: str, before: float, after: float) -> float:
    """Say how much worse a metric has become: of what is `correct` more is better, of all others less."""
    return before - after if metric.endswith("correct") else after - before


@dataclass(frozen=True)
class Card:
    """What is known of a trained model.

    Attributes:
        name: Catalog name.
        architecture: Row of `zoo.ARCHITECTURES`.
        task: Task file.
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
        content = asdict(self)
        return json.dumps({**content, "card_sha256": _digest(content)}, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Card":
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
                raise PresetError(f"the name {content['name']!r} is none of a model")
            return cls(**{**content, "recipe": Recipe(**content["recipe"])})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PresetError(f"not a model card: {error}") from error


def _digest(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode())


def codec_json(codec: Any) -> str:
    """Write a codec's description as it is stored and hashed."""
    return json.dumps(codec.to_json(), indent=2) + "\n"
