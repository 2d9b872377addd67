"""A preset: a folder with `card.json`, `codec.json` and `weights.safetensors`. Reading one runs no code from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.core.architectures import ARCHITECTURES
from zoo.core.card import Card, codec_json
from zoo.core.files import replacing, sha256
from zoo.core.task import find
from zoo.errors import ArgumentError, CodecError, PresetError
from zoo.presets.catalog import WEIGHTS as SHIPPED

if TYPE_CHECKING:
    import keras
    import numpy as np


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
    except PresetError as error:
        raise PresetError(f"{folder}: {error}; {_remedy(folder)}") from error
    if card.architecture not in ARCHITECTURES:
        raise PresetError(f"{folder}: architecture {card.architecture!r} is unknown to this version; update rnn-zoo")
    return card


def read(folder: Path) -> tuple[Card, Any]:
    """Read a preset's card and codec, without its weights.

    Raises:
        PresetError: A file is missing, corrupt or inconsistent with the card; the message says what to do.
    """
    card, text = read_card(folder), _read(folder / CODEC).decode("utf-8", "replace")
    try:
        return card, read_codec(card, text)
    except PresetError as error:
        raise PresetError(f"{folder}: {error}; {_remedy(folder)}") from error


def read_codec(card: Card, text: str) -> Any:
    """Read the codec that belongs to a card.

    Raises:
        PresetError: The text is not the codec that the card's model was trained with.
    """
    import json

    if sha256(text.encode()) != card.codec_sha256:
        raise PresetError("the codec is not the one the card was written for (its checksum differs)")
    try:
        return find(card.task).read_codec(json.loads(text))
    except (ValueError, CodecError, ArgumentError) as error:
        raise PresetError(f"the card or codec cannot be used: {error}") from error


def read_weights(folder: Path, card: Card) -> dict[str, np.ndarray]:
    """Read a preset's weights, checked against the card, as stored.

    Raises:
        PresetError: The file is missing or is not the one the card was written for.
    """
    import safetensors.numpy

    data = _read(folder / WEIGHTS)
    found = sha256(data)
    if found != card.weights_sha256:
        raise PresetError(
            f"{folder / WEIGHTS} has sha256 {found}, the card says {card.weights_sha256}; {_remedy(folder)}"
        )
    return safetensors.numpy.load(data)


def write(folder: Path, card: Card, codec: Any, arrays: dict[str, np.ndarray], beside: Sequence[Path] = ()) -> Card:
    """Write a preset folder, with copies of files `beside`, whole or not at all; return the card with its checksums."""
    import shutil
    from dataclasses import replace

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


def load_network(folder: Path, card: Card, codec: Any) -> keras.Model:
    """Build a card's network and give it the preset's weights.

    Raises:
        PresetError: The weights do not fit the card.
    """
    from zoo.networks import build as networks
    from zoo.networks import transfer

    network = networks.network(ARCHITECTURES[card.architecture], codec, card.recipe)
    try:
        transfer.set_weights(network, read_weights(folder, card))
    except ArgumentError as error:
        raise PresetError(f"{folder}: {error}; {_remedy(folder)}") from error
    return network


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PresetError(f"{path}: {error.strerror or error}; {_remedy(path.parent)}") from error


def _remedy(folder: Path) -> str:
    shipped = folder.resolve().parent == SHIPPED.resolve()
    return "reinstall rnn-zoo" if shipped else "copy or train the preset again"
