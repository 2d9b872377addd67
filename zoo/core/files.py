"""Writing files whole or not at all, and recognising them by their checksum."""

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from zoo.errors import ArgumentError, DataError

STANDARD_INPUT = "-"
"""Name that stands for the standard input on the command line."""
BLOCK = 1 << 20
"""Bytes read at a time."""
MOST_LIST = 1 << 26
"""Most bytes of a list, such as one of recordings and what is said in them."""


def sha256(data: bytes | Path) -> str:
    """Hash bytes, or the content of a file, to 64 hexadecimal digits.

    Raises:
        DataError: The file is missing, cannot be opened, or is no regular file.
    """
    digest = hashlib.sha256()
    if isinstance(data, bytes):
        digest.update(data)
    else:
        with regular(data) as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading: a pipe would wait for ever, a device such as /dev/zero never ends.

    Raises:
        DataError: It is missing, cannot be read, or is no regular file.
    """
    waitless = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, os.O_RDONLY | waitless)
    except (OSError, ValueError) as error:  # ValueError: a null character in its name
        raise DataError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise DataError(f"{path} is {what}: give a regular file")
    return open(descriptor, "rb")


def content(path: str | os.PathLike[str], most: int) -> bytes:
    """Return what a regular file contains.

    Args:
        path: The file.
        most: Most bytes that are read.

    Raises:
        DataError: It is missing, cannot be read, is no regular file, or has more bytes.
    """
    with regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        try:
            found = stream.read(max(size, BLOCK) + 1) if size <= most else b""  # the room for it is reserved at once
        except OSError as error:
            raise DataError(f"{path}: {error.strerror or error}") from error
    if max(size, len(found)) > most:
        raise DataError(f"{path} has more than {most:,} bytes, which is the most that is read")
    return found


def exists(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file or folder exists; of a text that cannot be a name, such as a long one, it does not."""
    return os.path.exists(path)  # Path.exists raises an error for such a text


def suffixed(path: str | os.PathLike[str], accepted: tuple[str, ...]) -> Path:
    """Return a path whose suffix says what is written there.

    Raises:
        ArgumentError: It has another suffix.
    """
    if Path(path).suffix.lower() not in accepted:
        raise ArgumentError(f"{path}: give a file name that ends in {' or '.join(accepted)}")
    return Path(path)


def recover(folder: Path) -> None:
    """Finish what a process was doing that was killed while it replaced a folder; remove what it left."""
    for workplace in folder.parent.glob(f".{folder.name}.*"):
        if (
            not folder.exists() and (workplace / "previous").exists()
        ):  # killed between two renames: the new one is whole
            os.replace(workplace / folder.name, folder)
        shutil.rmtree(workplace, ignore_errors=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file, whole or not at all, in UTF-8.

    Raises:
        DataError: The place cannot be written.
    """
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str], folder: bool = False) -> Iterator[Path]:
    """Give a temporary path to write to; it takes the final name only when the block ends without an error.

    A crash, an exception or a full disk leaves what stood under the final name before, or nothing.

    Args:
        path: Final name of a file, or of a folder.
        folder: Make the temporary path a folder; an existing folder of that name is replaced as one.

    Raises:
        DataError: The place cannot be written, or a folder stands where a file should be (or the reverse).
    """
    target = Path(path)
    if not folder and os.path.isdir(target):  # False for a name that is too long
        raise DataError(f"{target} is a folder: give the name of a file")
    if folder and exists(target) and not target.is_dir():
        raise DataError(f"{target} is a file where a folder should be: remove it or choose another name")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        workplace = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise DataError(f"cannot write into {target.parent}: {error.strerror or error}") from error
    try:
        scratch = workplace / target.name
        if folder:
            scratch.mkdir()
        yield scratch
        if folder and target.exists():
            os.replace(target, workplace / "previous")
        os.replace(scratch, target)
    except OSError as error:
        raise DataError(f"cannot write {target}: {error.strerror or error}; nothing was changed") from error
    finally:
        if not exists(target) and (workplace / "previous").exists():
            os.replace(workplace / "previous", target)
        shutil.rmtree(workplace, ignore_errors=True)
