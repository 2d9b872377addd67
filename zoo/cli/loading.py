"""Open models, artifacts and Keras files for a command."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zoo import api
from zoo.cli import output
from zoo.cli.startup import import_tensorflow
from zoo.core.engine import EngineName
from zoo.core.files import exists
from zoo.core.session import OutputFiles
from zoo.core.task import find
from zoo.errors import ArgumentError, DataError
from zoo.presets import CARD, catalog

if TYPE_CHECKING:
    from zoo.models.model import Model

Opened = TypeVar("Opened")


class CommandSession:
    """What a command gets as `ctx.obj`; see `zoo.core.session.Session`."""

    def __init__(self) -> None:
        self.trust = False
        self.engine: EngineName | None = None

    def is_model(self, name: str) -> bool:
        """Tell whether a name is that of a model, a preset folder or an artifact."""
        if name in catalog.catalog() or exists(Path(name) / CARD):
            return True
        return api.is_artifact(name) and (not exists(name) or Path(name).is_dir() or has_artifact_suffix(name))

    def open(self, name: str, kind: type[Opened], piece: type | None = None) -> Opened:
        """Open a model of a certain class."""
        model = self.open_model(name)
        if not _fits(model, kind, piece):
            raise ArgumentError(_refusal(name, model, kind, piece))
        return model

    def is_artifact(self, name: str) -> bool:
        """Tell an artifact, or another file, from a catalog name and from a preset folder."""
        return api.is_artifact(name)

    def open_model(self, name: str) -> Any:
        """Open a catalog name, a preset folder, or an artifact of a model of the zoo.

        Raises:
            UnknownModel: No model has this name.
            ArgumentError: The artifact is not that of a model of the zoo.
            PresetError: The preset is damaged.
            ArtifactError: The artifact is missing or damaged.
        """
        if not api.is_artifact(name) and (not api.info(name).graph_sha256 or self.engine == "keras"):
            import_tensorflow()
        return api.load(name, self.engine, trust=self.trust)

    def open_network(self, name: str, modules: Sequence[str] = (), trust: bool = False) -> Any:
        """Open a catalog name, a preset folder, or a Keras model file, to export it.

        Other folders are refused as model files are, with what they are.

        Raises:
            UnknownModel: No model has this name.
            PresetError: The preset is damaged.
            DataError: The file is missing.
            ModelFileError: It cannot be read.
        """
        if name in catalog.catalog() or not _is_model_file(name):
            api.info(name)  # refuses an unknown name before TensorFlow is imported
            import_tensorflow()
            return api.load(name, "keras")
        if not exists(name):
            raise DataError(f"{name} does not exist")
        import_tensorflow()
        import zoo.layers  # noqa: F401 (Keras then knows them by name)
        from zoo.cli.custom import custom_objects
        from zoo.export import read

        return read(name, custom_objects=custom_objects(modules), trust=trust)

    def check_outputs(
        self, piece: type, files: OutputFiles, count: int = 1, inputs: Sequence[str | os.PathLike[str]] = ()
    ) -> None:
        """Refuse files that could not be written, or that are inputs."""
        output.check(piece, files, count, inputs)

    def write(self, pieces: Sequence[Any], files: OutputFiles) -> None:
        """Write pieces to files and print the names of these, or print the pieces."""
        output.write(pieces, files)


def _is_model_file(name: str) -> bool:
    """Return whether a name is that of a file, or of a folder without a card, or ends like those of Keras files."""
    if exists(name):
        return not exists(Path(name) / CARD)
    from zoo.export import model_files

    return Path(name).suffix.lower() in model_files.SUFFIXES


def has_artifact_suffix(name: str) -> bool:
    """Tell whether a name ends like the files of an artifact format."""
    suffix = Path(name).suffix
    if not suffix or name in catalog.catalog():
        return False
    from zoo.export import formats

    return suffix in {row.suffix for row in formats.formats().values()}


def _fits(model: "Model", kind: type, piece: type | None) -> bool:
    """Tell whether a model is of a class, and makes pieces of a class."""
    return isinstance(model, kind) and (piece is None or issubclass(output.piece_of(model), piece))


def _refusal(name: str, model: "Model", kind: type, piece: type | None) -> str:
    """Say which commands are for a model, and which models are for the command that runs."""
    ctx = click.get_current_context(silent=True)
    command = f"`{ctx.command_path}`" if ctx else "this command"
    fitting = [shipped for shipped, other in _shipped() if _fits(other, kind, piece)]
    models = f"; models for {command}: {', '.join(fitting)}" if fitting else ""
    uses = [f"`zoo {use}`" for use in _uses(model)]
    return f"{name} cannot be used with {command}: it is for {' or '.join(uses) or 'no command'}{models}"


def _uses(model: "Model") -> list[str]:
    """List the commands that run a model."""
    from zoo.models.generation import Generator
    from zoo.models.infilling import Infiller

    if isinstance(model, Generator):
        return ["generate"]
    if isinstance(model, Infiller) and output.piece_of(model) is str:
        return ["infill"]
    return [command.name for command in find(model.card.task).commands() if command.name]


def _shipped() -> "Iterator[tuple[str, Model]]":
    """Yield the pretrained models by name, without their networks."""
    from zoo.presets import preset

    absent: Any = None
    for name in catalog.list_models(pretrained=True):
        entry = catalog.find(name)
        found = preset.read(entry.folder)
        yield name, entry.task.model(found.card, found.codec, absent)
