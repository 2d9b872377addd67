"""Pretrained recurrent networks: `zoo.load("lstm_music").generate(bars=16).save("chorale.mid")`.

Importing this package loads neither Keras nor TensorFlow; the functions that need them do.
"""

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

from zoo.api import build, info, load, page, train
from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card
from zoo.errors import (
    ArgumentError,
    ArtifactError,
    ChecksumError,
    CodecError,
    DataError,
    DownloadError,
    ExportError,
    ModelFileError,
    PluginError,
    PresetError,
    TrainingError,
    UnknownModel,
    UnsupportedLayer,
    VerificationError,
    ZooError,
)
from zoo.presets.catalog import list_models

if TYPE_CHECKING:
    from zoo.tasks.music.score import HOLD, REST, Score
    from zoo.training.gradient_flow import gradient_flow


__version__ = metadata.version("rnn-zoo")

__all__ = [
    "ARCHITECTURES", "HOLD", "REST", "ArgumentError", "ArtifactError", "Card", "ChecksumError", "CodecError",
    "DataError", "DownloadError", "ExportError", "ModelFileError", "PluginError", "PresetError", "Score",
    "TrainingError", "UnknownModel", "UnsupportedLayer", "VerificationError", "ZooError", "build", "export",
    "gradient_flow", "info", "list_models", "load", "page", "train",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import what needs NumPy when it is first asked for (PEP 562): listing models does not."""
    modules = {
        "HOLD": "tasks.music.score",
        "REST": "tasks.music.score",
        "Score": "tasks.music.score",
        "gradient_flow": "training.gradient_flow",
    }
    if name == "export":  # a package
        return importlib.import_module("zoo.export")
    if name in modules:
        return getattr(importlib.import_module(f"zoo.{modules[name]}"), name)
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the names that are imported when they are asked for too, so that completion offers them."""
    return sorted({*globals(), *__all__})
