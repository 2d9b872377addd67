"""Text data sets, and text files on disk as integers."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.core import text_files
from zoo.core.datasets import Dataset, Source, prepared
from zoo.core.files import sha256
from zoo.core.storage import OnDisk
from zoo.errors import DataError
from zoo.tasks.text.conversion import COLD, VALID_SEGMENT
from zoo.tasks.text.pieces import Text, Tokens, as_text, segments

SEGMENT = 1 << 17  # characters of a piece of a longer text
SELECTION = (0.83, 0.86)
STORED = 2  # version of the form that texts are prepared in


def _blocks(path: Path, encoding: str) -> Iterator[np.ndarray]:
    """Read a text file block by block, as code points."""
    for block in text_files.blocks(path, encoding):
        yield np.frombuffer(block.encode("utf-32-le"), np.uint32)


def read_text(path: Path, encoding: str = "") -> Text:
    """Open a text file as whole numbers on disk, one a character, after turning it into such a file once.

    Args:
        path: The file.
        encoding: Its encoding; "": that of its byte order mark, or UTF-8.

    Raises:
        ArgumentError: There is no such encoding.
        DataError: It is no text in this encoding, too large, or empty.
    """
    encoding = text_files.check_encoding(encoding)
    with text_files.opened(path):  # a regular file of a size that can be hashed
        digest = sha256(path)
    stored = prepared(f"text-{STORED}-{encoding}-{digest}", lambda folder: _prepare(path, folder, encoding))
    about = json.loads((stored / "about.json").read_text())
    return Text(OnDisk(stored / "ids.bin", about["dtype"], 0, about["length"]), about["vocabulary"], name=str(path))


def _prepare(path: Path, folder: Path, encoding: str) -> None:
    """Write the characters of a file as places in its own vocabulary."""
    found, length = np.zeros(0, np.uint32), 0
    for block in _blocks(path, encoding):
        found, length = np.union1d(found, block), length + len(block)
        if len(found) > text_files.MAX_DISTINCT:
            raise DataError(f"{path} has more than {text_files.MAX_DISTINCT:,} different characters: give other text")
    if not length:
        raise DataError(f"{path} is empty: give a file with text")
    kind = np.min_scalar_type(len(found) - 1)
    with (folder / "ids.bin").open("wb") as stream:
        for block in _blocks(path, encoding):
            stream.write(np.searchsorted(found, block).astype(kind).tobytes())
    about = {"dtype": str(kind), "length": length, "vocabulary": "".join(map(chr, found))}
    (folder / "about.json").write_text(json.dumps(about))


def _read_shakespeare(path: Path) -> dict[str, Any]:
    return {"all": read_text(path)}


def prepare(splits: dict[str, Any]) -> dict[str, list[Text]]:
    """Split: the last 10 %, which is usually called the validation part, to test on.

    The set has no third part, so 3 % of the text, of its usual training part, are for selection: the end of a play, as
    the test part is for the most. (Its own end would not do: there the play begins that the test part goes on with.)
    """
    text = splits["all"]
    first, last, border = (int(share * len(text)) for share in (*SELECTION, 0.9))
    return {
        "train": segments(text, 0, first, SEGMENT) + segments(text, last, border, SEGMENT),
        "valid": segments(text, first, last, VALID_SEGMENT),
        "test": segments(text, border, len(text), VALID_SEGMENT),
    }


TINYSHAKESPEARE = Dataset(
    name="tinyshakespeare",
    sources=(
        Source(
            "text/tinyshakespeare.txt",
            "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            _read_shakespeare,
            url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        ),
    ),
    licence="the text is in the public domain (W. Shakespeare, d. 1616); the source is under the MIT licence",
    citation="Karpathy, The Unreasonable Effectiveness of Recurrent Neural Networks, 2015 "
    "(github.com/karpathy/char-rnn)",
)


def datasets() -> tuple[Dataset, ...]:
    """Return what the text models are trained on."""
    return (TINYSHAKESPEARE,)


def cold(pieces: Sequence[Text | Tokens | str]) -> list[Any]:
    """Cut texts into windows of 256 tokens, as most papers report, each to start without state."""
    whole = (piece if isinstance(piece, Tokens) else as_text(piece) for piece in pieces)
    return [window for piece in whole for window in segments(piece, 0, len(piece), COLD)]
