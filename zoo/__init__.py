"""Pretrained recurrent networks: `zoo.load("lstm_music").generate(bars=16).save("chorale.mid")`.

Importing this package loads neither Keras nor TensorFlow; the functions that need them do.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
        MissingExtra,
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
    from zoo.tasks.music.score import HOLD, REST, Score
    from zoo.training.gradient_flow import gradient_flow

    __version__: str

__all__ = [
    "ARCHITECTURES", "HOLD", "REST", "ArgumentError", "ArtifactError", "Card", "ChecksumError", "CodecError",
    "DataError", "DownloadError", "ExportError", "MissingExtra", "ModelFileError", "PluginError", "PresetError",
    "Score", "TrainingError", "UnknownModel", "UnsupportedLayer", "VerificationError", "ZooError", "build", "export",
    "gradient_flow", "info", "list_models", "load", "page", "train",
]  # fmt: skip
MODULES = {
    **dict.fromkeys(("build", "info", "load", "page", "train"), "api"),
    "ARCHITECTURES": "core.architectures", "Card": "core.card", "list_models": "presets.catalog",
    **dict.fromkeys(("HOLD", "REST", "Score"), "tasks.music.score"), "gradient_flow": "training.gradient_flow",
    **{name: "errors" for name in __all__ if name.endswith("Error") or name.startswith(("Missing", "Un"))},
}  # fmt: skip
"""Public name → the module that has it."""


def __getattr__(name: str) -> Any:
    """Import what is asked for (PEP 562): the command is there at once, and listing models needs no NumPy."""
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("rnn-zoo")
    if name in MODULES:
        return getattr(importlib.import_module(f"zoo.{MODULES[name]}"), name)
    if name in ("api", "core", "errors", "export", "layers", "models", "presets", "tasks", "training", "video"):
        return importlib.import_module(f"zoo.{name}")
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the names that are imported when they are asked for too, so that completion offers them."""
    return sorted({*globals(), *__all__, "__version__"})
