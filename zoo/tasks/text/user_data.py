"""Training data from your own text files."""

import warnings
from pathlib import Path

from zoo.core.text_files import check_encoding
from zoo.errors import DataError
from zoo.tasks.text.conversion import VALID_SEGMENT
from zoo.tasks.text.datasets import SEGMENT, read_text
from zoo.tasks.text.pieces import Text, segments

VALID_SHARE, VALID_MOST = 0.1, 1 << 20  # of a user's text, at its end, and at most so many characters


def read_folder(path: Path, encoding: str = "") -> dict[str, list[Text]]:
    """Read a text file, or every .txt file below a folder; the end of each is for validation.

    Args:
        path: The file or folder.
        encoding: Encoding of the files, such as cp1252; "": that of their byte order marks, or UTF-8.

    Raises:
        ArgumentError: There is no such encoding.
        DataError: There is no such file or folder, or too little text in it.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist: give a text file, or a folder with .txt files")
    check_encoding(encoding)
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() == ".txt") if path.is_dir() else [path]
    splits: dict[str, list[Text]] = {"train": [], "valid": []}
    for file in files:
        try:
            text = read_text(file, encoding)
        except DataError as error:
            warnings.warn(f"left out: {error}", stacklevel=2)
            continue
        border = len(text) - min(int(VALID_SHARE * len(text)), VALID_MOST)
        splits["train"] += segments(text, 0, border, SEGMENT)
        splits["valid"] += segments(text, border, len(text), VALID_SEGMENT)
    if not all(sum(map(len, pieces)) for pieces in splits.values()):
        raise DataError(f"{path} has too little text: give at least 10 characters in .txt files that can be read")
    return splits
