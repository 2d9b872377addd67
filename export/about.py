"""How an artifact was made, for its manifest and the report."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zoo.models.model import Model
from zoo.runtime.signature import Face

from .formats import Format, Options


def about_of(
    row: Format, faces: Sequence[Face], options: Options, measured: dict[str, dict[str, float]], compared: str,
    model: Model | None, notes: Sequence[str], tolerance: float,
) -> dict[str, Any]:  # fmt: skip
    """Return how an artifact was made, for its manifest."""
    sides = {
        face.form: {
            side: [asdict(tensor) for tensor in getattr(face.signature, side)] for side in ("inputs", "outputs")
        }
        for face in faces
    }
    return {
        "format": row.name,
        "form": faces[0].form,
        "signatures": sides,
        "quantize": options.quantize,
        "recurrence": options.recurrence,
        "differences": measured,
        "compared": compared,
        "tolerance": tolerance,
        "notes": list(notes),
        "name": model.card.name if model else faces[0].source.network.name,
        "versions": {
            "python": platform.python_version(),
            **{n: version(n) for n in ("rnn-zoo", "keras", "tensorflow")},
        },
        **({"x": model.codec.columns()} if model and faces[0].form != "generate" else {}),
    }


def option_notes(row: Format, face: Face, path: Path, options: Options, operators: Sequence[str]) -> list[str]:
    """Return which options found nothing in the model to change."""
    found = []
    if options.quantize and options.quantize not in row.precision(path):
        found.append(f"no weight is large enough to be stored as {options.quantize}: about 1,000 numbers are needed")
    return found + row.notes(face.form, options, operators)


def unmeasured(options: Options, model: Model | None, differences: Mapping[str, float]) -> list[str]:
    """Return a note if a quantized model of the zoo was not evaluated."""
    if model is None or not options.quantize or any(check.endswith("after") for check in differences):
        return []
    return ["the metric was not measured: the data set is missing or not that of the model, or the shape is fixed"]
