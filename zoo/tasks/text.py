"""Text, character by character: any Unicode text, read from disk as it is needed.

A text file is turned once into whole numbers on disk, one a character (kept in the cache), and read from there piece by
piece, so that a file larger than the memory can be trained on.
"""

import codecs
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import number
from zoo.datasets import Dataset, OnDisk, Source, prepared
from zoo.errors import ArgumentError, CodecError, DataError
from zoo.files import sha256
from zoo.tasks import Recipe, Task

SEGMENT, VALID_SEGMENT = 1 << 17, 1 << 12  # characters of a piece of a longer text
STORED = 1  # version of the form that texts are prepared in
READ = 1 << 20  # bytes read at a time
VALID_SHARE, VALID_MOST = 0.1, 1 << 20  # of a user's text, at its end, and at most so many characters
DEFAULT_LENGTH, MAX_LENGTH = 200, 1_000_000


@dataclass(frozen=True)
class Text:
    """A stretch of text.

    Attributes:
        ids: Places in the vocabulary, `(characters,)`: an array, or where it is on disk.
        vocabulary: The characters.
        before: Character before the first, or "" at the beginning of a text.
    """

    ids: np.ndarray | OnDisk
    vocabulary: str
    before: str = ""

    def __len__(self) -> int:
        return len(self.ids)


class TextCodec:
    """Text ↔ tokens; the input of a token is the character before it.

    Args:
        vocabulary: The characters, each once.

    Raises:
        ArgumentError: No character, or one twice.
    """

    features = group = 1

    def __init__(self, vocabulary: str) -> None:
        if not vocabulary or len(set(vocabulary)) < len(vocabulary):
            raise ArgumentError(f"vocabulary={vocabulary!r}: give every character once, and at least one")
        self.vocabulary = vocabulary
        self.classes = len(vocabulary)
        self.start = self.classes  # "the character before" at the beginning of a text
        self.symbols = self.classes + 1
        self.ids = {character: i for i, character in enumerate(vocabulary)}

    def to_json(self) -> dict[str, Any]:
        """Describe the codec."""
        return {"type": "text", "vocabulary": self.vocabulary}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "TextCodec":
        """Build the codec that `to_json` described.

        Raises:
            CodecError: The description is not one of a text codec.
        """
        try:
            if data["type"] != "text":
                raise CodecError(f"codec type {data['type']!r}: expected 'text'")
            return cls(str(data["vocabulary"]))
        except (KeyError, TypeError, ArgumentError) as error:
            raise CodecError(f"not a description of a text codec: {error}") from error

    def columns(self) -> list[dict[str, Any]]:
        """Name the columns of x: one, the character before; the last id is the beginning of a text."""
        return [{"name": "character before", "offset": 0, "size": self.symbols}]

    def tokens(self, piece: "Text | str") -> np.ndarray:
        """Turn text into tokens `(characters,)`.

        Raises:
            CodecError: A character is not in the vocabulary; the message says which and where.
        """
        text = _text(piece)
        table = np.array([self.ids.get(character, -1) for character in text.vocabulary], np.int32)
        places = np.asarray(text.ids)
        found = table[places] if len(text) else np.zeros(0, np.int32)
        if (found < 0).any():
            at = int(np.argmax(found < 0))
            raise CodecError(
                f"character {text.vocabulary[places[at]]!r} at position {at} is not in the vocabulary: "
                f"{_shown(self.vocabulary)}"
            )
        return found

    def encode(self, pieces: Sequence["Text | str"]) -> tuple[np.ndarray, np.ndarray]:
        """Turn texts into network inputs `(batch, time, 1)` and targets `(batch, time)`, -1 past a text's end."""
        lines = [self.tokens(piece) for piece in pieces]
        y = np.full((len(lines), max(map(len, lines), default=0)), -1, np.int32)
        for row, line in zip(y, lines, strict=True):
            row[: len(line)] = line
        first = [self.ids.get(_text(piece).before, self.start) for piece in pieces]
        x = np.concatenate([np.array(first, np.int32).reshape(-1, 1), np.maximum(y[:, :-1], 0)], 1)
        return x[:, : y.shape[1], None], y

    def decode(self, ids: np.ndarray) -> str:
        """Turn tokens `(characters,)` into text.

        Raises:
            CodecError: An id the codec does not have.
        """
        ids = np.asarray(ids)
        if ids.size and not (ids.min() >= 0 and ids.max() < self.classes):
            raise CodecError(f"ids {ids.min()} to {ids.max()}: this codec has 0 to {self.classes - 1}")
        return "".join(self.vocabulary[i] for i in ids)

    def decode_step(self, ids: Any) -> str:
        """Turn the token of one step into its character."""
        return self.decode(np.asarray(ids))

    def context(self, batch: int) -> "TextContext":
        """Start a batch of texts."""
        return TextContext(self, batch)

    def script(self, prompt: str = "", length: int = DEFAULT_LENGTH) -> np.ndarray:
        """Lay out a text: the prompt, and -1 for each of `length` characters the network shall choose.

        Raises:
            ArgumentError: The length is out of range.
            CodecError: The prompt has a character the codec does not have.
        """
        length = number("length", length, 0, MAX_LENGTH, whole=True)
        return np.concatenate([self.tokens(prompt), np.full(length, -1)]).astype(np.int64)

    def example(self, rng: np.random.Generator, batch: int, time: int) -> np.ndarray:
        """Give random inputs `(batch, time, 1)`."""
        return rng.integers(0, self.symbols, (batch, time, 1)).astype(np.int32)


class TextContext:
    """The character before, for a batch of texts."""

    def __init__(self, codec: TextCodec, batch: int) -> None:
        self.last = np.full(batch, codec.start)

    def x(self) -> np.ndarray:
        """Give the input of the next token, `(batch, 1, 1)` int32."""
        return self.last[:, None, None].astype(np.int32)

    def push(self, ids: np.ndarray) -> None:
        """Take the chosen tokens `(batch,)`."""
        self.last = np.asarray(ids)


def _text(piece: Text | str) -> Text:
    if isinstance(piece, Text):
        return piece
    points = np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), np.uint32)
    vocabulary, ids = np.unique(points, return_inverse=True)
    return Text(ids, "".join(map(chr, vocabulary)))


def _shown(vocabulary: str) -> str:
    return repr(vocabulary if len(vocabulary) <= 100 else f"{vocabulary[:100]}…")


def _blocks(path: Path) -> Iterator[np.ndarray]:
    """Read a UTF-8 file block by block, as code points."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with path.open("rb") as stream:
        while data := stream.read(READ):
            yield np.frombuffer(decoder.decode(data).encode("utf-32-le"), np.uint32)
        decoder.decode(b"", final=True)


def read_text(path: Path) -> Text:
    """Open a text file as whole numbers on disk, one a character, after turning it into such a file once.

    Raises:
        DataError: It is no UTF-8 text, or empty.
    """
    try:
        digest = sha256(path)
        stored = prepared(f"text-{STORED}-{digest}", lambda folder: _prepare(path, folder))
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text ({error.reason} at byte {error.start} of a block)") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    about = json.loads((stored / "about.json").read_text())
    return Text(OnDisk(stored / "ids.bin", about["dtype"], 0, about["length"]), about["vocabulary"])


def _prepare(path: Path, folder: Path) -> None:
    """Write the characters of a file as places in its own vocabulary."""
    found, length = np.zeros(0, np.uint32), 0
    for block in _blocks(path):
        found, length = np.union1d(found, block), length + len(block)
    if not length:
        raise DataError(f"{path} is empty: give a file with text")
    kind = np.min_scalar_type(len(found) - 1)
    with (folder / "ids.bin").open("wb") as stream:
        for block in _blocks(path):
            stream.write(np.searchsorted(found, block).astype(kind).tobytes())
    about = {"dtype": str(kind), "length": length, "vocabulary": "".join(map(chr, found))}
    (folder / "about.json").write_text(json.dumps(about))


def segments(text: Text, start: int, end: int, size: int) -> list[Text]:
    """Cut a text on disk into pieces that remember the character before them."""
    stored, pieces = text.ids, []
    if not isinstance(stored, OnDisk):
        raise TypeError("segments are cut from texts on disk")
    for at in range(start, end, size):
        before = text.vocabulary[int(np.asarray(stored.part(at - 1, at))[0])] if at else ""
        pieces.append(Text(stored.part(at, min(at + size, end)), text.vocabulary, before))
    return pieces


def _read_shakespeare(path: Path) -> dict[str, Any]:
    return {"all": read_text(path)}


def prepare(splits: dict[str, Any]) -> dict[str, list[Text]]:
    """Split as is usual: the first 90 % train, the last 10 % validation."""
    text = splits["all"]
    border = int(0.9 * len(text))
    return _split(text, border)


def _split(text: Text, border: int) -> dict[str, list[Text]]:
    """Cut a text in two, in short pieces for validation: their states are kept for all steps at once."""
    return {
        "train": segments(text, 0, border, SEGMENT),
        "valid": segments(text, border, len(text), VALID_SEGMENT),
    }


def read_folder(path: Path) -> dict[str, list[Text]]:
    """Read a text file, or every .txt file below a folder; the end of each is for validation.

    Raises:
        DataError: There is no such file or folder, or too little text in it.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist: give a text file, or a folder with .txt files")
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() == ".txt") if path.is_dir() else [path]
    splits: dict[str, list[Text]] = {"train": [], "valid": []}
    for file in files:
        try:
            text = read_text(file)
        except DataError as error:
            warnings.warn(f"left out: {error}", stacklevel=2)
            continue
        border = len(text) - min(int(VALID_SHARE * len(text)), VALID_MOST)
        for name, pieces in _split(text, border).items():
            splits[name] += pieces
    if not all(sum(map(len, pieces)) for pieces in splits.values()):
        raise DataError(f"{path} has too little text: give at least 10 characters of UTF-8 in .txt files")
    return splits


def make_codec(pieces: Iterable[Text]) -> TextCodec:
    """Build a codec with every character of the texts, in the order of code points."""
    return TextCodec("".join(sorted(set("".join({piece.vocabulary for piece in pieces})))))


def unchanged(pieces: Sequence[Text]) -> Callable[[int, np.random.Generator], Text]:
    """Augment nothing."""
    return lambda index, _rng: pieces[index]


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

TASK = Task(
    name="text",
    kind="generate",
    summary="text, character by character",
    dataset=TINYSHAKESPEARE,
    prepare=prepare,
    read_folder=read_folder,
    make_codec=make_codec,
    read_codec=TextCodec.from_json,
    augment=unchanged,
    default_codec=TextCodec("\n" + "".join(map(chr, range(32, 127)))),
    unit="character",
    recipes={"": Recipe(units=512, embedding=64, window=256, epoch_steps=1000)},
)
