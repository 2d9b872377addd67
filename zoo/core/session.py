"""What the command line gives the commands of tasks, and what it asks of the pieces that models make."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from zoo.core.engine import EngineName

Model = TypeVar("Model")


@runtime_checkable
class Savable(Protocol):
    """A piece that can be saved; `SUFFIXES["save"]` of its class are the accepted suffixes, the usual one first."""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the piece to a file; return its path."""


@runtime_checkable
class Plottable(Protocol):
    """A piece that can be plotted; `SUFFIXES["plot"]` of its class are the accepted suffixes."""

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Plot the piece into a file; return its path."""


@runtime_checkable
class Renderable(Protocol):
    """A piece that can be rendered as audio; `SUFFIXES["render"]` of its class are the accepted suffixes."""

    def render(self, path: str | os.PathLike[str]) -> Path:
        """Write the piece as audio; return its path."""


@dataclass(frozen=True)
class OutputFiles:
    """Files to write a piece to; several pieces are numbered.

    Attributes:
        out: The piece itself; None prints it.
        plot: Its plot, if any.
        wav: Its audio, if any.
    """

    out: Path | None = None
    plot: Path | None = None
    wav: Path | None = None

    def __bool__(self) -> bool:
        return bool(self.out or self.plot or self.wav)


class Session(Protocol):
    """What a command gets as `ctx.obj`.

    Attributes:
        trust: Run whatever an artifact contains, unchecked: the option of `zoo.core.commands.opens_models`.
        engine: What runs networks, `onnx` or `keras`; None: the usual one. The other option of `opens_models`.
    """

    trust: bool
    engine: EngineName | None

    def is_model(self, name: str) -> bool:
        """Tell whether a name is that of a model, a preset folder or an artifact."""

    def is_artifact(self, name: str) -> bool:
        """Tell an artifact, or another file, from a catalog name and from a preset folder."""

    def open_model(self, name: str) -> Any:
        """Open a catalog name, a preset folder, or an artifact of a model of the zoo, of any class.

        Raises:
            UnknownModel: No model has this name.
            ArgumentError: The artifact is not that of a model of the zoo.
            PresetError: The preset is damaged.
            ArtifactError: The artifact is missing or damaged.
        """

    def open_network(self, name: str, modules: Sequence[str] = (), trust: bool = False) -> Any:
        """Open a catalog name, a preset folder, or a model file of any Keras, to export it.

        Args:
            name: Name or path.
            modules: Modules or Python files that define custom layers and functions of a Keras file.
            trust: Run the code that a Keras file holds in `Lambda` layers.

        Raises:
            UnknownModel: No model has this name.
            PresetError: The preset is damaged.
            DataError: The file is missing.
            ModelFileError: It cannot be read.
        """

    def open(self, name: str, kind: type[Model], piece: type | None = None) -> Model:
        """Open a model of a certain class.

        Args:
            name: Catalog name, preset folder or artifact.
            kind: Class of models that the command can use.
            piece: Class of the pieces that the model must make; None for any.

        Raises:
            UnknownModel: No model has this name.
            ArgumentError: The model is of another class; the message names those that fit.
        """

    def check_outputs(
        self, piece: type, files: OutputFiles, count: int = 1, inputs: Sequence[str | os.PathLike[str]] = ()
    ) -> None:
        """Refuse files that could not be written, or that are inputs.

        Args:
            piece: Class of the pieces to write.
            files: Where to.
            count: Number of pieces.
            inputs: Files (or other text) that the command reads.

        Raises:
            ArgumentError: A suffix is wrong, pieces of this class cannot be written so, or an input would be replaced.
        """

    def write(self, pieces: Sequence[Any], files: OutputFiles) -> None:
        """Write pieces to files and print the names of these, or print the pieces.

        Raises:
            DataError: A file cannot be written.
        """
