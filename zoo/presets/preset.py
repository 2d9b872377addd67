"""A preset: a folder with `card.json`, `codec.json`, `weights.safetensors` and `graph.onnx`.

Reading one runs no code from it.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, codec_json
from zoo.core.files import content, exists, replacing, sha256
from zoo.core.strict_json import MOST_BYTES, parse
from zoo.core.task import find
from zoo.core.validation import first_line
from zoo.errors import (
    ArgumentError,
    ArtifactError,
    DataError,
    MissingExtra,
    PluginError,
    PresetError,
    ZooError,
)
from zoo.presets import CARD, SHIPPED, weights_file

if TYPE_CHECKING:
    import numpy as np

    from zoo.core.codec import Codec, FrontEnd


CODEC, WEIGHTS = "codec.json", "weights.safetensors"


def read_card(folder: Path) -> Card:
    """Read a preset's card.

    Raises:
        PresetError: It is missing or corrupt; the message says what to do.
    """
    if exists(folder) and folder.is_file():
        raise PresetError(f"{folder} is a file: give the folder of a preset (artifacts are opened by export.load)")
    text = _text(folder / CARD)
    with named(folder / CARD):
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
        return self.stored().arrays

    def stored(self, front: FrontEnd | None = None) -> weights_file.Weights:
        """Read the weights as `weights` does, with their places in the file.

        Args:
            front: What `codec.frontend()` returns, whose shapes are then compared too; None without Keras.

        Raises:
            PresetError: As `weights`.
        """
        from zoo.core.shapes import check_shapes

        path = self.folder / WEIGHTS
        with named(path):
            found = weights_file.shapes(path)
            check_shapes(ARCHITECTURES[self.card.architecture], self.codec, self.card.recipe, found, front)
            count = sum(map(math.prod, found.values()))
            if self.card.parameters not in (0, count):  # 0: it does not say
                raise ArgumentError(f"{count:,} parameters, the card says {self.card.parameters:,}")
            return weights_file.read(path, self.card.weights_sha256)


def read(folder: Path) -> Preset:
    """Read a preset's card and codec.

    Raises:
        PresetError: A file is missing, corrupt or inconsistent with the card; the message says what to do.
    """
    card, text = read_card(folder), _text(folder / CODEC)
    with named(folder / CODEC):
        return Preset(card, read_codec(card, text), folder)


def read_codec(card: Card, text: str) -> Codec:
    """Read the codec that belongs to a card.

    Raises:
        PresetError: The text is not the codec that the card's model was trained with, or describes none.
        MissingExtra: A package that the codec needs is not installed.
    """
    if sha256(text.encode()) != card.codec_sha256:
        raise PresetError("the codec is not the one the card was written for (its checksum differs)")
    row = ARCHITECTURES.get(card.architecture)
    try:
        codec: Codec = find(card.task).read_codec(parse(text))
        if row and codec.for_direction(row.bidirectional).to_json() != codec.to_json():
            raise PresetError(f"it is for networks of another direction than {row.name}")
    except MissingExtra:
        raise
    except ZooError as error:
        raise PresetError(f"the codec cannot be used: {error}") from error
    except Exception as error:  # of a task in another package, which may check nothing
        raise PresetError(
            f"it does not describe a codec of the task {card.task}: {type(error).__name__}: {first_line(error):.200}"
        ) from error
    return codec


def write(
    folder: Path, card: Card, codec: Codec, arrays: dict[str, np.ndarray], beside: Sequence[Path] = (),
    add_graph: Callable[[Path], Card] | None = None,
) -> Card:  # fmt: skip
    """Write a preset folder whole or not at all; return the card with its checksums.

    Args:
        folder: The preset folder.
        card: What is known of the model.
        codec: Its codec.
        arrays: Path in the network → array.
        beside: Files to copy into the folder.
        add_graph: Adds the graph to a preset without one, and returns its card. If it cannot, a warning says why.

    Raises:
        PresetError: Something else is there.
    """
    import shutil

    import safetensors.numpy

    if folder.exists() and not (folder / CARD).exists() and any(folder.iterdir() if folder.is_dir() else [folder]):
        raise PresetError(f"{folder} exists and is not a preset folder: remove it or choose another name")
    data, description = safetensors.numpy.save(arrays), codec_json(codec)
    card = replace(card, weights_sha256=sha256(data), codec_sha256=sha256(description.encode()), graph_sha256="")
    with replacing(folder, folder=True) as scratch:
        (scratch / WEIGHTS).write_bytes(data)
        (scratch / CODEC).write_text(description, encoding="utf-8")
        for path in beside:
            shutil.copyfile(path, scratch / path.name)
        (scratch / CARD).write_text(card.to_json(), encoding="utf-8")
        return _with_graph(folder, scratch, add_graph) if add_graph else card


def _with_graph(folder: Path, scratch: Path, add_graph: Callable[[Path], Card]) -> Card:
    """Add the graph to a preset that is about to be written; however that fails, a training is not lost."""
    try:
        return add_graph(scratch)
    except Exception as error:  # noqa: BLE001 (whatever a network, or a package of another, makes fail)
        warnings.warn(
            f"{folder} has no graph for ONNX Runtime ({first_line(error)}): it runs on Keras until "
            f"`zoo graph {folder}` adds one",
            stacklevel=3,
        )
        return read_card(scratch)


def _text(path: Path) -> str:
    with named(path):
        try:
            return content(path, MOST_BYTES).decode("utf-8")
        except UnicodeDecodeError as error:
            raise PresetError(f"byte {error.start} is no UTF-8") from error


@contextlib.contextmanager
def named(path: Path, remedy: str = "copy or train the preset again") -> Iterator[None]:
    """Raise PresetError for what is wrong with a file, with its name and what to do.

    Of what this installation does not know, such as a task, the message says itself what to do.

    Args:
        path: A file of a preset.
        remedy: What to do, unless it is a shipped preset.
    """
    try:
        yield
    except (ArgumentError, ArtifactError, DataError, PluginError, PresetError) as error:
        told = str(error) if str(error).startswith(str(path)) else f"{path}: {error}"
        if not isinstance(error, PluginError) and not isinstance(error.__cause__, PluginError):
            shipped = path.parent.resolve().parent == SHIPPED.resolve()
            told = f"{told}; {'reinstall rnn-zoo' if shipped else remedy}"
        raise PresetError(told) from error
