"""Inspection of artifacts: what they are, and how they were made."""

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zoo.core.card import Card
from zoo.core.display import Printed
from zoo.errors import PresetError
from zoo.runtime.signature import Signature

from .artifact import FOREIGN, read_manifest, size_of


@dataclass(frozen=True)
class Inspection(Printed):
    """What an artifact is and how it was made.

    Attributes:
        path: Where.
        format: Format name.
        size: Bytes.
        precision: dtypes of the weights, and how many numbers of each.
        operators: How often each operator occurs, subgraphs included.
        signatures: What it takes and gives, form by form.
        about: How it was made and how well it agreed with Keras; None if another tool made it.
        card: The card of a model of the zoo.
    """

    path: Path
    format: str
    size: int
    precision: dict[str, int]
    operators: dict[str, int]
    signatures: dict[str, Signature]
    about: dict[str, Any] | None = None
    card: Card | None = None

    def __str__(self) -> str:
        """Return a text of a few lines."""
        weights = ", ".join(f"{count:,} {dtype}" for dtype, count in self.precision.items())
        kinds = ", ".join(f"{count} {name}" for name, count in self.operators.items())
        lines = [
            f"{self.path}: {self.format}, {self.size / 1e6:.2f} MB",
            f"  weights: {weights}",
            f"  operators: {kinds}",
        ]
        lines += [f"  {form}: {signature.text()}" for form, signature in self.signatures.items()]
        if self.about is None:
            return "\n".join([*lines, f"  it {FOREIGN}"])
        shown = {key: value for key, value in self.about.items() if key not in ("signatures", "x", "form", "format")}
        lines += [f"  {key}: {_compact(value)}" for key, value in shown.items() if value not in (None, [])]
        if self.card:
            lines.append(
                f"  card: {self.card.name}, {self.card.parameters:,} parameters, {_compact(self.card.metrics)}"
            )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        card = json.loads(self.card.to_json()) if self.card else None
        sides = {
            form: {"inputs": [asdict(t) for t in signature.inputs], "outputs": [asdict(t) for t in signature.outputs]}
            for form, signature in self.signatures.items()
        }
        about = {key: value for key, value in (self.about or {}).items() if key != "signatures"}
        return {**vars(self), "path": str(self.path), "signatures": sides, "about": about or None, "card": card}


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_compact(v)}" for k, v in value.items())
    if isinstance(value, list):
        return "; ".join(map(_compact, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Return what an artifact is: operators, precision, size, signatures, and how it was made.

    A SavedModel is read without TensorFlow, also one that it could not restore.

    Args:
        path: An ONNX or TFLite file, or a SavedModel folder; of any tool.

    Returns:
        A record; print it.

    Raises:
        ArtifactError: The artifact is missing, truncated or corrupt.
        MissingExtra: What reads its format is not installed.
    """
    source, row, manifest = read_manifest(path)
    found = row.operators(source)
    signatures = manifest.signatures if manifest else row.signatures(source)
    if signatures is None:
        opened = row.open(source, None).signature
        signatures = {opened.form: opened}
    counts = sorted(((found.count(name), name) for name in set(found)), key=lambda pair: (-pair[0], pair[1]))
    return Inspection(
        source,
        row.name,
        size_of(source),
        row.precision(source),
        {n: c for c, n in counts},
        dict(signatures),
        manifest.about if manifest else None,
        _card(source, manifest.texts) if manifest else None,
    )


def _card(source: Path, manifest: Mapping[str, str]) -> Card | None:
    """Read the card of a model of the zoo; one that cannot be used here is left out with a warning."""
    try:
        return Card.from_json(manifest["card"]) if "card" in manifest else None
    except PresetError as error:
        warnings.warn(f"{source}: {error}", stacklevel=3)
        return None
