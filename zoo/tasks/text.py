"""Text, character by character: any Unicode text, read from disk as it is needed.

A text file is turned once into whole numbers on disk, one a character (kept in the cache), and read from there piece by
piece, so that a file larger than the memory can be trained on.
"""

import codecs
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from zoo.codecs.text import Text, TextCodec, as_text
from zoo.datasets import Dataset, OnDisk, Source, prepared
from zoo.errors import DataError
from zoo.files import sha256
from zoo.tasks import Published, Recipe, Task, as_they_are

SEGMENT = 1 << 17  # characters of a piece of a longer text
VALID_SEGMENT = 1 << 12  # the same for validation, where the states of all steps are kept at once
SELECTION = (0.83, 0.86)
COLD = 256  # characters that a text is cut into for the figure that most papers give
STORED = 1  # version of the form that texts are prepared in
READ = 1 << 20  # bytes read at a time
VALID_SHARE, VALID_MOST = 0.1, 1 << 20  # of a user's text, at its end, and at most so many characters


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
    """Cut a text into pieces that remember the character before them."""

    def part(start: int, end: int) -> np.ndarray | OnDisk:
        return text.ids.part(start, end) if isinstance(text.ids, OnDisk) else text.ids[start:end]

    pieces = []
    for at in range(start, end, size):
        before = text.vocabulary[int(np.asarray(part(at - 1, at))[0])] if at else text.before
        pieces.append(Text(part(at, min(at + size, end)), text.vocabulary, before))
    return pieces


def cold(pieces: Sequence[Text | str]) -> list[Text]:
    """Cut texts into windows of 256 characters, each to start without state."""
    return [window for piece in pieces for window in segments(as_text(piece), 0, len(piece), COLD)]


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
        splits["train"] += segments(text, 0, border, SEGMENT)
        splits["valid"] += segments(text, border, len(text), VALID_SEGMENT)
    if not all(sum(map(len, pieces)) for pieces in splits.values()):
        raise DataError(f"{path} has too little text: give at least 10 characters of UTF-8 in .txt files")
    return splits


def make_codec(pieces: Iterable[Text], masked: bool = False) -> TextCodec:
    """Build a codec with every character of the texts, in the order of code points."""
    return TextCodec("".join(sorted(set("".join({piece.vocabulary for piece in pieces})))), masked)


def unchanged(pieces: Sequence[Text], _strength: float = 1.0) -> Callable[[int, np.random.Generator], Text]:
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

RECIPE = Recipe(
    units=560, embedding=64, dropout_in=0.05, dropout_out=0.5, dropout_recurrent=0.3, variational=True, epochs=20,
    batch=32, window=128, epoch_steps=1000, learning_rate=3e-3, warmup=100, weight_decay=0.05, ema=0.995,
)  # fmt: skip
"""Windows shorter than those it is measured on: twice as many steps of the optimizer in the same time."""

LEARNED = "It has read one million characters of Shakespeare's plays and nothing else."
KNOWS = "It knows 65 characters; fine-tuning adds others."

TASK = Task(
    name="text",
    kind="generate",
    summary="text, character by character",
    datasets=(TINYSHAKESPEARE,),
    prepare=prepare,
    read_folder=read_folder,
    make_codec=make_codec,
    read_codec=TextCodec.from_json,
    augment=unchanged,
    default_codec=partial(TextCodec, "\n" + "".join(map(chr, range(32, 127)))),
    unit="character",
    protocols={"": (cold, False), "stateful_": (as_they_are, True)},
    published=tuple(
        Published(name, "nats_per_character", value, size, f"{source}; windows of 256 characters without state")
        for name, value, size, source in (
            ("nanoGPT", 1.4697, "10.65M", "Karpathy, github.com/karpathy/nanoGPT"),
            ("Transformer", 1.547, "not given", "Feng et al., Were RNNs All We Needed?, 2024"),
            ("minGRU", 1.548, "not given", "Feng et al., 2024"),
            ("minLSTM", 1.555, "not given", "Feng et al., 2024"),
        )
    ),
    splits="test is the last 10 % of the text, which others call its validation part; valid, which chose the epoch, is "
    "another 3 %, the end of another play; all else is for training.",
    limits={
        "": f"{LEARNED} It spells and lays out a scene, and it has no idea what it says: sentences run well for a few "
        f"words, names and plots do not hold. {KNOWS}",
        "bilstm": f"{LEARNED} It restores letters and short words from what is on both sides of them; a gap of several "
        "words it fills with words that fit their neighbours and mean little. A gap has as many characters as it is "
        f"marked with. {KNOWS}",
    },
    recipes={
        "": RECIPE,
        "rnn": replace(RECIPE, units=1024, learning_rate=4e-3, dropout_recurrent=0.1),
        "gru": replace(RECIPE, units=650),
        "bilstm": replace(RECIPE, units=200, dropout_in=0.0, dropout_out=0.15, dropout_recurrent=0.1),
        "stacked_lstm": replace(RECIPE, units=512, layers=2),
    },
)
