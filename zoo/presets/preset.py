"""A preset: a folder with `card.json`, `codec.json` and `weights.safetensors`. Reading one runs no code from it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, codec_json
from zoo.core.files import content, exists, replacing, sha256
from zoo.core.strict_json import MOST_BYTES, parse
from zoo.core.task import find
from zoo.core.validation import first_line
from zoo.errors import ArgumentError, DataError, PluginError, PresetError, ZooError
from zoo.presets import SHIPPED, weights_file

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
    if exists(folder) and folder.is_file():
        raise PresetError(f"{folder} is a file: give the folder of a preset (artifacts are opened by export.load)")
    text = _text(folder / CARD)
    with _named(folder / CARD):
        card = Card.from_json(text)
        if card.architecture not in ARCHITECTURES:
            raise PluginError(
                f"architecture {card.architecture!r} is unknown here: install the package that adds it, or update "
                "rnn-zoo"
            )
        ARCHITECTURES[card.architecture]
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
        """Read the weights as stored, path in the network → array; their shapes are compared before they are read.

        Raises:
            PresetError: The file is missing, is not the one the card was written for, or is of another network.
        """
        from zoo.networks.build import check_shapes

        path = self.folder / WEIGHTS
        with _named(path):
            found = weights_file.shapes(path)
            check_shapes(ARCHITECTURES[self.card.architecture], self.codec, self.card.recipe, found)
            count = sum(map(math.prod, found.values()))
            if self.card.parameters not in (0, count):  # 0: it does not say
                raise ArgumentError(f"{count:,} parameters, the card says {self.card.parameters:,}")
            return weights_file.arrays(path, self.card.weights_sha256)

    def network(self) -> keras.Model:
        """Build the network with the stored weights, which are read before anything is built.

        Raises:
            PresetError: The weights do not fit the card.
        """
        from zoo.networks.build import network
        from zoo.networks.transfer import set_weights

        arrays = self.weights()
        built = network(ARCHITECTURES[self.card.architecture], self.codec, self.card.recipe)
        set_weights(built, arrays)
        return built


def read(folder: Path) -> Preset:
    """Read a preset's card and codec.

    Raises:
        PresetError: A file is missing, corrupt or inconsistent with the card; the message says what to do.
    """
    card, text = read_card(folder), _text(folder / CODEC)
    with _named(folder / CODEC):
        return Preset(card, read_codec(card, text), folder)


def read_codec(card: Card, text: str) -> Codec:
    """Read the codec that belongs to a card.

    Raises:
        PresetError: The text is not the codec that the card's model was trained with, or describes none.
    """
    if sha256(text.encode()) != card.codec_sha256:
        raise PresetError("the codec is not the one the card was written for (its checksum differs)")
    row = ARCHITECTURES.get(card.architecture)
    try:
        codec: Codec = find(card.task).read_codec(parse(text))
        if row and codec.for_direction(row.bidirectional).to_json() != codec.to_json():
            raise PresetError(f"it is for networks of another direction than {row.name}")
    except ZooError as error:
        raise PresetError(f"the codec cannot be used: {error}") from error
    except Exception as error:  # of a task in another package, which may check nothing
        raise PresetError(
            f"it does not describe a codec of the task {card.task}: {type(error).__name__}: {first_line(error):.200}"
        ) from error
    return codec


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


def _text(path: Path) -> str:
    with _named(path):
        try:
            return content(path, MOST_BYTES).decode("utf-8")
        except UnicodeDecodeError as error:
            raise PresetError(f"byte {error.start} is no UTF-8") from error


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Raise PresetError for what is wrong with a file, with its name and what to do.

    Of what this installation does not know, such as a task, the message says itself what to do.
    """
    try:
        yield
    except (ArgumentError, DataError, PluginError, PresetError) as error:
        told = str(error) if str(error).startswith(str(path)) else f"{path}: {error}"
        known = not isinstance(error, PluginError) and not isinstance(error.__cause__, PluginError)
        raise PresetError(f"{told}{_remedy(path.parent) * known}") from error


def _remedy(folder: Path) -> str:
    shipped = folder.resolve().parent == SHIPPED.resolve()
    return f"; {'reinstall rnn-zoo' if shipped else 'copy or train the preset again'}"
