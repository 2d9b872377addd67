"""A preset: a folder with `card.json`, `codec.json` and `weights.safetensors`. Reading one runs no code from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, codec_json
from zoo.core.files import replacing, sha256
from zoo.core.task import find
from zoo.errors import ArgumentError, CodecError, PluginError, PresetError
from zoo.presets import SHIPPED

if TYPE_CHECKING:
    import keras
    import numpy as np

    from zoo.core.codec import Codec


CARD, CODEC, WEIGHTS = "card.json", "codec.json", "weights.safetensors"


def read_card(folder: Path) -> Card:
    """Read a preset's card.

    Raises:
        PresetError: It is missing or corrupt; the message says what to do.
    """
    if folder.is_file():
        raise PresetError(f"{folder} is a file: give the folder of a preset (artifacts are opened by export.load)")
    text = _read(folder / CARD).decode("utf-8", "replace")
    try:
        card = Card.from_json(text)
        if card.architecture not in ARCHITECTURES:
            raise ArgumentError(
                f"architecture {card.architecture!r} is unknown here: install the package that adds it, or update "
                "rnn-zoo"
            )
        ARCHITECTURES[card.architecture]
    except (ArgumentError, PluginError) as error:
        raise PresetError(f"{folder}: {error}") from error
    except PresetError as error:
        raise PresetError(f"{folder}: {error}{_remedy(folder, error)}") from error
    return card


@dataclass(frozen=True)
class Preset:
    """A trained model on disk, its card and codec read, its weights not yet.

    Attributes:
        card: What is known of the model.
        codec: Raw data ↔ arrays.
        folder: Where its files are.
    """

    card: Card
    codec: Codec
    folder: Path

    def weights(self) -> dict[str, np.ndarray]:
        """Read the weights as stored, path in the network → array, checked against the card.

        Raises:
            PresetError: The file is missing or is not the one the card was written for.
        """
        import safetensors.numpy

        path = self.folder / WEIGHTS
        data = _read(path)
        if (found := sha256(data)) != self.card.weights_sha256:
            raise PresetError(
                f"{path} has sha256 {found}, the card says {self.card.weights_sha256}{_remedy(self.folder)}"
            )
        return safetensors.numpy.load(data)

    def network(self) -> keras.Model:
        """Build the network with the stored weights.

        Raises:
            PresetError: The weights do not fit the card.
        """
        from zoo.networks.build import network
        from zoo.networks.transfer import set_weights

        built = network(ARCHITECTURES[self.card.architecture], self.codec, self.card.recipe)
        try:
            set_weights(built, self.weights())
        except ArgumentError as error:
            raise PresetError(f"{self.folder}: {error}{_remedy(self.folder)}") from error
        return built


def read(folder: Path) -> Preset:
    """Read a preset's card and codec.

    Raises:
        PresetError: A file is missing, corrupt or inconsistent with the card; the message says what to do.
    """
    card, text = read_card(folder), _read(folder / CODEC).decode("utf-8", "replace")
    try:
        return Preset(card, read_codec(card, text), folder)
    except PresetError as error:
        raise PresetError(f"{folder}: {error}{_remedy(folder, error)}") from error


def read_codec(card: Card, text: str) -> Codec:
    """Read the codec that belongs to a card.

    Raises:
        PresetError: The text is not the codec that the card's model was trained with.
    """
    import json

    if sha256(text.encode()) != card.codec_sha256:
        raise PresetError("the codec is not the one the card was written for (its checksum differs)")
    try:
        codec: Codec = find(card.task).read_codec(json.loads(text))
        return codec
    except (ValueError, CodecError, ArgumentError) as error:
        raise PresetError(f"the card or codec cannot be used: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise PresetError(f"{CODEC} does not describe a codec of the task {card.task}") from error


def write(folder: Path, card: Card, codec: Codec, arrays: dict[str, np.ndarray], beside: Sequence[Path] = ()) -> Card:
    """Write a preset folder, with copies of files `beside`, whole or not at all; return the card with its checksums."""
    import shutil

    import safetensors.numpy

    if folder.exists() and not (folder / CARD).exists() and any(folder.iterdir() if folder.is_dir() else [folder]):
        raise PresetError(f"{folder} exists and is not a preset folder: remove it or choose another name")
    data, description = safetensors.numpy.save(arrays), codec_json(codec)
    card = replace(card, weights_sha256=sha256(data), codec_sha256=sha256(description.encode()))
    with replacing(folder, folder=True) as scratch:
        (scratch / WEIGHTS).write_bytes(data)
        (scratch / CODEC).write_text(description, encoding="utf-8")
        for path in beside:
            shutil.copyfile(path, scratch / path.name)
        (scratch / CARD).write_text(card.to_json(), encoding="utf-8")
    return card


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PresetError(f"{path}: {error.strerror or error}{_remedy(path.parent)}") from error


def _remedy(folder: Path, error: Exception | None = None) -> str:
    """Say what to do about a preset, unless it is the installation that does not know it."""
    if error and isinstance(error.__cause__, (ArgumentError, PluginError)):
        return ""
    shipped = folder.resolve().parent == SHIPPED.resolve()
    return f"; {'reinstall rnn-zoo' if shipped else 'copy or train the preset again'}"
