"""Training data from your own pairs of sentences."""

import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path

from zoo.core import text_files
from zoo.core.extras import require
from zoo.errors import DataError
from zoo.tasks.translation.pairs import MOST_BYTES, Pair, fits, tidy

VALID_EVERY, VALID_MOST = 20, 2000  # of source sentences, one in so many is for validation, and at most so many
LONGEST_LINE = 1 << 16  # characters of a line that are read: more is no pair, or no part of one
SHOWN = 5  # rows that warnings name
SUFFIXES = (".tsv", ".txt", ".tab")
SPLITS = ("train", "valid", "test")


def read_folder(path: Path, encoding: str = "") -> dict[str, list[Pair]]:
    """Read pairs of sentences: a line each, the sentence, a tab, its translation; what follows another tab is left out.

    A folder has the file `train.tsv`, and may have `valid.tsv` and `test.tsv`; or files of other names, which are read
    as one. Without `valid.tsv`, every twentieth source sentence, chosen by a hash, is for validation, with all its
    translations.

    Args:
        path: The file or folder.
        encoding: Encoding of the files; "": that of their byte order marks, or UTF-8.

    Raises:
        ArgumentError: There is no such encoding.
        DataError: There is no such file or folder, it is no text in this encoding, or has no pairs.
        MissingExtra: What reads and measures translations is not installed.
    """
    require("training translation needs", "sacrebleu", "tokenizers")
    files = _files(path)
    if "train" in files:
        found = {split: list(_pairs(files[split], encoding)) for split in SPLITS if split in files}
    else:
        found = {"train": [pair for file in files.values() for pair in _pairs(file, encoding)]}
    if "valid" not in found:
        found |= _divided(found["train"])
    if empty := [split for split, pairs in found.items() if not pairs]:
        raise DataError(
            f"{path} has no pairs for {' and '.join(empty)}: give at least two sentences, a line each, with a tab and "
            "the translation behind it"
        )
    return found


def _files(path: Path) -> dict[str, Path]:
    """Return the files of pairs by their names without suffix.

    Raises:
        DataError: There is none, or two have the same name.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist: give a .tsv file of pairs, or a folder with train.tsv and valid.tsv")
    if not path.is_dir():
        return {"": path}
    found: dict[str, Path] = {}
    for file in sorted(path.iterdir()):
        if file.suffix.lower() in SUFFIXES and (other := found.setdefault(file.stem, file)) != file:
            raise DataError(f"{path} has {other.name} and {file.name}: give one of them")
    if not found:
        raise DataError(f"{path} has no .tsv file: give pairs of sentences, a line each, with a tab in between")
    return found


def _pairs(path: Path, encoding: str) -> Iterator[Pair]:
    """Yield the pairs of a file; warn of lines that are none."""
    wrong: list[str] = []
    for number, line in enumerate(_lines(path, encoding), 1):
        source, target = map(tidy, (*line.split("\t", 2), "")[:2])
        if fits(source) and fits(target):
            yield Pair(source, target, name=f"{path}, line {number}")
        elif line.strip():
            wrong.append(f"line {number} ({f'more than {MOST_BYTES:,} bytes' if source and target else 'no pair'})")
    if wrong:
        more = f" and {len(wrong) - SHOWN:,} more" if len(wrong) > SHOWN else ""
        warnings.warn(f"{path}: left out {', '.join(wrong[:SHOWN])}{more}", stacklevel=2)


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """Yield the lines of a text file, those that are too long cut off."""
    rest = ""
    for block in text_files.blocks(path, encoding):
        *lines, rest = (rest[:LONGEST_LINE] + block).split("\n")
        yield from lines
    yield rest


def _divided(pairs: list[Pair]) -> dict[str, list[Pair]]:
    """Divide pairs by their source sentences."""
    sources = dict.fromkeys(pair.source for pair in pairs)
    ranked = sorted(sources, key=lambda text: hashlib.sha256(text.encode()).digest())
    count = min(VALID_MOST, max(1, len(ranked) // VALID_EVERY)) if len(ranked) > 1 else 0
    valid = set(ranked[:count])
    return {
        "train": [pair for pair in pairs if pair.source not in valid],
        "valid": [pair for pair in pairs if pair.source in valid],
    }
